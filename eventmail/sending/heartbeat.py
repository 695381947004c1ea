"""A worker's sign of life, and the renewal of what it has in hand."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, delete, func, select, update

from eventmail.db import fresh, transaction
from eventmail.models import Recipient, Worker
from eventmail.sending.claim import LEASE, owner
from eventmail.sending.handover import in_flight
from eventmail.states import RecipientState

EVERY_SECONDS = 5.0
ALIVE = timedelta(seconds=15)
WORKER_COMMAND = ".venv/bin/eventmail worker"  # what starts one, for whoever runs this
_FORGOTTEN = timedelta(days=1)
_SEEN = select(func.max(Worker.seen_at)).where(Worker.seen_at <= bindparam("latest"))  # built once


def beat(now: datetime) -> None:
    """Say that this process lives, and extend the lease of the group it is handing over."""
    held, since = in_flight.ids, time.monotonic()
    kept: Sequence[Row[int]] = ()
    with transaction() as tx:
        seen = tx.execute(update(Worker).where(Worker.owner == owner()).values(seen_at=now).returning(Worker.id)).all()
        if not seen:
            tx.add(Worker(owner=owner(), started_at=now, seen_at=now))
            tx.flush()
            tx.execute(delete(Worker).where(Worker.seen_at < now - _FORGOTTEN))
        if held:
            kept = tx.execute(
                update(Recipient)
                .where(
                    Recipient.id.in_(held),
                    Recipient.claim_owner == owner(),
                    Recipient.state == RecipientState.SENDING,
                )
                .values(claim_until=now + LEASE)
                .returning(Recipient.id),
                execution_options={"synchronize_session": False},
            ).all()
    if held and len(kept) == len(held) and in_flight.ids == held:
        in_flight.renewed(since)


def gone() -> None:
    """This process ends in order: it is no longer counted as alive."""
    with transaction() as tx:
        tx.execute(delete(Worker).where(Worker.owner == owner()))


def age(now: datetime) -> float | None:
    """Seconds since any worker was last seen, or None when none ever was."""
    # a sign still to come was given before the clock was set back: who lives has given a newer one since
    seen = fresh().scalar(_SEEN, {"latest": now + ALIVE})
    return max(0.0, (now - seen).total_seconds()) if seen else None


def alive(now: datetime) -> bool:
    """Whether some worker was seen lately."""
    return is_recent(age(now))


def is_recent(seconds: float | None) -> bool:
    """Whether a worker that was seen so long ago counts as alive; None is never."""
    return seconds is not None and seconds <= ALIVE.total_seconds()
