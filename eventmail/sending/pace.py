"""The pace that all workers share: a bucket of turns in one row of the database (S10)."""

from datetime import datetime, timedelta

from sqlalchemy import select

from eventmail.db import transaction
from eventmail.models import Pace

BURST_SECONDS = 0.2  # of turns that may be used at once after a pause, so that a group costs one commit


def take(wanted: int, per_second: float, now: datetime) -> tuple[int, float]:
    """Take up to `wanted` turns of the shared pace; returns (turns granted, seconds until the next)."""
    turn = timedelta(seconds=1 / per_second)
    capacity = max(1, int(per_second * BURST_SECONDS))
    with transaction() as tx:
        pace = tx.scalars(select(Pace).limit(1)).one_or_none()
        if pace is None:
            pace = Pace(empty_until=now - capacity * turn)
            tx.add(pace)
        # after the clock was set back, nobody must wait until it has caught up
        empty = now if pace.empty_until > now + timedelta(seconds=1) + turn else pace.empty_until
        empty = max(empty, now - capacity * turn)
        granted = min(wanted, max(0, int((now - empty) / turn + 1e-9)))
        pace.empty_until = empty + granted * turn
    return granted, max(0.0, (pace.empty_until + turn - now).total_seconds())
