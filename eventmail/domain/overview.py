"""What the overview of an event shows."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select, text

from eventmail.db import fresh, transaction
from eventmail.domain import picker
from eventmail.models import Content, Job, Mailing
from eventmail.states import GuestStatus, JobState, MailingKind, MailingState

ATTENTION = 5  # so many mailings are named one by one


@dataclass(frozen=True)
class Named:
    """A mailing and its subject."""

    mailing: Mailing
    subject: str


@dataclass(frozen=True)
class Stopped:
    """A mailing that stands still, and why."""

    mailing_id: int
    subject: str
    reason: str


@dataclass(frozen=True)
class Facts:
    """Guests by status, the newest mailing, how many are being sent, and the mailings that wait for a look.

    `stopped` are those of which nothing can leave, each with the mail service's reason (S12).
    """

    by_status: dict[GuestStatus, int]
    last: Named | None
    running: int
    failed: int
    unknown: int
    attention: tuple[Named, ...]
    stopped: tuple[Stopped, ...]

    @property
    def guests(self) -> int:
        return sum(self.by_status.values())


def facts(event_id: int) -> Facts:
    """At most five queries, whatever the size of the event."""
    session = fresh()
    ours = (Mailing.event_id == event_id, Mailing.kind != MailingKind.TEST)
    newest = (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(*ours)
        .order_by(Mailing.created_at.desc(), Mailing.id.desc())  # a draft's id is older than its sending
    )
    last = session.execute(newest.limit(1)).one_or_none()
    running, failed, unknown = session.execute(
        select(
            func.count().filter(Mailing.state == MailingState.SENDING),
            func.coalesce(func.sum(Mailing.n_failed), 0),
            func.coalesce(func.sum(Mailing.n_unknown), 0),
        ).where(*ours)
    ).one()
    waiting = newest.where(or_(Mailing.n_failed > 0, Mailing.n_unknown > 0)).limit(ATTENTION)
    return Facts(
        picker.by_status(event_id),
        Named(*last) if last else None,
        running,
        failed,
        unknown,
        tuple(Named(*row) for row in session.execute(waiting)) if failed or unknown else (),
        _stopped(event_id) if running else (),
    )


def _stopped(event_id: int) -> tuple[Stopped, ...]:
    rows = (
        select(Mailing.id, Content.subject, Job.stopped)
        .join(Content, Content.id == Mailing.content_id)
        .join(Job, Job.mailing_id == Mailing.id)
        .where(Mailing.event_id == event_id, Job.state == JobState.RUNNING, Job.stopped.is_not(None))
        .order_by(Mailing.id.desc())
        .limit(ATTENTION)
    )
    return tuple(Stopped(row.id, row.subject, row.stopped or "") for row in fresh().execute(rows))


def backlog() -> int:
    """How many runs wait for a worker or are under way."""
    return fresh().scalar(select(func.count()).select_from(Job).where(Job.state == JobState.RUNNING)) or 0


def prove_writable() -> None:
    """Write what is there already. Raises OperationalError when this process can not."""
    with transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = version_num"))
