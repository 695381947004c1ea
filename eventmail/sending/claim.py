"""Claims: a lease on recipients that stay `queued`, so that a cancellation beats a claim (S11)."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.sql.elements import ColumnElement, SQLCoreOperations

from eventmail import ids
from eventmail.db import fresh, transaction
from eventmail.domain import merge
from eventmail.models import Guest, Job, Recipient
from eventmail.states import JobState, RecipientState

CLAIM_LEASE = timedelta(seconds=6)  # a turn takes two; short, since nothing happens to the rows of a dead worker
LEASE = timedelta(seconds=20)  # from the mark on, renewed by the heartbeat; at its end a recipient is in doubt
SET_BACK = timedelta(minutes=1)  # what lies this much too far ahead was written before the clock was set back
BATCH = 200


@dataclass(frozen=True)
class Claimed:
    """A recipient this worker may hand over until its lease ends.

    `attempt` is the number of the coming attempt, `try_` the same within this run (both from 1).
    """

    id: int
    email: str
    address: str
    attempt: int
    try_: int
    values: Mapping[str, str]


@cache
def owner() -> str:
    """This process, under a name that no other process ever had."""
    return _named(os.getpid())


def _named(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{ids.token(8)}"


def claim(job: Job, now: datetime, limit: int = BATCH) -> list[Claimed]:
    """Lease up to `limit` due recipients of `job`: one UPDATE … RETURNING, then one query for all their guests."""
    running = (
        select(Job.id)
        .where(Job.id == job.id, Job.state == JobState.RUNNING, Job.stopped.is_(None), begun(now))
        .exists()
    )
    due = (
        select(Recipient.id)
        .where(Recipient.mailing_id == job.mailing_id, *claimable(now), running)
        .order_by(Recipient.id)
        .limit(limit)
    )
    with transaction() as tx:
        rows = tx.execute(
            update(Recipient)
            .where(Recipient.id.in_(due))
            .values(claim_owner=owner(), claim_until=now + CLAIM_LEASE)
            .returning(
                Recipient.id,
                Recipient.guest_id,
                Recipient.email,
                Recipient.address,
                Recipient.attempts,
                Recipient.tries,
            ),
            execution_options={"synchronize_session": False},
        ).all()
    guests = _values([row.guest_id for row in rows])
    return [
        Claimed(
            row.id,
            row.email,
            row.address,
            row.attempts + 1,
            row.tries + 1,
            guests.get(row.guest_id) or _nobody(row.email),
        )
        for row in sorted(rows, key=lambda row: row.id)
    ]


def release(recipient_ids: Sequence[int]) -> None:
    """Give back what this process claimed and did not get to."""
    if not recipient_ids:
        return
    with transaction() as tx:
        tx.execute(
            update(Recipient)
            .where(
                Recipient.id.in_(recipient_ids),
                Recipient.claim_owner == owner(),
                Recipient.state == RecipientState.QUEUED,
            )
            .values(claim_owner=None, claim_until=None),
            execution_options={"synchronize_session": False},
        )


def claimable(now: datetime) -> list[ColumnElement[bool]]:
    """Due, and nobody holds it."""
    return [
        Recipient.state == RecipientState.QUEUED,
        or_(Recipient.claim_until.is_(None), lapsed(now)),
        or_(
            Recipient.next_attempt_at.is_(None),
            Recipient.next_attempt_at <= now,
            written_ahead(Recipient.updated_at, now),
        ),
    ]


def begun(now: datetime) -> ColumnElement[bool]:
    """Whether the undo period of a job is over."""
    return or_(Job.starts_at <= now, written_ahead(Job.created_at, now))


def written_ahead(at: SQLCoreOperations[datetime], now: datetime) -> ColumnElement[bool]:
    """Whether a row was written `at` a time still to come: the clock was set back since.

    How long what it names was to wait is not known then. Early is better than hours late: it was due soon.
    """
    return at > now + SET_BACK


def lapsed(now: datetime) -> ColumnElement[bool]:
    """Whether a lease has ended, also one that a clock set back since would let live for hours."""
    return or_(Recipient.claim_until <= now, Recipient.claim_until > now + LEASE + SET_BACK)


def _values(guest_ids: Sequence[int | None]) -> dict[int | None, Mapping[str, str]]:
    rows = fresh().execute(
        select(Guest.id, Guest.first_name, Guest.last_name, Guest.email, Guest.attributes).where(
            and_(Guest.id.in_([guest_id for guest_id in guest_ids if guest_id is not None]))
        )
    )
    return {row.id: _guest(row) for row in rows}


def _guest(row: Any) -> Mapping[str, str]:
    return merge.guest_values(row.first_name, row.last_name, row.email or "", row.attributes)


def _nobody(email: str) -> Mapping[str, str]:
    return merge.guest_values("", "", email, {})
