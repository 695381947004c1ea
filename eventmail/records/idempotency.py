"""Answers that are kept under a key, so that a repeated request gets the same one (S1)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail.db.sql import erased_form
from eventmail.errors import IdempotencyKeyReused
from eventmail.models import IdempotencyRecord
from eventmail.records.acting import Acting


def body_hash(body: Mapping[str, Any]) -> str:
    """Returns a fingerprint of a request's body, whatever the order of its members."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Keyed:
    """An idempotency key with its owner (`scope`) and the fingerprint of the request that uses it."""

    scope: str
    key: str
    fingerprint: str


def replayable(session: Session, keyed: Keyed) -> IdempotencyRecord | None:
    """Returns the answer under this key, None while the key is free.

    Raises IdempotencyKeyReused when the key was used for another body.
    """
    either = IdempotencyRecord.key.in_([keyed.key, erased_form(keyed.key)])
    asked = select(IdempotencyRecord).where(IdempotencyRecord.scope == keyed.scope, either)
    found = session.scalars(asked).one_or_none()
    if found and found.body_hash != keyed.fingerprint:
        raise IdempotencyKeyReused
    return found


def remember(
    tx: Session, keyed: Keyed, mailing_id: int | None, answer: Mapping[str, Any], by: Acting, *, status: int = 202
) -> None:
    """Keep the answer to the request that used this key (S1). Runs in the caller's transaction."""
    asked = {"scope": keyed.scope, "key": keyed.key, "body_hash": keyed.fingerprint, "created_at": by.now}
    tx.add(IdempotencyRecord(**asked, mailing_id=mailing_id, status=status, answer=dict(answer)))
