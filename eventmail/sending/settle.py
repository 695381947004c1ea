"""Settling the mails that a dead worker left between the `sending` mark and the record (S5, S11)."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, sql, transaction
from eventmail.models import Attempt, Job, Mailing, Recipient
from eventmail.providers.base import Provider
from eventmail.sending import claim, dead_worker, dead_worker_journal, feedback
from eventmail.states import MailingState, RecipientState

log = logging.getLogger(__name__)


def settle(provider: Provider, now: datetime) -> int:
    """Settle the mails of dead workers; returns how many. Journals come first, since they may prove what is doubt."""
    return dead_worker.inherit(provider, now) + _doubt(provider, now)


def _doubt(provider: Provider, now: datetime) -> int:
    """Settle recipients whose lease ended between mark and record; returns how many.

    They are in doubt, or wait to be sent with the same key if the service honours keys, but not in a cancelled message:
    at most once outranks the retry (S5).
    """
    under_way = select(Mailing.id).where(Mailing.n_sending > 0)  # also cancelled ones: their mails may be on their way
    left = [Recipient.state == RecipientState.SENDING, claim.lapsed(now)]
    found = select(Recipient.mailing_id).where(Recipient.mailing_id.in_(under_way), *left).distinct()
    settled = 0
    for mailing_id in fresh().scalars(found).all():  # nearly always none: no write lock for nothing
        try:
            settled += _settle(mailing_id, left, provider, now)
        except IntegrityError:  # its counters contradict each other; that must not hold up all other messages
            log.exception("what a worker left could not be settled", extra={"mailing": mailing_id})
    if settled:
        log.warning("a worker stopped during hand-over", extra={"recipients": settled})
    return settled


def _settle(mailing_id: int, left: Sequence[ColumnElement[bool]], provider: Provider, now: datetime) -> int:
    values = {"claim_owner": None, "claim_until": None, "last_error": dead_worker_journal.WORDS, "updated_at": now}
    here = [Recipient.mailing_id == mailing_id, *left]
    goes_on = exists().where(Mailing.id == mailing_id, Mailing.state == MailingState.SENDING)
    with transaction() as tx:
        settled = []
        if provider.honours_keys:
            again = [*here, goes_on, Recipient.provider == provider.name]  # another service does not know the key
            settled += records.move_recipients(tx, again, RecipientState.SENDING, RecipientState.QUEUED, **values)
        settled += records.move_recipients(tx, here, RecipientState.SENDING, RecipientState.UNKNOWN, **values)
        _explain(tx, settled, now)
        feedback.prove(tx, settled, now)
    return len(settled)


def _explain(tx: Session, recipient_ids: list[int], now: datetime) -> None:
    latest = (
        select(func.max(Job.run)).where(Job.mailing_id == Recipient.mailing_id).correlate(Recipient).scalar_subquery()
    )
    for chunk in sql.chunks(recipient_ids, 500):
        rows = tx.execute(
            select(Recipient.id, Recipient.attempts, Recipient.provider, Job.request_id)
            .join(Job, Job.mailing_id == Recipient.mailing_id)
            .where(Recipient.id.in_(chunk), Job.run == latest)
        )
        attempts = [
            {
                "recipient_id": row.id, "number": row.attempts,
                "request_id": f"{row.request_id}.{row.id}.{row.attempts}",
                "provider": row.provider,  # the service of the mail, whichever is set now (S13)
                "outcome": "unclear", "code": "", "detail": dead_worker_journal.WORDS, "at": now,
            }
            for row in rows
        ]  # fmt: skip
        tx.execute(insert(Attempt), attempts)
