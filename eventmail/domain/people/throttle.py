"""Limits on wrong tries. They are counted in the database, so that every process sees the same number."""

import logging
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventmail import records, signing
from eventmail.db import fresh, sql, transaction
from eventmail.errors import RateLimited
from eventmail.models import Throttle, User
from eventmail.records import Acting

log = logging.getLogger(__name__)
WINDOW = timedelta(minutes=15)  # the longest of all limits
_OTHER_WAY = "; a one-time sign-in link from an owner works at once"


@dataclass(frozen=True)
class Limit:
    """At most `tries` of one kind within `window` of the first."""

    scope: str
    tries: int
    counts: str = "wrong passwords"  # the tries, in the log of the installation
    sentence: str = "Too many tries went wrong. Nothing was changed."
    by_network: bool = False  # the key is a network address; any other ends with the address typed, if one was
    window: timedelta = WINDOW
    other_way: str = _OTHER_WAY


_ASKED = "Too many links were asked for. None is mailed this time; look for the one before, also among unwanted mail."
_MAILED = "asked for mailed links"
ACCOUNT = Limit("account", 10)  # passwords for one address
NETWORK = Limit("network", 50, by_network=True)  # passwords from one network address, which a whole team may share
# passwords for one address in a browser that has signed in with it before: strangers can't use up these tries
BROWSER = Limit("browser", 10)
CONFIRM = Limit("confirm", 10)  # passwords of a signed-in person, asked for again in one session
LINK = Limit("link", 30, "made-up links", by_network=True)  # one-time links that nobody made
BEARER = Limit("bearer", 100, "made-up tokens", by_network=True)  # many, since a program repeats itself
CALENDAR = Limit(  # made-up addresses of calendar files (K3)
    "calendar", 1_000, "made-up calendar links", "Too many addresses of calendar files were wrong.",
    by_network=True, window=timedelta(minutes=1), other_way="",
)  # fmt: skip
FORGOTTEN = Limit("forgotten", 3, _MAILED, _ASKED)  # mailed sign-in links for one address, known or not
FORGOTTEN_NETWORK = Limit("forgotten_network", 30, _MAILED, _ASKED, by_network=True)
FORGOTTEN_BROWSER = Limit("forgotten_browser", 3, _MAILED, _ASKED)  # for one address, in a browser known for it

Tries = Mapping[Limit, str]


def take(tries: Tries, by: Acting, *, patience_ms: int | None = None) -> None:
    """Count a try under each limit's key before it is judged, so that parallel tries can't exceed a limit.

    An empty key is not counted. Raises RateLimited when a limit is used up. Then nothing is counted: a further try does
    not prolong the wait, and a flood takes no write lock. `patience_ms` is for `transaction`.
    """
    refuse_used_up(tries, by)
    try:
        with transaction(patience_ms=patience_ms) as tx:
            count(tx, tries, by.now)
    except RateLimited:  # somebody else used it up meanwhile
        refuse_used_up(tries, by)
        raise


def note(tries: Tries, by: Acting) -> None:
    """Count a request that is refused anyway; never waits, else a flood fills the threads. Raises RateLimited."""
    try:
        take(tries, by, patience_ms=0)
    except OperationalError:
        log.debug("did not count what was refused", exc_info=True)


def refuse_used_up(tries: Tries, by: Acting) -> None:
    """Raises RateLimited when a limit is used up. Counts nothing.

    The first refusal writes an entry to the log of the installation. The others write nothing: a flood takes no lock.
    """
    for limit, key in _keys(tries).items():
        used_up = _is(limit, key), Throttle.tries >= limit.tries, Throttle.since > by.now - limit.window
        full = fresh().execute(select(Throttle.since, Throttle.told_at).where(*used_up)).one_or_none()
        if full is not None:
            if full.told_at is None:
                with suppress(OperationalError):
                    _tell(limit, key, tries, by)
            raise _refusal(limit, full.since, by.now)


def count(tx: Session, tries: Tries, now: datetime) -> None:
    """Count a try. Runs in the caller's transaction. Raises RateLimited."""
    over = [(Throttle.scope == limit.scope) & (Throttle.since <= now - limit.window) for limit in tries]
    tx.execute(delete(Throttle).where(or_(Throttle.since <= now - WINDOW, *over)))
    for limit, key in _keys(tries).items():
        _count(tx, limit, key, now)


def succeeded(tx: Session, tries: Tries) -> None:
    """Record, in the caller's transaction, a right try: the account starts anew, the network gets its try back."""
    for limit, key in tries.items():
        where = _is(limit, signing.hashed(key))
        if not limit.by_network:
            tx.execute(delete(Throttle).where(where))
        else:
            tx.execute(update(Throttle).where(where, Throttle.tries > 0).values(tries=Throttle.tries - 1))


def _tell(limit: Limit, key: str, tries: Tries, by: Acting) -> None:
    """Write one entry that the limit is used up. It names a colleague, but not what a stranger typed.

    Raises OperationalError while somebody else writes; then the next refusal tries again.
    """
    with transaction(patience_ms=0) as tx:
        untold = update(Throttle).where(_is(limit, key), Throttle.told_at.is_(None)).values(told_at=by.now)
        if tx.scalar(untold.returning(Throttle.id), execution_options={"synchronize_session": False}) is None:
            return
        networks = [value for other, value in tries.items() if other.by_network and value]
        typed = [value.rpartition(" ")[2] for other, value in tries.items() if not other.by_network]
        colleague = tx.scalar(select(User.id).where(User.address.in_(typed), User.removed_at.is_(None)).limit(1))
        subject = f"user:{by.user_id or colleague}" if by.user_id or colleague else "nobody:"
        detail: dict[str, Any] = {"network": networks[0]} if networks else {}
        records.audit(tx, by, "throttle.closed", subject, tries=limit.counts, **detail)


def _keys(tries: Tries) -> dict[Limit, str]:
    return {limit: signing.hashed(key) for limit, key in tries.items() if key}


def _count(tx: Session, limit: Limit, key: str, now: datetime) -> None:
    row = {"scope": limit.scope, "key": key, "since": now, "tries": 1}
    one_more = {"tries": Throttle.tries + 1}
    counted = sql.insert_or_change(Throttle, ["scope", "key"], row, one_more, Throttle.tries < limit.tries)
    if tx.scalar(counted.returning(Throttle.tries)) is None:
        raise _refusal(limit, tx.scalars(select(Throttle.since).where(_is(limit, key))).one(), now)


def _is(limit: Limit, key: str) -> ColumnElement[bool]:
    return (Throttle.scope == limit.scope) & (Throttle.key == key)


def _refusal(limit: Limit, since: datetime, now: datetime) -> RateLimited:
    seconds = max(1, math.ceil((since + limit.window - now).total_seconds()))
    minutes = math.ceil(seconds / 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    return RateLimited(f"{limit.sentence} Wait {wait} and try again{limit.other_way}.", seconds)
