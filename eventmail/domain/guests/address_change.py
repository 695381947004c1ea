"""A waiting mail goes to another guest at the same address when its guest is deleted or gets another address (A7)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from eventmail.models import Exclusion, Guest, Mailing, Recipient
from eventmail.states import MAY_MOVE_ADDRESS, Reason, RecipientState


def pass_on(tx: Session, guest: Guest) -> None:
    """Hand the waiting and failed mails of `guest` to another guest at the address. Call it before the deletion."""
    waits = Recipient.state.in_(MAY_MOVE_ADDRESS)
    for recipient_id, mailing_id, _, heir in tx.execute(_heirs(Recipient.guest_id == guest.id, waits)).all():
        _inherit(tx, recipient_id, heir)
        others = _sharers(mailing_id, guest.id)
        tx.execute(delete(Exclusion).where(*others, Exclusion.guest_id == heir))
        tx.execute(update(Exclusion).where(*others).values(shares_with=heir))
        mailing = tx.get_one(Mailing, mailing_id)
        left = mailing.excluded.get(Reason.DUPLICATE_ADDRESS, 0) - 1
        counts = mailing.excluded | {str(Reason.DUPLICATE_ADDRESS): left}
        mailing.excluded = {reason: number for reason, number in counts.items() if number}


def pass_on_of_moved(tx: Session, where: Sequence[ColumnElement[bool]]) -> None:
    """Hand on the waiting mails of `where` whose guest has another address now, to a guest who still has the old one.

    The two guests change places: the exclusion now names the guest who moved.
    """
    moved = aliased(Guest)
    elsewhere = Recipient.guest_id.in_(select(moved.id).where(moved.address.is_distinct_from(Recipient.address)))
    waits = Recipient.state == RecipientState.QUEUED
    for recipient_id, mailing_id, before, heir in tx.execute(_heirs(*where, waits, elsewhere)).all():
        _inherit(tx, recipient_id, heir)
        others = _sharers(mailing_id, before)
        tx.execute(update(Exclusion).where(*others, Exclusion.guest_id == heir).values(guest_id=before))
        tx.execute(update(Exclusion).where(*others).values(shares_with=heir))


def _heirs(*where: ColumnElement[bool]) -> Select[int, int, int | None, int]:
    """(recipient, mailing, guest, heir). The heir was left out for sharing the address and still has it."""
    heir = aliased(Guest)
    shares = and_(Exclusion.mailing_id == Recipient.mailing_id, Exclusion.shares_with == Recipient.guest_id)
    return (
        select(Recipient.id, Recipient.mailing_id, Recipient.guest_id, func.min(heir.id))
        .join(Exclusion, shares)
        .join(heir, and_(heir.id == Exclusion.guest_id, heir.address == Recipient.address))
        .where(*where)
        .group_by(Recipient.id, Recipient.mailing_id, Recipient.guest_id)
    )


def _inherit(tx: Session, recipient_id: int, heir: int) -> None:
    """Give the mail to `heir`. The claim ends, since the worker has read the values of the other guest."""
    tx.execute(
        update(Recipient).where(Recipient.id == recipient_id).values(guest_id=heir, claim_owner=None, claim_until=None),
        execution_options={"synchronize_session": False},
    )


def _sharers(mailing_id: int, guest_id: int | None) -> list[ColumnElement[bool]]:
    return [Exclusion.mailing_id == mailing_id, Exclusion.shares_with == guest_id]
