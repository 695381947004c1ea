"""How often somebody may be wrong. Counted in the database, so that every process sees the same number."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from eventmail import signing
from eventmail.db import fresh, transaction
from eventmail.errors import RateLimited
from eventmail.models import Throttle

WINDOW = timedelta(minutes=15)


@dataclass(frozen=True)
class Limit:
    """So many wrong `tries` of one kind within WINDOW of the first; `sentence` refuses one more."""

    scope: str
    tries: int
    sentence: str = "Too many tries went wrong. Nothing was changed."


ACCOUNT = Limit("account", 10)  # passwords for one address
NETWORK = Limit("network", 50)  # passwords from one network address: a whole team may share it
LINK = Limit("link", 30)  # one-time links nobody made, from one network address
BEARER = Limit("bearer", 100)  # API tokens nobody has, from one network address; a program repeats itself
_ASKED = "Too many links were asked for. None is mailed this time; look for the one before, also among unwanted mail."
FORGOTTEN = Limit("forgotten", 3, _ASKED)  # mailed sign-in links for one address, known or not
FORGOTTEN_NETWORK = Limit("forgotten_network", 30, _ASKED)  # the same from one network address

Tries = Mapping[Limit, str]


def take(tries: Tries, now: datetime) -> None:
    """Count a try under each limit's key before it is judged, so that tries at once can't be more than allowed.

    An empty key is not counted. Raises RateLimited when one is used up; then nothing is counted, so that nobody is
    kept out for longer by trying again, and a flood takes no write lock.
    """
    refuse_used_up(tries, now)
    with transaction() as tx:
        count(tx, tries, now)


def refuse_used_up(tries: Tries, now: datetime) -> None:
    """Raise RateLimited when a limit is used up; for a flood, which so takes no write lock. Counts nothing."""
    for limit, key in _keys(tries).items():
        full = fresh().scalar(
            select(Throttle.since).where(_is(limit, key), Throttle.tries >= limit.tries, Throttle.since > now - WINDOW)
        )
        if full is not None:
            raise _refusal(limit, full, now)


def count(tx: Session, tries: Tries, now: datetime) -> None:
    """Count a try in somebody's transaction. Raises RateLimited."""
    tx.execute(delete(Throttle).where(Throttle.since <= now - WINDOW))
    for limit, key in _keys(tries).items():
        _count(tx, limit, key, now)


def succeeded(tx: Session, tries: Tries) -> None:
    """In somebody's transaction: the try was right. The account starts anew, the network gets its try back."""
    for limit, key in tries.items():
        where = _is(limit, signing.hashed(key))
        if limit is ACCOUNT:
            tx.execute(delete(Throttle).where(where))
        else:
            tx.execute(update(Throttle).where(where, Throttle.tries > 0).values(tries=Throttle.tries - 1))


def _keys(tries: Tries) -> dict[Limit, str]:
    return {limit: signing.hashed(key) for limit, key in tries.items() if key}


def _count(tx: Session, limit: Limit, key: str, now: datetime) -> None:
    row = insert(Throttle).values(scope=limit.scope, key=key, since=now, tries=1)
    counted = row.on_conflict_do_update(
        index_elements=["scope", "key"], set_={"tries": Throttle.tries + 1}, where=Throttle.tries < limit.tries
    )
    if tx.scalar(counted.returning(Throttle.tries)) is None:
        raise _refusal(limit, tx.scalars(select(Throttle.since).where(_is(limit, key))).one(), now)


def _is(limit: Limit, key: str) -> ColumnElement[bool]:
    return (Throttle.scope == limit.scope) & (Throttle.key == key)


def _refusal(limit: Limit, since: datetime, now: datetime) -> RateLimited:
    seconds = max(1, math.ceil((since + WINDOW - now).total_seconds()))
    minutes = math.ceil(seconds / 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    return RateLimited(
        f"{limit.sentence} Wait {wait} and try again; a one-time sign-in link from an owner works at once.",
        seconds,
    )
