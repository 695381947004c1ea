"""The rows of a mailing's recipients and exclusions. SQL writes them all, so no guest comes into Python."""

from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from eventmail.db import Rows, sqlite
from eventmail.domain.audience import exclusions
from eventmail.domain.audience import resolve as audiences
from eventmail.errors import NoRecipients
from eventmail.models import Exclusion, Guest, Mailing, Recipient
from eventmail.models.mailing import COUNTERS
from eventmail.records import Acting
from eventmail.states import Reason, RecipientState

_UNSYNCED = {"synchronize_session": False}


def write(tx: Session, mailing: Mailing, picked: audiences.Audience, by: Acting) -> None:
    """Write recipients and exclusions of a mailing, and count them. Raises NoRecipients.

    Runs in the caller's transaction.
    """
    mailing.recipient_count = mailing.n_queued = recipients(tx, mailing, picked, by)
    if mailing.recipient_count == 0:
        raise NoRecipients
    mailing.excluded = left_out(tx, mailing, picked)
    tx.flush()


def rewrite(tx: Session, mailing: Mailing, picked: audiences.Audience, by: Acting) -> None:
    """Replace recipients and exclusions of a mailing of which nothing was sent. Raises as `write` does.

    Rows that were cancelled go, too: the guest may be back. Runs in the caller's transaction.
    """
    for model in (Recipient, Exclusion):
        tx.execute(delete(model).where(model.mailing_id == mailing.id), execution_options=_UNSYNCED)
    for counter in (*COUNTERS.values(), "recipient_count"):
        setattr(mailing, counter, 0)
    write(tx, mailing, picked, by)


def exclude_anew(tx: Session, mailing: Mailing, picked: audiences.Audience) -> None:
    """Replace the exclusions of a mailing whose recipients stay. Runs in the caller's transaction."""
    tx.execute(delete(Exclusion).where(Exclusion.mailing_id == mailing.id), execution_options=_UNSYNCED)
    mailing.excluded = left_out(tx, mailing, picked)


def recipients(tx: Session, mailing: Mailing, picked: audiences.Audience, by: Acting) -> int:
    """Write one row per recipient; returns how many. Runs in the caller's transaction."""
    frozen = select(
        literal(mailing.id), Guest.id, Guest.address, Guest.email, literal(RecipientState.QUEUED.value), literal(0),
        literal(0), literal(by.now, Recipient.updated_at.type),
    ).where(Guest.id.in_(audiences.recipient_ids(picked)))  # fmt: skip
    into = ["mailing_id", "guest_id", "address", "email", "state", "attempts", "tries", "updated_at"]
    with sqlite.roomy(tx, checked=False):
        written: Any = tx.execute(insert(Recipient).from_select(into, frozen.order_by(Guest.id)))
        return int(written.rowcount)


def left_out(tx: Session, mailing: Mailing, picked: audiences.Audience) -> dict[str, int]:
    """Write one row per excluded guest, in the caller's transaction; returns how many by reason, in A2's order."""
    _write_out(tx, mailing, exclusions.excluded(picked))
    if picked.as_of:  # a frozen list holds recipients only, so guests that were left out of it are found by matching
        listed = select(picked.as_of.people().subquery().c.guest_id)
        others = exclusions.excluded(replace(picked, as_of=None))
        reason = others.selected_columns["reason"]
        _write_out(tx, mailing, others.where(Guest.id.not_in(listed), reason != Reason.DUPLICATE_ADDRESS.value))
    counted = select(Exclusion.reason, func.count()).where(Exclusion.mailing_id == mailing.id)
    numbers = dict(tx.execute(counted.group_by(Exclusion.reason)).all())
    return {str(reason): numbers[reason] for reason in Reason if reason in numbers}


def _write_out(tx: Session, mailing: Mailing, found: Rows) -> None:
    out = found.subquery().c
    rows = select(literal(mailing.id), out.id, out.reason, out.email, out.shares_with)
    into = ["mailing_id", "guest_id", "reason", "email", "shares_with"]
    tx.execute(insert(Exclusion).from_select(into, rows))
