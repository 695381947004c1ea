"""Signs of the installation's health: how much waits for a worker, and whether the database can be written."""

from sqlalchemy import func, select, text

from eventmail.db import fresh, transaction
from eventmail.models import Job
from eventmail.states import JobState


def backlog() -> int:
    """How many runs wait for a worker or are under way."""
    return fresh().scalar(select(func.count()).select_from(Job).where(Job.state == JobState.RUNNING)) or 0


def prove_writable() -> None:
    """Write without changing anything. Raises OperationalError when that fails, at once when another process writes."""
    with transaction(patience_ms=0) as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = version_num"))
