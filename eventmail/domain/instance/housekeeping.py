"""Deleting old rows: answers under old keys, texts that were only looked at, links nobody can use any more."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.exc import IntegrityError

from eventmail.db import Base, fresh, sql, transaction
from eventmail.domain.audience import snapshots
from eventmail.domain.designs import presence
from eventmail.domain.people.throttle import WINDOW
from eventmail.models import (
    AccountMail,
    Content,
    DesignOpen,
    IdempotencyRecord,
    LoginSession,
    SegmentField,
    SignInLink,
    Snapshot,
    Throttle,
)
from eventmail.states import OPEN_ACCOUNT_MAIL

KEYS_KEPT = timedelta(hours=24)  # a repeated request gets its first answer again for this long (S1)
PREVIEWS_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=1)
ACCOUNT_MAILS_KEPT = timedelta(days=30)
VALUES_KEPT = timedelta(days=1)  # longer than any request that counts by them

log = logging.getLogger(__name__)


def purge(now: datetime) -> int:
    """Delete what is old enough; returns how many rows. Takes the write lock only when there is something to delete."""
    old: list[tuple[type[Base], list[ColumnElement[bool]]]] = [
        (IdempotencyRecord, [IdempotencyRecord.created_at < now - KEYS_KEPT]),
        (Content, [Content.created_at < now - PREVIEWS_KEPT, *_without_owner()]),
        (SignInLink, [SignInLink.expires_at < now - LINKS_KEPT]),
        (LoginSession, [LoginSession.expires_at < now - LINKS_KEPT]),
        (Snapshot, [Snapshot.created_at < now - snapshots.KEPT]),
        (DesignOpen, [DesignOpen.seen_at < now - presence.GONE]),
        (SegmentField, [SegmentField.unused_since < now - VALUES_KEPT]),
        (AccountMail, [AccountMail.updated_at < now - ACCOUNT_MAILS_KEPT, *_over()]),
        (Throttle, [Throttle.since <= now - WINDOW]),
    ]
    return sum(_forget(model, where, fresh().scalars(select(model.id).where(*where)).all()) for model, where in old)


def _over() -> list[ColumnElement[bool]]:
    """The conditions of account mails that need no row. That of a result stays, so that no retry tells it again."""
    return [AccountMail.state.not_in(OPEN_ACCOUNT_MAIL), AccountMail.mailing_id.is_(None)]


def _without_owner() -> list[ColumnElement[bool]]:
    """The conditions that no row of any table points at a text."""
    keys = (key for table in Base.metadata.tables.values() for key in table.foreign_keys)
    return [~exists().where(key.parent == Content.id) for key in keys if key.column is Content.__table__.c.id]


def _forget(model: type[Base], where: Sequence[ColumnElement[bool]], ids: Sequence[int]) -> int:
    """Delete those of `ids` for which `where` still holds; returns how many. Logs a row that a foreign key keeps."""
    if not ids:
        return 0
    try:
        with transaction() as tx:
            gone = delete(model).where(model.id.in_(sql.one_parameter(ids)), *where).returning(model.id)
            return len(tx.execute(gone).all())
    except IntegrityError as error:
        if len(ids) == 1:
            log.warning("%s %d is old, but something still refers to it: %s", model.__tablename__, ids[0], error.orig)
            return 0
    half = len(ids) // 2
    return _forget(model, where, ids[:half]) + _forget(model, where, ids[half:])
