"""The recipients of an audience, and how many guests are left out for which reason (A1, A2, A5, A7).

Counting and freezing walk the index (event, address, status) in its order, so nothing is sorted to make one address
one recipient. The do-not-mail list is short and is looked up by address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, exists, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from eventmail import ids
from eventmail.db import Rows, fresh
from eventmail.db.sql import one_parameter
from eventmail.domain.audience import deleted_segments, segments
from eventmail.domain.audience.rule_sql import Chosen, condition
from eventmail.domain.audience.snapshot_query import AsOf
from eventmail.domain.suppressions.reasons import EXCLUDED_AS, scopes_of
from eventmail.errors import FieldError, InvalidAudience
from eventmail.models import Guest, Suppression
from eventmail.states import GuestStatus, Reason
from eventmail.wall_time import rfc3339

_LARGEST_HAND_PICK = 5000
_MOST_SEGMENTS = 50
_SEGMENTS = ("segments", "exclude_segments")
PARTS = ("statuses", "guests", *_SEGMENTS)


@dataclass(frozen=True)
class Audience:
    """The checked criteria: never empty, every part known.

    A segment keeps the rule that it had when `checked` read it. The guests who meet the rule are read later.
    """

    event_id: int
    statuses: tuple[GuestStatus, ...]
    guests: tuple[int, ...]
    outside: bool = False  # the mail service is outside this box, so reserved domains are left out
    segments: tuple[Chosen, ...] = ()
    exclude_segments: tuple[Chosen, ...] = ()
    as_of: AsOf | None = None  # if set, exactly the people of that snapshot

    def as_json(self) -> dict[str, list[str]]:
        """As the mailing stores it and answers show it, with the names that its segments had."""
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
        frozen_at = {"list_as_of": [rfc3339(self.as_of.at)]} if self.as_of else {}
        return found | {part: listed for part, listed in names.items() if listed} | frozen_at


@dataclass(frozen=True)
class Resolution:
    """The number of recipients, and of excluded guests by reason, in the order of A2."""

    count: int
    excluded: Mapping[Reason, int]

    @property
    def excluded_count(self) -> int:
        return sum(self.excluded.values())


def checked(event_id: int, criteria: Mapping[str, list[str]], *, outside: bool) -> Audience:
    """The audience of `criteria` (statuses, segments, guests, exclude_segments).

    Raises InvalidAudience when nothing is selected (A1) or when this event does not know a part.
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
        rows = [row for g in picked if (row := ids.row_id(g))]
        here = select(Guest.id).where(Guest.event_id == event_id, Guest.id.in_(rows))
        known = set(fresh().scalars(here)) if rows else set()
        unknown += [
            FieldError("audience.guests", "UNKNOWN_GUEST", f"There is no guest “{g}” in this event.")
            for g in picked
            if ids.row_id(g) not in known
        ]
    if unknown:
        raise InvalidAudience(" ".join(error.message for error in unknown[:5]), fields=unknown[:50])
    statuses = tuple(status for status in GuestStatus if status in criteria.get("statuses", []))
    if not statuses and not picked and not chosen["segments"]:
        raise InvalidAudience.at("audience", "REQUIRED", InvalidAudience.sentence)
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
    missing = [segment for segment in wanted if rows.get(segment) not in known]
    sentences = deleted_segments.segment_sentences(event_id, missing)
    unknown += [FieldError(f"audience.{part}", "UNKNOWN_SEGMENT", sentence) for sentence in sentences]
    return tuple(known[row] for row in rows.values() if row in known)


def resolve(session: Session, audience: Audience) -> Resolution:
    """Count recipients and excluded guests in 2 queries: one walks an index of guests, one the do-not-mail list."""
    total, unreachable, addresses, reserved = session.execute(_numbers(audience)).one()
    by_reason = {**dict.fromkeys(Reason, 0), Reason.NO_ADDRESS: unreachable}
    with_address, count = total - unreachable, addresses
    for reason, guests, theirs in session.execute(suppressed_by_reason(audience)):
        by_reason[Reason(reason)] += guests
        with_address -= guests
        count -= theirs
    by_reason[Reason.DUPLICATE_ADDRESS] = with_address - count
    if audience.outside:
        by_reason[Reason.RESERVED_ADDRESS] = reserved
        count -= reserved
    return Resolution(count, {reason: number for reason, number in by_reason.items() if number})


