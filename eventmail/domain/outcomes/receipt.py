"""The receipt of a mailing: all that is known about it, and a hash that verifies a kept copy."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from eventmail.db import Rows, fresh
from eventmail.domain import audit_log, mail_services
from eventmail.domain.mailings import origin, query
from eventmail.domain.mailings.origin import BasedOn
from eventmail.domain.outcomes import attempts
from eventmail.models import AuditEntry, Content, Exclusion, Guest, Job, Mailing, Recipient
from eventmail.models.guest import full_name

_BATCH = 500


@dataclass(frozen=True)
class Line:
    """One recipient's outcome. `request_ids` are of its attempts, oldest first; `provider` had the last attempt."""

    email: str
    name: str
    state: str
    delivery: str | None
    attempts: int
    last_error: str | None
    updated_at: datetime
    request_ids: tuple[str, ...]
    provider: str | None


@dataclass(frozen=True)
class LeftOut:
    """A guest who was in the audience and did not get it."""

    email: str | None
    name: str
    reason: str


@dataclass(frozen=True)
class Receipt:
    """A mailing as it stands; `digest` is that of `digest_of`, `shares` tells practice from mail that left."""

    mailing: Mailing
    content: Content
    jobs: Sequence[Job]
    log: Sequence[AuditEntry]
    shares: mail_services.Shares
    digest: str
    based: BasedOn | None  # the design of its text


def receipt(event_id: int, mailing_id: int) -> Receipt:
    """The receipt of one mailing. Raises NotFound. Read `lines` and `left_out` in the same request: one snapshot."""
    mailing = query.find(event_id, mailing_id)
    jobs = fresh().scalars(select(Job).where(Job.mailing_id == mailing_id).order_by(Job.run)).all()
    content = query.content(mailing)
    history, digest = audit_log.of_mailing(event_id, mailing_id), digest_of(mailing, content)
    based = origin.of_each([mailing]).get(mailing.id)
    return Receipt(mailing, content, jobs, history, mail_services.shares(mailing), digest, based)


def digest_of(mailing: Mailing, content: Content) -> str:
    """SHA-256 (hex) over lines of compact JSON: the mailing's facts, each left-out guest, each recipient."""
    created_at = mailing.created_at.astimezone(UTC).isoformat()
    digest = hashlib.sha256(_json([mailing.key, mailing.kind, created_at, content.hash, mailing.audience]))
    for guest in left_out(mailing.id):
        digest.update(_json([guest.email, guest.reason]))
    for line in lines(mailing.id):
        digest.update(_json([line.email, line.state, line.delivery, *line.request_ids]))
    return digest.hexdigest()


def lines(mailing_id: int) -> Iterator[Line]:
    """Every recipient in the order they were frozen; two queries for each 500 of them."""
    found = (
        select(Recipient.id, Recipient.email, Guest.first_name, Guest.last_name, Recipient.state, Recipient.delivery,
               Recipient.attempts, Recipient.last_error, Recipient.updated_at, Recipient.provider)
        .outerjoin(Guest, Guest.id == Recipient.guest_id)
        .where(Recipient.mailing_id == mailing_id)
        .order_by(Recipient.id)
    )  # fmt: skip
    for batch in _batches(found):
        told = attempts.request_ids([row.id for row in batch])
        for row in batch:
            yield Line(
                row.email, _name(row), row.state, row.delivery, row.attempts, row.last_error, row.updated_at,
                tuple(told.get(row.id, ())), row.provider,
            )  # fmt: skip


def left_out(mailing_id: int) -> Iterator[LeftOut]:
    """Every guest who was in the audience and won't get it, with the one reason (A2)."""
    found = (
        select(Exclusion.id, Exclusion.email, Guest.first_name, Guest.last_name, Exclusion.reason)
        .outerjoin(Guest, Guest.id == Exclusion.guest_id)
        .where(Exclusion.mailing_id == mailing_id)
        .order_by(Exclusion.id)
    )
    yield from (LeftOut(row.email, _name(row), row.reason) for batch in _batches(found) for row in batch)


def _batches(statement: Rows) -> Iterator[Sequence[Any]]:
    yield from fresh().execute(statement.execution_options(yield_per=_BATCH)).partitions(_BATCH)


def _name(row: Any) -> str:
    return full_name(row.first_name or "", row.last_name or "")


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"
