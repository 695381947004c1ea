"""Doubt, named: what a dead worker left between the `sending` mark and the record (S5, S11)."""

import logging
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, transaction
from eventmail.models import Attempt, Job, Mailing, Recipient
from eventmail.providers.base import Provider
from eventmail.sending import feedback
from eventmail.sending.claim import lapsed
from eventmail.states import MailingState, RecipientState

log = logging.getLogger(__name__)

WORDS = "The worker stopped while this mail was being handed over; nobody can say whether it left"


def settle(provider: Provider, now: datetime) -> int:
    """Recipients whose lease ended between mark and record: doubt, or the same key again if the service honours keys.

    A cancelled message goes nowhere again, so there it is doubt in any case. Returns how many. At most once outranks
    the retry (S5).
    """
    under_way = select(Mailing.id).where(Mailing.n_sending > 0)  # cancelled ones too: they have mails on their way
    left = [
        Recipient.mailing_id.in_(under_way),
        Recipient.state == RecipientState.SENDING,
        lapsed(now),
    ]
    if fresh().scalar(select(Recipient.id).where(*left).limit(1)) is None:
        return 0  # nearly always: no write lock for nothing
    values = {"claim_owner": None, "claim_until": None, "last_error": WORDS, "updated_at": now}
    goes_on = Recipient.mailing_id.in_(select(Mailing.id).where(Mailing.state == MailingState.SENDING))
    with transaction() as tx:
        settled = []
        if provider.honours_keys:
            again = [*left, goes_on]
            settled += records.move_recipients(tx, again, RecipientState.SENDING, RecipientState.QUEUED, **values)
        settled += records.move_recipients(tx, left, RecipientState.SENDING, RecipientState.UNKNOWN, **values)
        _explain(tx, settled, provider, now)
        feedback.prove(tx, settled, now)
    if settled:
        log.warning("a worker stopped during hand-over", extra={"recipients": len(settled)})
    return len(settled)


def _explain(tx: Session, recipient_ids: list[int], provider: Provider, now: datetime) -> None:
    latest = (
        select(func.max(Job.run)).where(Job.mailing_id == Recipient.mailing_id).correlate(Recipient).scalar_subquery()
    )
    for chunk in records.chunks(recipient_ids, 500):
        rows = tx.execute(
            select(Recipient.id, Recipient.attempts, Job.request_id)
            .join(Job, Job.mailing_id == Recipient.mailing_id)
            .where(Recipient.id.in_(chunk), Job.run == latest)
        )
        tx.execute(
            insert(Attempt),
            [
                {
                    "recipient_id": row.id,
                    "number": row.attempts,
                    "request_id": f"{row.request_id}.{row.id}.{row.attempts}",
                    "provider": provider.name,
                    "outcome": "unclear",
                    "code": "",
                    "detail": WORDS,
                    "at": now,
                }
                for row in rows
            ],
        )
