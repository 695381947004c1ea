"""The guest list as it is shown: a page of it, one guest, and guests who share an address.

Each statement is built once. A request only binds values, as in `guests.filters`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.engine import Connection

from eventmail.db import Rows, fresh
from eventmail.db.paging import Page, existing
from eventmail.domain.guests import fields, filters
from eventmail.domain.guests.filters import EVENT, SCOPES, Filter
from eventmail.domain.suppressions.reasons import EXCLUDED_AS, scopes_of
from eventmail.errors import NotFound
from eventmail.models import Guest, GuestTag, Suppression
from eventmail.models.guest import NO_NAME, full_name
from eventmail.states import GuestStatus, Reason, SuppressionReason

_ORDER = list(EXCLUDED_AS)  # when an address has two entries, the page names the earlier of these reasons
MOST_SHARERS = 10  # the page names so many


@dataclass(frozen=True, slots=True)
class Listed:
    """A guest as lists show it.

    `suppressed` is the reason on the do-not-mail list. `shares_with` is the name of another guest at the same address
    (A7), `sharers` the number of such guests.
    """

    id: int
    email: str | None
    first_name: str
    last_name: str
    status: GuestStatus
    tags: tuple[str, ...]
    suppressed: SuppressionReason | None
    shares_with: str | None
    sharers: int

    @property
    def full_name(self) -> str:
        return full_name(self.first_name, self.last_name)

    @property
    def reason(self) -> Reason | None:
        """The reason for which an audience would leave this guest out (A2)."""
        return EXCLUDED_AS[self.suppressed] if self.suppressed else None


@dataclass(frozen=True, slots=True)
class Detailed(Listed):
    """A guest with all imported values, as the form and JSON show them."""

    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sharer:
    """Another guest at the same address."""

    id: int
    name: str


def listing(
    event_id: int, status: Filter = Filter.ALL, q: str = "", *, page: int = 1, size: int = 50, total: int | None = None
) -> Page[Listed]:
    """One page of the event's guests by name; past the end, the last page (D2).

    Takes 5 queries, whatever the number of rows, or 4 with the `total` from `filters.counts`.
    """
    connection, bound, words = fresh().connection(), filters.values(event_id, q), len(fields.words(q))
    if total is None:
        total = connection.scalar(filters.number(status, words), bound) or 0
    number = existing(page, size, total)
    rows = connection.execute(_page(status, words), {**bound, "size": size, "skipped": (number - 1) * size}).all()
    return Page(_listed(connection, event_id, rows), number, size, total)


def detailed(event_id: int, page: Page[Listed]) -> Page[Detailed]:
    """The same page with all imported values, in 1 query."""
    return Page(_detailed(fresh().connection(), event_id, page.items), page.number, page.size, page.total)


def get(event_id: int, guest_id: int) -> Detailed:
    """One guest of this event. Raises NotFound."""
    connection = fresh().connection()
    rows = connection.execute(_ONE, {"event": event_id, "guest": guest_id}).all()
    if not rows:
        raise NotFound
    return _detailed(connection, event_id, _listed(connection, event_id, rows))[0]


def has_any(event_id: int) -> bool:
    """Whether the event has any guest."""
    return fresh().scalar(select(exists().where(Guest.event_id == event_id))) or False


def sharers(event_id: int, guest_id: int) -> list[Sharer]:
    """Other guests at this guest's address, the oldest first, at most MOST_SHARERS (A7)."""
    rows = fresh().execute(_SHARERS, {"event": event_id, "guest": guest_id}).all()
    return [Sharer(row.id, full_name(row.first_name, row.last_name) or NO_NAME) for row in rows]


_SHOWN = (Guest.id, Guest.email, Guest.address, Guest.first_name, Guest.last_name, Guest.status)
_ONE = select(*_SHOWN).where(Guest.event_id == EVENT, Guest.id == bindparam("guest"))


@cache
def _page(status: Filter, words: int) -> Rows:
    found = select(*_SHOWN).where(*filters.where(status, words)).order_by(Guest.search_key, Guest.id)
    return found.limit(bindparam("size")).offset(bindparam("skipped"))


