"""What the tracker shows: counters, rate, time left, the worker's sign of life (T1, T2). No row is counted here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from eventmail.db import fresh
from eventmail.domain import mailings
from eventmail.models import Attempt, Job, Mailing, Recipient
from eventmail.sending import heartbeat
from eventmail.sending.drain import next_due
from eventmail.states import MailingState, RecipientState

_SETTLED = frozenset(RecipientState) - {RecipientState.QUEUED, RecipientState.SENDING}
_MILESTONES = (100, 75, 50, 25, 0)


@dataclass(frozen=True)
class Progress:
    """One run as its tracker shows it. `rate` is recipients a second, `left` seconds; None while nothing is known."""

    mailing: Mailing
    job: Job
    counts: Mapping[RecipientState, int]
    now: datetime
    worker_age: float | None
    rate: float | None
    left: float | None
    next_try: datetime | None

    @property
    def over(self) -> bool:
        """Whether nothing will change by itself any more; a cancelled run may have mails on their way."""
        return self.mailing.state != MailingState.SENDING and not self.counts[RecipientState.SENDING]

    @property
    def cancelled(self) -> bool:
        return self.mailing.state == MailingState.CANCELLED

    @property
    def finished(self) -> bool:
        return self.mailing.state == MailingState.FINISHED

    @property
    def undoable(self) -> bool:
        """Whether nothing has left yet and nothing will for a moment (S7)."""
        waiting = self.counts[RecipientState.QUEUED] == self.total and self.job.run == 1
        return not self.over and waiting and self.job.starts_at > self.now

    @property
    def total(self) -> int:
        return self.mailing.recipient_count

    @property
    def settled(self) -> int:
        return sum(self.counts[state] for state in _SETTLED)

    @property
    def worker_alive(self) -> bool:
        return self.worker_age is not None and self.worker_age <= heartbeat.ALIVE.total_seconds()

    @property
    def poll_seconds(self) -> int | None:
        """How long the page waits before it asks again; None when there is nothing more to ask (T2)."""
        if self.over or self.job.stopped:
            return None
        age = (self.now - self.job.created_at).total_seconds()
        return 1 if age < 60 else 3 if age < 600 else 10

    @property
    def milestone(self) -> int:
        """The last quarter that was passed, in percent; announced, unlike each step."""
        percent = 100 * self.settled // self.total if self.total else 100
        return next(step for step in _MILESTONES if percent >= step)


def progress(mailing: Mailing, now: datetime) -> Progress:
    """The tracker of a mailing in three queries, whatever its size."""
    job = mailings.last_job(mailing.id)
    counts = mailing.counts
    settled = sum(counts[state] for state in _SETTLED)
    running = (now - job.started_at).total_seconds() if job.started_at and not job.finished_at else 0.0
    rate = settled / running if running >= 1 and settled else None
    waiting = next_due(job.id) if counts[RecipientState.QUEUED] and not settled_lately(counts) else None
    return Progress(
        mailing=mailing,
        job=job,
        counts=counts,
        now=now,
        worker_age=heartbeat.age(now),
        rate=rate,
        left=(mailing.recipient_count - settled) / rate if rate else None,
        next_try=waiting if waiting and waiting > now else None,
    )


def settled_lately(counts: Mapping[RecipientState, int]) -> bool:
    """Whether something is being handed over right now, so that no next try needs to be named."""
    return counts[RecipientState.SENDING] > 0


def recipients(mailing_id: int, state: RecipientState | None) -> Select[Recipient]:
    """The recipients of a mailing in the order they were frozen, of one state or of all."""
    statement = select(Recipient).where(Recipient.mailing_id == mailing_id).order_by(Recipient.id)
    return statement.where(Recipient.state == state) if state else statement


def request_ids(recipient_ids: Sequence[int]) -> dict[int, list[str]]:
    """The request ids of every attempt, by recipient, oldest first; one query for a page."""
    found: dict[int, list[str]] = {}
    rows = fresh().execute(
        select(Attempt.recipient_id, Attempt.request_id)
        .where(Attempt.recipient_id.in_(recipient_ids))
        .order_by(Attempt.recipient_id, Attempt.number)
    )
    for recipient_id, request_id in rows:
        found.setdefault(recipient_id, []).append(request_id)
    return found
