"""A worker's sign of life, and the renewal of its leases."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, delete, func, select, update

from eventmail.db import fresh, transaction
from eventmail.models import Recipient, Worker
from eventmail.providers.base import Waits
from eventmail.sending.claim import LEASE, owner
from eventmail.sending.handover import in_flight
from eventmail.states import RecipientState

EVERY_SECONDS = 5.0
NAMED_SECONDS = 10.0  # a wait this long is told
ALIVE = timedelta(seconds=15)
WORKER_COMMAND = ".venv/bin/eventmail worker"
_FORGOTTEN = timedelta(days=1)
_SEEN = select(func.max(Worker.seen_at)).where(Worker.seen_at <= bindparam("latest"))  # built once


@dataclass(frozen=True)
class Waiting:
    """What mail waits for, as in "the mail server mail.example to greet", and since when."""

    words: str
    since: datetime


def beat(now: datetime, waits: Waits | None = None) -> None:
    """Record that this process lives and what it waits for, and extend the lease of its group in hand."""
    held, since = in_flight.ids, time.monotonic()
    kept: Sequence[Row[int]] = ()
    long = waits if waits and waits.seconds >= NAMED_SECONDS else None
    said = {
        "seen_at": now,
        "waits_for": long.words if long else None,
        "waits_since": now - timedelta(seconds=long.seconds) if long else None,
    }
    with transaction() as tx:
        seen = tx.execute(update(Worker).where(Worker.owner == owner()).values(**said).returning(Worker.id)).all()
        if not seen:
            tx.add(Worker(owner=owner(), started_at=now, **said))
            tx.flush()
            tx.execute(delete(Worker).where(Worker.seen_at < now - _FORGOTTEN))
        if held:
            ours = [Recipient.id.in_(held), Recipient.claim_owner == owner(), Recipient.state == RecipientState.SENDING]
            longer = update(Recipient).where(*ours).values(claim_until=now + LEASE).returning(Recipient.id)
            kept = tx.execute(longer, execution_options={"synchronize_session": False}).all()
    if held and len(kept) == len(held) and in_flight.ids == held:
        in_flight.renewed(since)


def gone() -> None:
    """Stop counting this process as alive, when it ends in order."""
    with transaction() as tx:
        tx.execute(delete(Worker).where(Worker.owner == owner()))


def age(now: datetime) -> float | None:
    """Seconds since any worker was last seen, or None when none ever was."""
    # a sign from the future was given before the clock was set back: a living worker has given another one since
    seen = fresh().scalar(_SEEN, {"latest": now + ALIVE})
    return max(0.0, (now - seen).total_seconds()) if seen else None


def waiting(now: datetime) -> Waiting | None:
    """The longest wait of a living worker; None while mail leaves."""
    here = [Worker.seen_at >= now - ALIVE, Worker.seen_at <= now + ALIVE, Worker.waits_since.is_not(None)]
    waits = select(Worker.waits_for, Worker.waits_since).where(*here).order_by(Worker.waits_since)
    row = fresh().execute(waits).first()
    return Waiting(row.waits_for or "", row.waits_since) if row else None


def alive(now: datetime) -> bool:
    """Whether a worker was seen recently."""
    return is_recent(age(now))


def is_recent(seconds: float | None) -> bool:
    """Whether a worker that was seen so many seconds ago counts as alive; None means never."""
    return seconds is not None and seconds <= ALIVE.total_seconds()