_TAGS = (
    select(GuestTag.guest_id, GuestTag.tag)
    .where(GuestTag.guest_id.in_(bindparam("guests", expanding=True)))
    .order_by(GuestTag.tag)
)
_REASONS = select(Suppression.address, Suppression.reason).where(
    Suppression.address.in_(bindparam("addresses", expanding=True)), Suppression.scope.in_(SCOPES)
)
_ATTRIBUTES = select(Guest.id, Guest.attributes).where(
    Guest.event_id == EVENT, Guest.id.in_(bindparam("guests", expanding=True))
)


_SHARED = (
    select(func.min(Guest.id).label("oldest"), func.max(Guest.id).label("newest"), func.count().label("number"))
    .where(Guest.event_id == EVENT, Guest.address.in_(bindparam("addresses", expanding=True)))
    .group_by(Guest.address)
    .having(func.count() > 1)
    .subquery()
)
_OF_SHARED = (
    select(Guest.address, _SHARED.c.number, Guest.id, Guest.first_name, Guest.last_name)
    .join(_SHARED, or_(Guest.id == _SHARED.c.oldest, Guest.id == _SHARED.c.newest))
    .order_by(Guest.id)
)
_MINE = select(Guest.address).where(Guest.event_id == EVENT, Guest.id == bindparam("guest")).scalar_subquery()
_SHARERS = (
    select(Guest.id, Guest.first_name, Guest.last_name)
    .where(Guest.event_id == EVENT, Guest.address == _MINE, Guest.id != bindparam("guest"))
    .order_by(Guest.id)
    .limit(MOST_SHARERS)
)


def tags_of(connection: Connection, guest_ids: Sequence[int]) -> Mapping[int, list[str]]:
    """The tags of each of these guests that has any, sorted, in 1 query."""
    tags: dict[int, list[str]] = {}
    for guest_id, tag in connection.execute(_TAGS, {"guests": guest_ids}):
        tags.setdefault(guest_id, []).append(tag)
    return tags


def _listed(connection: Connection, event_id: int, rows: Sequence[Any]) -> list[Listed]:
    """The rows with their tags, their entries of the do-not-mail list and their sharers, in 3 queries."""
    tags = tags_of(connection, [row.id for row in rows])
    theirs = sorted({row.address for row in rows if row.address})
    reasons = _reasons(connection, event_id, theirs)
    shared = _by_address(connection.execute(_OF_SHARED, {"event": event_id, "addresses": theirs}))
    listed = []
    for guest_id, email, address, first, last, status in rows:
        number, named = shared.get(address, (1, {}))
        other = next((name for other_id, name in named.items() if other_id != guest_id), None)
        said = (GuestStatus(status), tuple(tags.get(guest_id, ())), reasons.get(address))
        listed.append(Listed(guest_id, email, first, last, *said, other, number - 1))
    return listed


def _detailed(connection: Connection, event_id: int, guests: Sequence[Listed]) -> list[Detailed]:
    found = connection.execute(_ATTRIBUTES, {"event": event_id, "guests": [guest.id for guest in guests]})
    attributes = {row.id: row.attributes for row in found}
    return [Detailed(**asdict(guest), attributes=attributes.get(guest.id, {})) for guest in guests]


def _reasons(connection: Connection, event_id: int, theirs: Sequence[str]) -> dict[str, SuppressionReason]:
    reasons: dict[str, SuppressionReason] = {}
    for address, word in connection.execute(_REASONS, {"addresses": theirs, "scopes": scopes_of(event_id)}):
        reason = SuppressionReason(word)
        reasons[address] = min(reason, reasons.get(address, reason), key=_ORDER.index)
    return reasons


def _by_address(rows: Iterable[Any]) -> dict[str, tuple[int, dict[int, str]]]:
    """By shared address: the number of its guests, and the names of the oldest and the newest by id."""
    shared: dict[str, tuple[int, dict[int, str]]] = {}
    for address, number, guest_id, first, last in rows:
        shared.setdefault(address or "", (number, {}))[1][guest_id] = full_name(first, last) or NO_NAME
    return shared
