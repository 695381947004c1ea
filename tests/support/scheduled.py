"""A message that was sent turned into one that had been scheduled, whatever became of it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import Mailing, Schedule
from eventmail.states import NotSent

ZONE = "Europe/Berlin"


def scheduled(mailing_id: int, due: datetime, *, why: NotSent | None = None, **values: Any) -> None:
    """As if the mailing had been scheduled for `due`; `values` are other columns of it."""
    with transaction() as tx:
        tx.execute(update(Mailing).where(Mailing.id == mailing_id).values(send_at=due, **values))
        mailing = tx.get_one(Mailing, mailing_id)
        tx.add(
            Schedule(
                mailing_id=mailing_id, wall=due.replace(tzinfo=None), timezone=ZONE, fold=0, relative=None,
                edit_cutoff_at=due - timedelta(minutes=15), audience_mode="at_due",
                scheduled_count=mailing.recipient_count, scheduled_by=mailing.created_by, scheduled_at=due,
                service="outbox", revision=1, not_sent=why,
            )
        )  # fmt: skip
