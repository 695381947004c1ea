"""Guests who share an address: when the one who was greeted is deleted, the next one takes the waiting mail over."""

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from eventmail.models import Exclusion, Guest, Mailing, Recipient
from eventmail.states import Reason, RecipientState


def pass_on(tx: Session, guest: Guest) -> None:
    """Mails that wait for `guest` and for somebody at the same address are the other's from now on (A7)."""
    sharing = select(Exclusion.mailing_id, func.min(Exclusion.guest_id)).where(Exclusion.shares_with == guest.id)
    for mailing_id, heir in tx.execute(sharing.group_by(Exclusion.mailing_id)).all():
        if heir is None:
            continue
        passed = tx.execute(
            update(Recipient)
            .where(
                Recipient.mailing_id == mailing_id,
                Recipient.guest_id == guest.id,
                Recipient.state == RecipientState.QUEUED,
                exists().where(Guest.id == heir, Guest.address == Recipient.address),
            )
            .values(guest_id=heir)
            .returning(Recipient.id),
            execution_options={"synchronize_session": False},
        ).all()
        if passed:
            _no_longer_left_out(tx, mailing_id, guest, heir)


def _no_longer_left_out(tx: Session, mailing_id: int, guest: Guest, heir: int) -> None:
    others = [Exclusion.mailing_id == mailing_id, Exclusion.shares_with == guest.id]
    tx.execute(delete(Exclusion).where(*others, Exclusion.guest_id == heir))
    tx.execute(update(Exclusion).where(*others).values(shares_with=heir))
    mailing = tx.get_one(Mailing, mailing_id)
    left = mailing.excluded.get(Reason.DUPLICATE_ADDRESS, 0) - 1
    counts = mailing.excluded | {str(Reason.DUPLICATE_ADDRESS): left}
    mailing.excluded = {reason: number for reason, number in counts.items() if number}
