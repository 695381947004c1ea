"""The filters of the guest list, their counts, and the search.

Each statement is built once. A request only binds values: the event, the scopes of its do-not-mail list, and the
words of a search.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.sql.elements import ColumnElement

from eventmail.db import Rows, fresh, remembered
from eventmail.domain.guests import fields
from eventmail.domain.suppressions.reasons import scopes_of
from eventmail.models import Guest, Suppression
from eventmail.states import GuestStatus, SuppressionReason

EVENT: BindParameter[int] = bindparam("event")
SCOPES: BindParameter[list[str]] = bindparam("scopes", expanding=True)


class Filter(StrEnum):
    """A filter of the list: an RSVP status, or a fact about the address (A2, A7, F1)."""

    ALL = "all"
    INVITED = "invited"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    NO_ADDRESS = "no_address"
    SHARED = "shared"


_COUNTED = tuple(status for status in Filter if status is not Filter.ALL)


def values(event_id: int, q: str = "") -> dict[str, Any]:
    """The values that the statements bind: `event`, `scopes`, and `word_0`, `word_1`, … of a search."""
    escaped = (re.sub("[/%_]", r"/\g<0>", word) for word in fields.words(q))
    words = {f"word_{n}": f"%{word}%" for n, word in enumerate(escaped)}
    return {"event": event_id, "scopes": scopes_of(event_id), **words}


@cache
def where(status: Filter, words: int = 0) -> tuple[ColumnElement[bool], ...]:
    """The conditions on Guest for a filter and a search of so many words; `values` binds them."""
    found = (Guest.search_key.like(bindparam(f"word_{n}"), escape="/") for n in range(words))
    return (Guest.event_id == EVENT, *found, *_narrowed(status))


@cache
def number(status: Filter, words: int = 0) -> Any:
    """The statement that counts the guests of `where`."""
    return select(func.count()).select_from(Guest).where(*where(status, words))


def counts(event_id: int, q: str = "") -> dict[Filter, int]:
    """How many guests each filter finds with this search, in 1 query; in none while nothing changed."""
    session, bound, words = fresh(), values(event_id, q), len(fields.words(q))

    def found() -> Sequence[int]:
        return tuple(session.execute(_counts(words), bound).one())

    counted = found() if words else remembered(session, ("guests", event_id), found)
    numbers: dict[Filter, int] = dict(zip(_COUNTED, counted, strict=True))
    return {Filter.ALL: sum(numbers[Filter(status)] for status in GuestStatus), **numbers}


@cache
def _counts(words: int) -> Rows:
    if words:  # one walk along the index of the list gives all numbers
        found = (func.count().filter(*_narrowed(status)) for status in _COUNTED)
        return select(*found).where(*where(Filter.ALL, words))
    # without a search, each number comes from the index that fits it best
    shared = select(func.coalesce(func.sum(_shared().subquery().c.number), 0))
    parts = (shared if status is Filter.SHARED else number(status) for status in _COUNTED)
    return select(*(part.scalar_subquery() for part in parts))


def _narrowed(status: Filter) -> tuple[ColumnElement[bool], ...]:
    if status is Filter.BOUNCED:
        return (_on_list(SuppressionReason.HARD_BOUNCE),)
    if status is Filter.SUPPRESSED:
        return _on_list(), ~_on_list(SuppressionReason.HARD_BOUNCE)
    if status is Filter.NO_ADDRESS:
        return (Guest.address.is_(None),)
    if status is Filter.SHARED:
        return (Guest.address.in_(_shared().with_only_columns(Guest.address)),)
    return () if status is Filter.ALL else (Guest.status == status.value,)


def _on_list(*reasons: SuppressionReason) -> ColumnElement[bool]:
    """Whether the guest's address is on the do-not-mail list (F1).

    An EXISTS for each guest would be slower: the do-not-mail list is much shorter than the guest list.
    """
    listed = select(Suppression.address).where(Suppression.scope.in_(SCOPES))
    return Guest.address.in_(listed.where(Suppression.reason.in_(reasons)) if reasons else listed)


def _shared() -> Rows:
    """(address, number) of every address that several guests of the event share; along an index."""
    return (
        select(Guest.address, func.count().label("number"))
        .where(Guest.event_id == EVENT, Guest.address.is_not(None))
        .group_by(Guest.address)
        .having(func.count() > 1)
    )