def _numbers(audience: Audience) -> Rows:
    """(picked guests, guests without an address, addresses, reserved addresses that are not on the list).

    The subquery groups by address in the order of the index. Without it, SQLite would sort to count distinct addresses
    and test each guest against a segment more than once.
    """
    reserved = func.max(case((Guest.reserved, 1), else_=0)).label("reserved")
    counted = select(Guest.address, func.count().label("guests"), reserved)
    here = counted.where(picks(Guest, audience)).group_by(Guest.address).subquery()
    return select(
        func.coalesce(func.sum(here.c.guests), 0),
        func.coalesce(func.sum(here.c.guests).filter(here.c.address.is_(None)), 0),
        func.count(here.c.address),
        func.count().filter(here.c.reserved == 1, ~is_listed(here.c, audience)),
    )


def recipients(audience: Audience) -> Rows:
    """(guest id, address) for each address that gets the mail. The oldest picked guest counts (A7)."""
    oldest = select(func.min(Guest.id).label("guest_id"), Guest.address)
    return oldest.where(*_mailable(Guest, audience)).group_by(Guest.address)


def recipient_ids(audience: Audience) -> Select[int]:
    """The guest ids of `recipients`, for `Guest.id.in_(…)`. SQLite then reads guests in the order of the table."""
    return select(recipients(audience).subquery().c.guest_id)


def is_recipient(audience: Audience) -> ColumnElement[bool]:
    """Whether one guest is among `recipients`; for the few guests that a list shows."""
    older = aliased(Guest)
    shared = and_(picks(older, audience), older.address == Guest.address, older.id < Guest.id)
    return and_(*_mailable(Guest, audience), ~exists(select(older.id).where(shared)))


def reaches(audience: Audience, address: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Whether the message goes to `address`, a column of another table."""
    return exists(select(Guest.id).where(Guest.address == address, *_mailable(Guest, audience)))


def picks(guest: Any, audience: Audience) -> ColumnElement[bool]:
    """Whether `guest` (Guest or an alias) is in the audience, as a recipient or excluded."""
    if audience.as_of:  # a guest with another address since then is not the guest who was reviewed (A4)
        same = tuple_(guest.id, guest.address).in_(audience.as_of.people())
        return and_(guest.event_id == audience.event_id, same)
    ways = []
    if audience.statuses:
        ways.append(guest.status.in_(audience.statuses))
    if audience.guests:
        ways.append(guest.id.in_(one_parameter(audience.guests)))  # one parameter, since a statement repeats it
    ways += [condition(guest, chosen) for chosen in audience.segments]
    without = [not_(condition(guest, chosen)) for chosen in audience.exclude_segments]
    return and_(guest.event_id == audience.event_id, or_(*ways), *without)


def _mailable(guest: Any, audience: Audience) -> list[ColumnElement[bool]]:
    where = [picks(guest, audience), guest.address.is_not(None), ~is_listed(guest, audience)]
    return [*where, ~guest.reserved] if audience.outside else where


def is_listed(guest: Any, audience: Audience) -> ColumnElement[bool]:
    """Whether the address of `guest` is on the do-not-mail list, in a scope that counts for the event."""
    return exists().where(Suppression.address == guest.address, Suppression.scope.in_(scopes_of(audience.event_id)))


def rank_of_reason() -> ColumnElement[int]:
    """The rank of an entry's reason in EXCLUDED_AS."""
    return case({reason.value: rank for rank, reason in enumerate(EXCLUDED_AS)}, value=Suppression.reason)


def suppressed_by_reason(audience: Audience) -> Rows:
    """(reason, guests, addresses) of the picked guests on the do-not-mail list. The walk is along that short list."""
    here = (
        select(func.count())
        .where(picks(Guest, audience), Guest.address == Suppression.address)
        .correlate(Suppression)
        .scalar_subquery()
    )
    listed = (
        select(func.min(rank_of_reason()).label("rank"), here.label("guests"))
        .where(Suppression.scope.in_(scopes_of(audience.event_id)))
        .group_by(Suppression.address)
        .subquery()
    )
    shown = case({rank: reason.value for rank, reason in enumerate(EXCLUDED_AS.values())}, value=listed.c.rank)
    return select(shown, func.sum(listed.c.guests), func.count()).where(listed.c.guests > 0).group_by(shown)
