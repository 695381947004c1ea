"""Whether the installation works: what waits for a worker, and whether the database takes what is written."""

from sqlalchemy import func, select, text

from eventmail.db import fresh, transaction
from eventmail.models import Job
from eventmail.states import JobState


def backlog() -> int:
    """How many runs wait for a worker or are under way."""
    return fresh().scalar(select(func.count()).select_from(Job).where(Job.state == JobState.RUNNING)) or 0


def prove_writable() -> None:
    """Write what is there already. Raises OperationalError when this process can not, at once when another writes."""
    with transaction(patience_ms=0) as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = version_num"))
