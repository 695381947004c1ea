"""Signs of the installation's health: how much waits for a worker, and whether the database can be written."""

from datetime import datetime

from sqlalchemy import func, select, text

from eventmail.db import fresh, transaction
from eventmail.models import Job, Mailing
from eventmail.states import JobState, MailingState


def backlog(now: datetime) -> int:
    """How many runs wait for a worker or are under way, and how many scheduled messages are due and have none yet."""
    runs = select(func.count()).select_from(Job).where(Job.state == JobState.RUNNING)
    overdue = Mailing.state == MailingState.SCHEDULED, Mailing.send_at <= now
    due = select(func.count()).select_from(Mailing).where(*overdue)
    return fresh().scalar(select(runs.scalar_subquery() + due.scalar_subquery())) or 0


def prove_writable() -> None:
    """Write without changing anything. Raises OperationalError when that fails, at once when another process writes."""
    with transaction(patience_ms=0) as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = version_num"))
