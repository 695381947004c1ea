"""The facts that the overview of an event shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select

from eventmail import records
from eventmail.db import fresh, service
from eventmail.domain import mail_services
from eventmail.domain.audience import picker
from eventmail.domain.mailings import query
from eventmail.models import Content, Job, Mailing
from eventmail.states import GuestStatus, JobState, MailingState

ATTENTION = 5  # mailings that are named one by one


@dataclass(frozen=True)
class Named:
    """A mailing, its subject, and how much of it practice mode took."""

    mailing: Mailing
    subject: str
    shares: mail_services.Shares


@dataclass(frozen=True)
class Stopped:
    """A mailing that stands still, and why."""

    mailing_id: int
    subject: str
    reason: str


@dataclass(frozen=True)
class Facts:
    """Guests by status, the newest mailing, and mailings that need a look; practice needs none once mail leaves."""

    by_status: dict[GuestStatus, int]
    last: Named | None
    running: int
    failed: int
    unknown: int
    attention: tuple[Named, ...]
    stopped: tuple[Stopped, ...]  # by the mail service's refusal (S12), or since another one is set now (S13)

    @property
    def guests(self) -> int:
        return sum(self.by_status.values())


def facts(event_id: int) -> Facts:
    """At most nine queries, whatever the size of the event."""
    session = fresh()
    newest = query.newest_first(event_id)
    real = exists().where(Job.mailing_id == Mailing.id, records.counts(Job.provider))
    last = session.execute(newest.limit(1)).one_or_none()
    running, failed, unknown = session.execute(
        select(
            func.count().filter(Mailing.state == MailingState.SENDING),
            func.coalesce(func.sum(Mailing.n_failed).filter(real), 0),
            func.coalesce(func.sum(Mailing.n_unknown).filter(real), 0),
        ).where(*query.of_event(event_id))
    ).one()
    waiting = newest.where(or_(Mailing.n_failed > 0, Mailing.n_unknown > 0), real).limit(ATTENTION)
    return Facts(
        picker.by_status(event_id), _named([last])[0] if last else None, running, failed, unknown,
        tuple(_named(session.execute(waiting).all())) if failed or unknown else (),
        _stopped(event_id) if running else (),
    )  # fmt: skip


def _named(rows: Sequence[Any]) -> list[Named]:
    shares = mail_services.shares_of([row[0] for row in rows])
    return [Named(mailing, subject, shares[mailing.id]) for mailing, subject in rows]


def _stopped(event_id: int) -> tuple[Stopped, ...]:
    stands = or_(Job.stopped.is_not(None), Job.provider.is_distinct_from(service()))
    rows = (
        select(Mailing.id, Content.subject, Job.stopped, Job.provider)
        .join(Content, Content.id == Mailing.content_id)
        .join(Job, Job.mailing_id == Mailing.id)
        .where(Mailing.event_id == event_id, Job.state == JobState.RUNNING, stands)
        .order_by(Mailing.id.desc())
        .limit(ATTENTION)
    )
    return tuple(
        Stopped(row.id, row.subject, (row.stopped or "") if row.provider == service()
                else mail_services.asks(row.provider, service()).rstrip("."))
        for row in fresh().execute(rows)
    )  # fmt: skip
