"""Adding, editing and deleting a guest."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, transaction
from eventmail.domain import edit_guard
from eventmail.domain.guests import address_change
from eventmail.domain.guests import values as guest_values
from eventmail.errors import NotFound
from eventmail.models import Guest, Recipient
from eventmail.states import GuestStatus, RecipientState

_LABELS = {
    "first_name": "First name", "last_name": "Last name", "email": "Email address", "status": "Status", "tags": "Tags",
}  # fmt: skip


def waiting(event_id: int, guest_id: int) -> int:
    """How many queued mails `delete` would cancel (S6)."""
    mine = select(Guest.id).where(Guest.event_id == event_id, Guest.id == guest_id)
    queued = (Recipient.guest_id.in_(mine), Recipient.state == RecipientState.QUEUED)
    return fresh().scalar(select(func.count()).select_from(Recipient).where(*queued)) or 0


def columns(event_id: int) -> list[str]:
    """The names of the event's imported columns, the oldest first. Each is a merge field (C1)."""
    return guest_values.columns(fresh(), event_id)


def add(event_id: int, values: Mapping[str, Any], by: records.Acting) -> int:
    """Add a guest and return the id. `values` are as in `edit`; the status is “invited” unless given."""
    with transaction() as tx:
        guest = Guest(
            event_id=event_id, status=GuestStatus.INVITED, first_name="", last_name="", attributes={}, search_key="",
            created_at=by.now, updated_at=by.now,
        )  # fmt: skip
        guest_values.apply(tx, guest, values)
        tx.add(guest)
        tx.flush()
        records.audit(tx, by, "guest.added", f"guest:{guest.id}", event_id=event_id, after=guest_values.state(guest))
        return guest.id


def edit(
    event_id: int, guest_id: int, values: Mapping[str, Any], by: records.Acting, *, fingerprints: str = ""
) -> None:
    """Change the given fields. None clears a field, and makes the status “invited”.

    `values`: email, first_name, last_name, status, tags (all of them), attributes (name to text; None or "" takes one
    away, the others stay). `fingerprints` come from the form. Raises NotFound, InvalidInput, and Overtaken when the
    guest has changed since the form was opened.
    """
    with transaction() as tx:
        guest = _load(tx, event_id, guest_id)
        before = guest_values.state(guest)
        edit_guard.refuse(
            tx, fingerprints, guest_values.texts(before), _LABELS, changed_at=guest.updated_at, event_id=event_id, by=by
        )
        guest_values.apply(tx, guest, values)
        if changed := edit_guard.difference(before, guest_values.state(guest)):
            guest.updated_at = by.now
            records.audit(tx, by, "guest.edited", f"guest:{guest.id}", event_id=event_id, **changed)


def delete(event_id: int, guest_id: int, by: records.Acting) -> int:
    """Delete a guest and cancel the mails that wait for this guest (S6). Returns how many were cancelled.

    When somebody else has the same address, the waiting mail goes to them instead (A7).
    """
    with transaction() as tx:
        guest = _load(tx, event_id, guest_id)
        address_change.pass_on(tx, guest)
        mine = [Recipient.guest_id == guest.id]
        cancelled = len(records.leave_queue(tx, mine, RecipientState.CANCELLED, "guest deleted", by.now))
        state = guest_values.state(guest)
        records.audit(
            tx, by, "guest.deleted", f"guest:{guest.id}", event_id=event_id, before=state, cancelled=cancelled
        )
        tx.delete(guest)
        return cancelled


def _load(tx: Session, event_id: int, guest_id: int) -> Guest:
    mine = select(Guest).where(Guest.event_id == event_id, Guest.id == guest_id)
    if (found := tx.scalars(mine).one_or_none()) is None:
        raise NotFound
    return found
