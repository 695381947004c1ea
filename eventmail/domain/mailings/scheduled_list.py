"""The scheduled messages of an event: those that need somebody first, then those to come, locked, done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import Rows, fresh
from eventmail.domain.mailings import query, send_time, start
from eventmail.domain.mailings.send_time import SendTime
from eventmail.errors import InvalidAudience, MissingEventTime
from eventmail.models import Event, Job, Mailing, Schedule
from eventmail.states import NEEDS_SOMEBODY, PLANNED, WITHOUT_A_RUN, AudienceMode, MailingState


class Group(StrEnum):
    """What a scheduled message is to whoever looks at the list, in its order."""

    NEEDS_YOU = "needs-you"  # missed or failed
    UPCOMING = "upcoming"
    LOCKED = "locked"  # inside the cutoff: it can be cancelled only (H3)
    DONE = "done"  # it is going out, went out, or was cancelled


@dataclass(frozen=True)
class Row:
    """A scheduled message in the list. `people` would get it now; None when a segment of it is gone.

    `proposed` is another time that it has since the event moved (H6a), `undated` that it has none any more.
    """

    mailing: Mailing
    held: Schedule
    subject: str
    group: Group
    people: int | None
    proposed: SendTime | None
    undated: bool


@dataclass(frozen=True)
class Summary:
    """How many scheduled messages each group has, and when the next one is locked or due.

    `next_change` is over for a message that is overdue, and None when nothing is to come.
    """

    counts: Mapping[Group, int]
    next_change: datetime | None


_WATCHED = timedelta(hours=1)  # how long a run that is over is shown
_RANKS = {group: rank for rank, group in enumerate(Group)}


def _rank(now: datetime) -> ColumnElement[int]:
    """The rank of a message's group in the order of Group."""
    scheduled = Mailing.state == MailingState.SCHEDULED
    return case(
        (Mailing.state.in_(NEEDS_SOMEBODY), _RANKS[Group.NEEDS_YOU]),
        (scheduled & (Schedule.edit_cutoff_at > now), _RANKS[Group.UPCOMING]),
        (scheduled, _RANKS[Group.LOCKED]),
        else_=_RANKS[Group.DONE],
    )


def listed(event_id: int, group: Group | None, now: datetime) -> Rows:
    """The statement for (mailing id, group), for `shown`: the earliest first, what is done from the latest on.

    It sorts ids alone, since a message holds kilobytes.
    """
    rank = _rank(now)
    rows: Rows = (
        select(Mailing.id, rank.label("group"))
        .join(Schedule, Schedule.mailing_id == Mailing.id)
        .where(*query.of_event(event_id))
    )
    if group is not None:
        rows = rows.where(rank == _RANKS[group])
    done = _RANKS[Group.DONE]
    return rows.order_by(rank, case((rank < done, Mailing.send_at)), Mailing.send_at.desc(), Mailing.id)


def one(event_id: int, mailing_id: int, now: datetime) -> Rows:
    """The statement for the row of one scheduled message."""
    return listed(event_id, None, now).where(Mailing.id == mailing_id)


def still_open(event_id: int) -> Rows:
    """The statement for the ids of the messages that are to come or need somebody."""
    return select(Mailing.id).where(*query.of_event(event_id), Mailing.state.in_(WITHOUT_A_RUN))


def watched(event_id: int, now: datetime) -> Mailing | None:
    """The scheduled message that is being sent, else the one that was sent last within the hour."""
    running = Mailing.state == MailingState.SENDING
    lately = select(Job.id).where(Job.mailing_id == Mailing.id, Job.finished_at > now - _WATCHED).exists()
    found = (
        select(Mailing)
        .where(*query.of_event(event_id), Mailing.send_at.is_not(None))
        .where(running | ((Mailing.state == MailingState.FINISHED) & lately))
        .order_by(running.desc(), Mailing.created_at.desc(), Mailing.id.desc())
    )
    return fresh().scalars(found.limit(1)).one_or_none()


def summary(event_id: int, now: datetime) -> Summary:
    """The groups in numbers, in one query."""
    rank, scheduled = _rank(now), Mailing.state == MailingState.SCHEDULED
    moment = case((Schedule.edit_cutoff_at > now, Schedule.edit_cutoff_at), else_=Mailing.send_at)
    found = (
        select(rank, func.count(), func.min(moment).filter(scheduled))
        .join(Schedule, Schedule.mailing_id == Mailing.id)
        .where(*query.of_event(event_id))
        .group_by(rank)
    )
    rows = fresh().execute(found).all()
    numbers = {place: number for place, number, _ in rows}
    changes = [change for *_, change in rows if change]
    return Summary({group: numbers.get(place, 0) for group, place in _RANKS.items()}, min(changes, default=None))


def shown(rows: Sequence[Any], event: Event, *, outside: bool) -> list[Row]:
    """The rows of `listed`, each with what it would be now. Messages with the same audience are counted once."""
    whole = query.scheduled(Mailing.id.in_([row.id for row in rows]))
    found = {mailing.id: (mailing, held, subject) for mailing, held, subject in fresh().execute(whole)}
    known: dict[str, int | None] = {}
    return [_shown(*found[row.id], tuple(Group)[row.group], event=event, outside=outside, known=known) for row in rows]


def _shown(
    mailing: Mailing, held: Schedule, subject: str, group: Group, *, event: Event, outside: bool,
    known: dict[str, int | None],
) -> Row:  # fmt: skip
    proposed, undated = None, False
    if mailing.state == MailingState.SCHEDULED:
        try:
            proposed = send_time.proposed(mailing, held, event)
        except MissingEventTime:
            undated = True
    people = (
        people_now(fresh(), mailing, held, outside=outside, known=known)
        if mailing.state in PLANNED
        else mailing.recipient_count
    )
    return Row(mailing, held, subject, group, people, proposed, undated)


def people_now(
    session: Session, mailing: Mailing, held: Schedule, *, outside: bool, known: dict[str, int | None] | None = None
) -> int | None:
    """How many would get a scheduled message if it were due now; None when it would not leave without a segment.

    `known` remembers the numbers of audiences that were counted before.
    """
    known = {} if known is None else known
    exact = held.audience_mode == AudienceMode.EXACT
    key = str(mailing.id) if exact else records.body_hash(mailing.audience)
    if key not in known:
        known[key] = _people_now(session, mailing, held, outside=outside)
    return known[key]


def _people_now(session: Session, mailing: Mailing, held: Schedule, *, outside: bool) -> int | None:
    missed = mailing.state == MailingState.MISSED  # then a person decides, who may send to those of the scheduling
    try:
        return start.people_now(session, mailing, held, outside=outside, of_scheduling=missed)[1]
    except InvalidAudience:
        return None
