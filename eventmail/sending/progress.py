"""The progress of a mailing for its tracker: counters, rate, time left, sign of life (T1, T2). Counts no rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, case, exists, func, select, union_all

from eventmail.db import Rows, fresh, paging, service
from eventmail.domain import mail_services
from eventmail.domain.mailings import query
from eventmail.domain.suppressions.reasons import scopes_of
from eventmail.models import Job, Mailing, Recipient, Reservation, Suppression
from eventmail.sending import brake, drain, heartbeat
from eventmail.states import DONE, ON_ITS_WAY, Brake, Delivery, MailingState, RecipientState

_MILESTONES = (100, 75, 50, 25, 0)


@dataclass(frozen=True)
class Bounced:
    """How many sent mails bounced later, and how many of their addresses are on the do-not-mail list."""

    number: int
    listed: int


@dataclass(frozen=True)
class Progress:
    """One run as its tracker shows it."""

    mailing: Mailing
    job: Job | None  # None before the first run
    counts: Mapping[RecipientState, int]
    shares: mail_services.Shares  # practice, and mail that left
    bounced: Bounced
    service: str  # the mail service that is set now
    now: datetime
    worker_age: float | None  # seconds
    rate: float | None  # recipients per second
    left: float | None  # seconds
    next_try: datetime | None
    suspects: int  # addresses that wait for a person to say that they are dead (F5)
    waits: heartbeat.Waiting | None

    @property
    def over(self) -> bool:
        """Whether nothing will change by itself any more. A cancelled run may still have mails on their way."""
        return self.mailing.state not in ON_ITS_WAY and not self.counts[RecipientState.SENDING]

    @property
    def cancelled(self) -> bool:
        return self.mailing.state == MailingState.CANCELLED

    @property
    def finished(self) -> bool:
        return self.mailing.state == MailingState.FINISHED

    @property
    def asks(self) -> bool:
        """Whether the run stopped itself and waits for a decision (F5)."""
        return bool(self.job and self.job.brake in (Brake.ALIKE, Brake.DEAD)) and not self.over

    @property
    def unprepared(self) -> bool:
        """Whether the run stopped by a fault of ours, and not by a mail service's refusal (S12)."""
        return self.stopped == drain.UNPREPARED

    @property
    def stopped(self) -> str | None:
        """Why no mail of the run can leave, in the mail service's words or ours (S12)."""
        return self.job.stopped if self.job else None

    @property
    def provider(self) -> str | None:
        """The mail service of the run; None also before the first run."""
        return self.job.provider if self.job else None

    @property
    def elsewhere(self) -> bool:
        """Whether the run was begun with another mail service than the one set now, and waits for a decision (S13)."""
        return self.mailing.state == MailingState.SENDING and bool(self.job) and self.provider != self.service

    @property
    def question(self) -> str:
        """The sentence about the mail service of the run and the one set now."""
        return mail_services.asks(self.provider, self.service)

    @property
    def stands(self) -> bool:
        """Whether no mail leaves until somebody decides; then there is no rate and no time left."""
        return bool(self.stopped) or self.elsewhere

    @property
    def undoable(self) -> bool:
        """Whether no mail has left yet and none will for a moment (S7)."""
        if self.job is None or self.job.run > 1 or self.over or self.elsewhere:
            return False
        return self.counts[RecipientState.QUEUED] == self.total and self.job.starts_at > self.now

    @property
    def total(self) -> int:
        return self.mailing.recipient_count

    @property
    def done(self) -> int:
        return sum(self.counts[state] for state in DONE)

    @property
    def worker_alive(self) -> bool:
        return heartbeat.is_recent(self.worker_age)

    @property
    def poll_seconds(self) -> int | None:
        """Seconds before the page asks again; None when nothing will change (T2)."""
        if self.job is None or self.over or (self.stands and not self.counts[RecipientState.SENDING]):
            return None
        age = (self.now - self.job.created_at).total_seconds()
        return 1 if age < 60 else 3 if age < 600 else 10

    @property
    def milestone(self) -> int:
        """The last quarter that was passed, in percent. Only these are announced."""
        percent = 100 * self.done // self.total if self.total else 100
        return next(step for step in _MILESTONES if percent >= step)


