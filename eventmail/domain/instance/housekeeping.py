"""What may be forgotten: answers under old keys, what was only looked at, links nobody can use any more."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, select

from eventmail.db import Base, fresh, transaction
from eventmail.domain.audience import snapshots
from eventmail.domain.people.throttle import WINDOW
from eventmail.models import (
    AccountMail,
    Content,
    IdempotencyRecord,
    LoginSession,
    Mailing,
    SegmentField,
    SignInLink,
    Snapshot,
    Throttle,
)
from eventmail.states import AccountMailState

KEYS_KEPT = timedelta(hours=24)  # for so long a repeated request gets its first answer again (S1)
PREVIEWS_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=1)
ACCOUNT_MAILS_KEPT = timedelta(days=30)
VALUES_KEPT = timedelta(days=1)  # no request that counts by them lasts so long


def purge(now: datetime) -> int:
    """Delete what is old enough: how many rows. Takes the write lock only when there is something to delete."""
    old: list[tuple[type[Base], list[ColumnElement[bool]]]] = [
        (IdempotencyRecord, [IdempotencyRecord.created_at < now - KEYS_KEPT]),
        (Content, [Content.created_at < now - PREVIEWS_KEPT, ~exists().where(Mailing.content_id == Content.id)]),
        (SignInLink, [SignInLink.expires_at < now - LINKS_KEPT]),
        (LoginSession, [LoginSession.expires_at < now - LINKS_KEPT]),
        (Snapshot, [Snapshot.created_at < now - snapshots.KEPT]),
        (SegmentField, [SegmentField.unused_since < now - VALUES_KEPT]),
        (
            AccountMail,
            [
                AccountMail.updated_at < now - ACCOUNT_MAILS_KEPT,
                AccountMail.state.not_in([AccountMailState.QUEUED, AccountMailState.SENDING]),
            ],
        ),
        (Throttle, [Throttle.since <= now - WINDOW]),
    ]
    there = [(model, where) for model, where in old if fresh().scalar(select(model.id).where(*where).limit(1))]
    if not there:
        return 0
    with transaction() as tx:
        return sum(len(tx.execute(delete(model).where(*where).returning(model.id)).all()) for model, where in there)
