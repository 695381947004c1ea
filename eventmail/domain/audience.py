"""Who gets it and who won't, with one reason each (A1, A2, A5, A7).

Counting and the snapshot walk the index (event, address, status) in its order, so that one address is one recipient
without sorting; the do-not-mail list is short and is looked up by address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from eventmail import ids
from eventmail.db import Rows, fresh
from eventmail.domain import matching, segments
from eventmail.domain.as_of import AsOf
from eventmail.domain.matching import Chosen
from eventmail.errors import FieldError, InvalidAudience
from eventmail.models import EVERYWHERE, Guest, Suppression
from eventmail.states import GuestStatus, Reason, SuppressionReason

# of two entries for one address the first in this order is the reason shown (A2)
REASONS = {
    SuppressionReason.HARD_BOUNCE: Reason.BOUNCED,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT: Reason.SUPPRESSED,
    SuppressionReason.MANUAL: Reason.SUPPRESSED,
    SuppressionReason.IMPORT: Reason.SUPPRESSED,
}
_LARGEST_HAND_PICK = 5000
_MOST_SEGMENTS = 50
_SEGMENTS = ("segments", "exclude_segments")
PARTS = ("statuses", "guests", *_SEGMENTS)


@dataclass(frozen=True)
class Audience:
    """The criteria, as picked: never empty, every part known (see `checked`).

    Segments are asked as their rules were when they were looked up; who is in them is read when it counts.
    """

    event_id: int
    statuses: tuple[GuestStatus, ...]
    guests: tuple[int, ...]
    outside: bool = False  # the mail service is outside this box, so reserved domains are left out
    segments: tuple[Chosen, ...] = ()
    exclude_segments: tuple[Chosen, ...] = ()
    as_of: AsOf | None = None  # not who matches, but exactly who did then

    def as_json(self) -> dict[str, list[str]]:
        """As stored with the mailing and shown in answers, with the names that its segments had."""
        found = {
            "statuses": list[str](self.statuses),
            "segments": [str(chosen.id) for chosen in self.segments],
            "guests": [str(guest) for guest in self.guests],
            "exclude_segments": [str(chosen.id) for chosen in self.exclude_segments],
        }
        names = {
            "segment_names": [chosen.name for chosen in self.segments],
            "exclude_segment_names": [chosen.name for chosen in self.exclude_segments],
        }
        frozen_at = {"list_as_of": [f"{self.as_of.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"]} if self.as_of else {}
        return found | {part: listed for part, listed in names.items() if listed} | frozen_at


@dataclass(frozen=True)
class Resolution:
    """How many get it, and how many won't by reason, in the order of A2."""

    count: int
    excluded: Mapping[Reason, int]

    @property
    def excluded_count(self) -> int:
        return sum(self.excluded.values())


def checked(event_id: int, criteria: Mapping[str, list[str]], *, outside: bool) -> Audience:
    """The audience that `criteria` (statuses, segments, guests, exclude_segments) names.

    Raises InvalidAudience (400) when nothing is selected or when a part is not known in this event.
    """
    unknown = [
        FieldError("audience.statuses", "UNKNOWN_STATUS", f"“{s}” is not a status; there are {', '.join(GuestStatus)}.")
        for s in criteria.get("statuses", [])
        if s not in set(GuestStatus)
    ]
    chosen = {part: _segments(event_id, part, criteria.get(part, []), unknown) for part in _SEGMENTS}
    picked = dict.fromkeys(criteria.get("guests", []))
    if len(picked) > _LARGEST_HAND_PICK:
        unknown.append(FieldError("audience.guests", "TOO_MANY", "Pick at most 5000 guests by hand."))
    else:
        known = _known_guests(event_id, [row for g in picked if (row := ids.row_id(g))])
        unknown += [
            FieldError("audience.guests", "UNKNOWN_GUEST", f"There is no guest “{g}” in this event.")
            for g in picked
            if ids.row_id(g) not in known
        ]
    if unknown:
        raise InvalidAudience(" ".join(error.message for error in unknown[:5]), fields=unknown[:50])
    statuses = tuple(status for status in GuestStatus if status in criteria.get("statuses", []))
    if not statuses and not picked and not chosen["segments"]:
        raise InvalidAudience(fields=[FieldError("audience", "REQUIRED", InvalidAudience.sentence)])
    return Audience(
        event_id, statuses, tuple(int(g) for g in picked), outside, chosen["segments"], chosen["exclude_segments"]
    )