def progress(mailing: Mailing, now: datetime) -> Progress:
    """The progress of a mailing in a few queries, whatever its size."""
    job = query.last_job(mailing.id)
    counts = mailing.counts
    done = sum(counts[state] for state in DONE)
    stands = job is None or bool(job.stopped) or job.provider != service()
    rate = None if job is None or stands else _rate(job, now)
    may_wait = job and counts[RecipientState.QUEUED] and not counts[RecipientState.SENDING] and not stands
    waiting = drain.next_due(job.id) if job and may_wait else None
    next_try = waiting if waiting and waiting > now else None
    due = mailing.state == MailingState.SENDING and not stands and next_try is None
    return Progress(
        mailing=mailing, job=job, counts=counts, shares=mail_services.shares(mailing), bounced=_bounced(mailing),
        service=service(), now=now, worker_age=heartbeat.age(now), rate=rate,
        left=(mailing.recipient_count - done) / rate if rate else None,
        suspects=brake.suspects(job.id) if job and job.answered > job.accepted else 0,
        next_try=next_try, waits=heartbeat.waiting(now) if due else None,
    )  # fmt: skip


def _bounced(mailing: Mailing) -> Bounced:
    """Reads, along an index, the few recipients that a mail service has reported on."""
    if not mailing.n_sent:
        return Bounced(0, 0)
    return Bounced(*fresh().execute(_BOUNCED, {"mailing": mailing.id, "scopes": scopes_of(mailing.event_id)}).one())


def _rate(job: Job, now: datetime) -> float | None:
    """Recipients per second of this run alone: it counts the run's own consumed and returned places (S9)."""
    running = (now - job.started_at).total_seconds() if job.started_at and not job.finished_at else 0.0
    if running < 1:
        return None
    places = select(Reservation.consumed + Reservation.refunded).where(
        Reservation.mailing_id == job.mailing_id, Reservation.run == job.run
    )
    booked = fresh().scalar(places) or 0
    return booked / running if booked else None


def recipients(mailing: Mailing, state: RecipientState | None) -> Rows:
    """The columns of each recipient's outcome, of one state or of all, in the order of the frozen list."""
    wanted = _OUTCOME.where(Recipient.mailing_id == mailing.id).order_by(Recipient.id)
    return wanted.where(Recipient.state == state) if state else wanted


def page_of_recipients(
    mailing: Mailing, state: RecipientState | None, *, page: int, size: int
) -> paging.Page[Row[Any]]:
    """One page of `recipients`; one query, since the mailing has their number."""
    counts = {each: number for each, number in mailing.counts.items() if number and state in (None, each)}
    total = sum(counts.values())
    number = paging.existing(page, size, total)
    if not counts:
        return paging.Page((), number, size, total)
    given = {"mailing": mailing.id, "size": size, "skipped": (number - 1) * size}
    return paging.Page(fresh().connection().execute(_page(tuple(counts)), given).all(), number, size, total)


# The statements: built once, a request only binds values.

_LISTED = exists().where(
    Suppression.address == Recipient.address, Suppression.scope.in_(bindparam("scopes", expanding=True))
)
_BOUNCED = select(func.count(), func.coalesce(func.sum(case((_LISTED, 1), else_=0)), 0)).where(
    Recipient.mailing_id == bindparam("mailing"),
    Recipient.state == RecipientState.SENT,
    Recipient.delivery == Delivery.BOUNCED,
)
_OUTCOME = select(
    Recipient.id, Recipient.email, Recipient.state, Recipient.provider, Recipient.delivery, Recipient.attempts,
    Recipient.last_error, Recipient.updated_at,
)  # fmt: skip


@cache
def _page(states: tuple[RecipientState, ...]) -> Rows:
    """One SELECT for each state, since an index has the order within a state. One for all would have to sort."""
    of_mailing = select(Recipient.id).where(Recipient.mailing_id == bindparam("mailing"))
    found = union_all(*(of_mailing.where(Recipient.state == state) for state in states)).order_by("id")
    shown = found.limit(bindparam("size")).offset(bindparam("skipped"))
    return _OUTCOME.where(Recipient.id.in_(shown)).order_by(Recipient.id)
