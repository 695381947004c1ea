"""What the overview of an event shows of its scheduled messages: the next one, and what needs attention."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from eventmail.db import Rows, fresh
from eventmail.domain.mailings import query, schedule, scheduled_list, send_time
from eventmail.domain.mailings.send_time import Plan, SendTime, plan_of
from eventmail.errors import MissingEventTime
from eventmail.models import DraftText, Event, Mailing, Schedule
from eventmail.states import NEEDS_SOMEBODY, MailingState, NotSent

NAMED = 5  # messages of a kind that are named one by one


@dataclass(frozen=True)
class Next:
    """The message that goes out next at `at`, to `people` if it went out now; None when a segment of it is gone."""

    mailing: Mailing
    subject: str
    at: datetime
    people: int | None


@dataclass(frozen=True)
class Asking:
    """A message of which nothing left when it was due, and why."""

    mailing: Mailing
    subject: str
    at: datetime
    why: NotSent


@dataclass(frozen=True)
class Moved:
    """A message that is due at `at` and would be due at another time since the event moved (H6a).

    `proposed` is None when the event has no such time any more. `is_open` says whether the new time can be taken.
    """

    mailing: Mailing
    subject: str
    at: datetime
    proposed: SendTime | None
    is_open: bool

    @property
    def is_undated(self) -> bool:
        return self.proposed is None


@dataclass(frozen=True)
class PlannedDraft:
    """A draft with a time, which never goes out by itself."""

    mailing_id: int
    subject: str
    plan: Plan


@dataclass(frozen=True)
class Planned:
    """The next message, and what needs attention: the first ones of each kind, and how many there are."""

    next: Next | None
    asking: Sequence[Asking]
    asking_count: int
    moved: Sequence[Moved]
    drafts: Sequence[PlannedDraft]
    drafts_count: int
    named: int = NAMED  # of `moved`, which holds them all

    @property
    def needs_attention(self) -> bool:
        return bool(self.asking or self.moved or self.drafts)


def of_event(event: Event, now: datetime, *, outside: bool) -> Planned:
    """The scheduled messages of an event, in a fixed number of queries."""
    asking, drafts = fresh().execute(_asking(event.id)).all(), fresh().execute(_drafts(event.id)).all()
    return Planned(
        _next(event.id, outside=outside),
        [Asking(row.Mailing, row.subject, row.Mailing.send_at, NotSent(row.Schedule.not_sent)) for row in asking],
        asking[0].all if asking else 0,
        moved(event, now),
        [PlannedDraft(row.DraftText.mailing_id, row.DraftText.subject, plan_of(row.DraftText.plan) or Plan())
         for row in drafts],
        drafts[0].all if drafts else 0,
    )  # fmt: skip


def moved(event: Event, now: datetime) -> Sequence[Moved]:
    """Every message whose time is counted from the event and is another one by now, the earliest first (H6a)."""
    counted = _scheduled(event.id).where(Schedule.relative.is_not(None))
    return list(_moved(fresh().execute(counted).all(), event, now))


def _moved(rows: Sequence[Any], event: Event, now: datetime) -> Iterator[Moved]:
    for mailing, held, subject in rows:
        try:
            proposed = send_time.proposed(mailing, held, event)
        except MissingEventTime:
            yield Moved(mailing, subject, mailing.send_at, None, schedule.is_open(held, now))
        else:
            if proposed:
                yield Moved(mailing, subject, mailing.send_at, proposed, schedule.is_open(held, now))


def _next(event_id: int, *, outside: bool) -> Next | None:
    row = fresh().execute(_scheduled(event_id).limit(1)).one_or_none()
    if row is None:
        return None
    mailing, held, subject = row
    return Next(mailing, subject, mailing.send_at, scheduled_list.people_now(fresh(), mailing, held, outside=outside))


def _scheduled(event_id: int) -> Rows:
    return _held(event_id).where(Mailing.state == MailingState.SCHEDULED).order_by(Mailing.send_at, Mailing.id)


def _asking(event_id: int) -> Rows:
    newest = Mailing.send_at.desc(), Mailing.id.desc()
    rows = _held(event_id).where(Mailing.state.in_(NEEDS_SOMEBODY)).order_by(*newest).limit(NAMED)
    return rows.add_columns(func.count().over().label("all"))


def _held(event_id: int) -> Rows:
    return query.scheduled(*query.of_event(event_id))


def _drafts(event_id: int) -> Rows:
    timed = (DraftText.plan[part].as_string().is_not(None) for part in ("send_at", "relative"))
    return (
        select(DraftText, func.count().over().label("all"))
        .join(Mailing, Mailing.id == DraftText.mailing_id)
        .where(*query.of_event(event_id), or_(*timed))
        .order_by(DraftText.id)
        .limit(NAMED)
    )