def _segments(event_id: int, part: str, given: list[str], unknown: list[FieldError]) -> tuple[Chosen, ...]:
    wanted = list(dict.fromkeys(given))
    if len(wanted) > _MOST_SEGMENTS:
        unknown.append(FieldError(f"audience.{part}", "TOO_MANY", f"Choose at most {_MOST_SEGMENTS} segments."))
        return ()
    rows = {segment: row for segment in wanted if (row := ids.row_id(segment))}
    known = segments.chosen(fresh(), event_id, rows.values())
    unknown += [
        FieldError(f"audience.{part}", "UNKNOWN_SEGMENT", f"There is no segment “{segment}” in this event.")
        for segment in wanted
        if rows.get(segment) not in known
    ]
    return tuple(known[row] for row in rows.values() if row in known)


def resolve(session: Session, audience: Audience) -> Resolution:
    """Count who gets it and who won't, whatever the number of guests: one walk along an index, one along the list."""
    picked = _picked(Guest, audience)
    total, with_address = session.execute(select(func.count(), func.count(Guest.address)).where(picked)).one()
    # alone in its query this follows the index; beside another number it would be sorted
    addresses = session.scalar(select(func.count(Guest.address.distinct())).where(picked)) or 0
    by_reason: dict[Reason, int] = dict.fromkeys(Reason, 0)
    by_reason[Reason.NO_ADDRESS] = total - with_address
    listed = 0
    for reason, guests, theirs in session.execute(suppressed_by_reason(audience)):
        by_reason[Reason(reason)] += guests
        listed += theirs
        with_address -= guests
    count = addresses - listed
    by_reason[Reason.DUPLICATE_ADDRESS] = with_address - count
    if audience.outside:
        nobodys = select(func.count(Guest.address.distinct())).where(picked, Guest.reserved)
        by_reason[Reason.RESERVED_ADDRESS] = session.scalar(nobodys.where(~_suppressed(Guest, audience))) or 0
        count -= by_reason[Reason.RESERVED_ADDRESS]
    return Resolution(count, {reason: number for reason, number in by_reason.items() if number})


def recipients(audience: Audience) -> Rows:
    """One row (guest id, address) per address that gets the mail: the oldest picked guest who has it (A7)."""
    return (
        select(func.min(Guest.id).label("guest_id"), Guest.address)
        .where(*_mailable(Guest, audience))
        .group_by(Guest.address)
    )


def recipient_ids(audience: Audience) -> Select[int]:
    """The guests of `recipients`, for `Guest.id.in_(…)`: SQLite then meets them in the order of the table."""
    return select(recipients(audience).subquery().c.guest_id)


def is_recipient(audience: Audience) -> ColumnElement[bool]:
    """The same as membership in `recipients`, as a test of one guest: for the few that a list shows."""
    older = aliased(Guest)
    shared = and_(_picked(older, audience), older.address == Guest.address, older.id < Guest.id)
    return and_(*_mailable(Guest, audience), ~exists(select(older.id).where(shared)))


def is_picked(audience: Audience) -> ColumnElement[bool]:
    """Whether a guest is in the audience, as a recipient or as one who won't get it."""
    return _picked(Guest, audience)


