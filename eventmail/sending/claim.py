"""Claims: a lease on recipients that stay `queued`, so that a cancellation beats a claim (S11)."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_, select, update
from sqlalchemy.sql.elements import SQLCoreOperations

from eventmail import ids
from eventmail.db import UtcDateTime, core, fresh, transaction
from eventmail.domain.mailings import merge_values
from eventmail.models import Guest, Job, Recipient
from eventmail.states import JobState, RecipientState

CLAIM_LEASE = timedelta(seconds=6)  # a turn takes two; short, since the claims of a dead worker wait for its end
LEASE = timedelta(seconds=20)  # from the mark on, renewed by the heartbeat; at its end a recipient is in doubt
SET_BACK = timedelta(minutes=1)  # a time further ahead than this was written before the clock was set back
BATCH = 200
GROUP = 20  # the most rows that a worker process has in `sending` (S11)


@dataclass(frozen=True)
class Claimed:
    """A recipient this worker may hand over until its lease ends."""

    id: int
    email: str
    address: str
    attempt: int  # the number of the coming attempt, from 1
    try_: int  # the same within this run
    values: Mapping[str, str]
    guest_id: int | None = None


@cache
def owner() -> str:
    """The name of this process, which no other process ever had."""
    return f"{socket.gethostname()}:{os.getpid()}:{ids.token(8)}"


os.register_at_fork(after_in_child=owner.cache_clear)


def claim(job: Job, now: datetime, limit: int = BATCH) -> list[Claimed]:
    """Lease up to `limit` due recipients of `job`: one UPDATE … RETURNING, then one query for all their guests."""
    given = _due_now(job, now, limit) | {"until": now + CLAIM_LEASE, "owner": owner()}
    with transaction() as tx:
        rows = core(tx).execute(_CLAIM, given).all()
    guests = _values([row.guest_id for row in rows])
    return [
        Claimed(
            row.id, row.email, row.address, row.attempts + 1, row.tries + 1,
            guests.get(row.guest_id) or merge_values.guest_values("", "", row.email, {}), row.guest_id,
        )
        for row in sorted(rows, key=lambda row: (row.tries, row.id))  # refused ones last: they hold up nobody (S12)
    ]  # fmt: skip


def is_due(job: Job, now: datetime) -> bool:
    """Whether a recipient can be claimed."""
    return fresh().connection().execute(_DUE, _due_now(job, now, 1)).first() is not None


def _due_now(job: Job, now: datetime, limit: int) -> dict[str, Any]:
    return {
        "job": job.id,
        "mailing": job.mailing_id,
        "now": now,
        "ahead": now + SET_BACK,  # see `written_ahead`
        "too_late": now + LEASE + SET_BACK,
        "at_most": limit,
    }


def release(recipient_ids: Sequence[int]) -> None:
    """Give back claimed recipients that are still `queued`."""
    if not recipient_ids:
        return
    ours = Recipient.id.in_(recipient_ids), Recipient.claim_owner == owner(), Recipient.state == RecipientState.QUEUED
    with transaction() as tx:
        free = update(Recipient).where(*ours).values(claim_owner=None, claim_until=None)
        tx.execute(free, execution_options={"synchronize_session": False})


def written_ahead(at: SQLCoreOperations[datetime], now: datetime) -> ColumnElement[bool]:
    """The condition that a row was written before the clock was set back; it counts as due, early rather than late."""
    return at > now + SET_BACK


def lapsed(now: datetime) -> ColumnElement[bool]:
    """The condition that a lease has ended, also one that would last for hours since the clock was set back."""
    return _lapsed(now, now + LEASE + SET_BACK)


def _lapsed(now: Any, too_late: Any) -> ColumnElement[bool]:
    return or_(Recipient.claim_until <= now, Recipient.claim_until > too_late)


# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_NOW, _AHEAD, _TOO_LATE = (bindparam(name, type_=UtcDateTime()) for name in ("now", "ahead", "too_late"))
_RUNNING = exists().where(
    Job.id == bindparam("job"),
    Job.state == JobState.RUNNING,
    Job.stopped.is_(None),
    or_(Job.starts_at <= _NOW, Job.created_at > _AHEAD),
)
_DUE = (
    select(Recipient.id)
    .where(
        Recipient.mailing_id == bindparam("mailing"),
        Recipient.state == RecipientState.QUEUED,
        or_(Recipient.claim_until.is_(None), _lapsed(_NOW, _TOO_LATE)),
        or_(Recipient.next_attempt_at.is_(None), Recipient.next_attempt_at <= _NOW, Recipient.updated_at > _AHEAD),
        _RUNNING,
    )
    .order_by(Recipient.id)
    .limit(bindparam("at_most"))
)
_CLAIM = (
    update(Recipient)
    .where(Recipient.id.in_(_DUE))
    .values(claim_owner=bindparam("owner"), claim_until=bindparam("until"))
    .returning(
        Recipient.id, Recipient.guest_id, Recipient.email, Recipient.address, Recipient.attempts, Recipient.tries
    )
)
_GUESTS = select(Guest.id, Guest.first_name, Guest.last_name, Guest.email, Guest.attributes).where(
    Guest.id.in_(bindparam("ids", expanding=True))
)


def _values(guest_ids: Sequence[int | None]) -> dict[int | None, Mapping[str, str]]:
    rows = fresh().connection().execute(_GUESTS, {"ids": [guest_id for guest_id in guest_ids if guest_id is not None]})
    of = merge_values.guest_values
    return {row.id: of(row.first_name, row.last_name, row.email or "", row.attributes) for row in rows}