def reaches(audience: Audience, address: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Whether the message goes to an address of another table."""
    return exists(select(Guest.id).where(Guest.address == address, *_mailable(Guest, audience)))


def excluded(audience: Audience) -> Rows:
    """One row per guest who won't get it, with one reason each (A2): everyone picked who is no recipient.

    Columns: id, email, first_name, last_name, search_key, reason, shares_with (the guest whose mail goes there).
    """
    sharer = aliased(Guest)
    first = (
        select(func.min(sharer.id))
        .where(_picked(sharer, audience), sharer.address == Guest.address)
        .correlate(Guest)
        .scalar_subquery()
    )
    reason = case(
        (Guest.address.is_(None), Reason.NO_ADDRESS.value),
        (_suppressed(Guest, audience), _reason_of(audience)),
        (first != Guest.id, Reason.DUPLICATE_ADDRESS.value),
        else_=Reason.RESERVED_ADDRESS.value,
    )
    rows = select(
        Guest.id, Guest.email, Guest.first_name, Guest.last_name, Guest.search_key, reason.label("reason"),
        case((reason == Reason.DUPLICATE_ADDRESS.value, first)).label("shares_with"),
    )  # fmt: skip
    return rows.where(Guest.id.in_(_doubtful(audience)), ~is_recipient(audience))


def _doubtful(audience: Audience) -> Select[int]:
    """The picked guests who may be left out; few, so that finding out costs no look at everyone's row."""
    other = aliased(Guest)
    picked = _picked(other, audience)
    shared = select(other.address).where(picked, other.address.is_not(None)).group_by(other.address)
    listed = select(Suppression.address).where(Suppression.scope.in_(scopes(audience.event_id)))
    ways = [
        Guest.address.is_(None),
        Guest.address.in_(shared.having(func.count() > 1)),
        Guest.address.in_(listed),
        *([Guest.reserved] if audience.outside else []),
    ]
    parts = (select(Guest.id).where(_picked(Guest, audience), way) for way in ways)
    return select(union_all(*parts).subquery().c.id)


def scopes(event_id: int) -> tuple[str, str]:
    """The scopes of the do-not-mail list that count for an event."""
    return EVERYWHERE, str(event_id)


def _picked(guest: Any, audience: Audience) -> ColumnElement[bool]:
    if audience.as_of:  # whoever moved to another address since is not whom somebody looked at
        same = tuple_(guest.id, guest.address).in_(audience.as_of.people())
        return and_(guest.event_id == audience.event_id, same)
    ways = []
    if audience.statuses:
        ways.append(guest.status.in_(audience.statuses))
    if audience.guests:
        ways.append(guest.id.in_(audience.guests))
    ways += [matching.condition(guest, chosen) for chosen in audience.segments]
    without = [not_(matching.condition(guest, chosen)) for chosen in audience.exclude_segments]
    return and_(guest.event_id == audience.event_id, or_(*ways), *without)


def _mailable(guest: Any, audience: Audience) -> list[ColumnElement[bool]]:
    where = [_picked(guest, audience), guest.address.is_not(None), ~_suppressed(guest, audience)]
    return [*where, ~guest.reserved] if audience.outside else where


def _suppressed(guest: Any, audience: Audience) -> ColumnElement[bool]:
    return exists().where(Suppression.address == guest.address, Suppression.scope.in_(scopes(audience.event_id)))


def _rank() -> ColumnElement[int]:
    return case({reason.value: rank for rank, reason in enumerate(REASONS)}, value=Suppression.reason)


def _reason_of(audience: Audience) -> ColumnElement[str]:
    return (
        select(case({reason.value: shown.value for reason, shown in REASONS.items()}, value=Suppression.reason))
        .where(Suppression.address == Guest.address, Suppression.scope.in_(scopes(audience.event_id)))
        .order_by(_rank())
        .limit(1)
        .correlate(Guest)
        .scalar_subquery()
    )


def suppressed_by_reason(audience: Audience) -> Rows:
    """(reason, guests, addresses) over the picked guests on the do-not-mail list; driven by it, as it is short."""
    here = (
        select(func.count())
        .where(_picked(Guest, audience), Guest.address == Suppression.address)
        .correlate(Suppression)
        .scalar_subquery()
    )
    listed = (
        select(func.min(_rank()).label("rank"), here.label("guests"))
        .where(Suppression.scope.in_(scopes(audience.event_id)))
        .group_by(Suppression.address)
        .subquery()
    )
    shown = case({rank: reason.value for rank, reason in enumerate(REASONS.values())}, value=listed.c.rank)
    return select(shown, func.sum(listed.c.guests), func.count()).where(listed.c.guests > 0).group_by(shown)


def _known_guests(event_id: int, picked: list[int]) -> set[int]:
    if not picked:
        return set()
    return set(fresh().scalars(select(Guest.id).where(Guest.event_id == event_id, Guest.id.in_(picked))))
