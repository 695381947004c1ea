"""All data about one guest, to be handed over to them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from eventmail.db import Rows, fresh
from eventmail.domain.erasure import guest as erasure_guest
from eventmail.domain.guests import values
from eventmail.models import (
    EVERYWHERE,
    Attempt,
    AuditEntry,
    Content,
    EmailEvent,
    Exclusion,
    GuestBefore,
    GuestChange,
    Mailing,
    Recipient,
    Segment,
    SegmentGuest,
    Suppression,
)

Known = dict[str, list[dict[str, Any]]]


def of(event_id: int, guest_id: int, instant: Callable[[datetime], str]) -> Known:
    """The entries of each section, the oldest first; `instant` formats a time. Raises NotFound.

    Reports and entries of the do-not-mail list are left out where somebody else has the address too, except reports
    about the guest's own mails.
    """
    guest = erasure_guest.on_list(fresh(), event_id, guest_id)
    person = erasure_guest.person(fresh(), guest)
    own, mails = person.own, select(Recipient.id).where(person.mails())
    everywhere = Suppression.scope == EVERYWHERE
    sections: Mapping[str, Rows] = {
        "messages": select(
            Mailing.id.label("mailing"), Content.subject, Mailing.kind, Mailing.created_at, Recipient.email,
            Recipient.state, Recipient.delivery, Recipient.attempts, Recipient.last_error, Recipient.updated_at,
        ).join(Mailing, Mailing.id == Recipient.mailing_id)
        .outerjoin(Content, Content.id == Mailing.content_id).where(person.mails()).order_by(Recipient.id),
        "attempts": select(
            Recipient.mailing_id.label("mailing"), Attempt.number, Attempt.at, Attempt.provider, Attempt.outcome,
            Attempt.code, Attempt.detail, Attempt.request_id,
        ).join(Recipient, Recipient.id == Attempt.recipient_id).where(Attempt.recipient_id.in_(mails))
        .order_by(Attempt.id),
        "reports": select(
            EmailEvent.at, EmailEvent.kind, EmailEvent.address, EmailEvent.code, EmailEvent.detail,
            EmailEvent.provider,
        ).where(or_(EmailEvent.address.in_(own), EmailEvent.recipient_id.in_(mails))).order_by(EmailEvent.id),
        "left_out": select(Exclusion.mailing_id.label("mailing"), Exclusion.reason, Exclusion.email)
        .where(Exclusion.guest_id == guest_id).order_by(Exclusion.id),
        "do_not_mail": select(
            Suppression.address, Suppression.reason, everywhere.label("all_events"), Suppression.source,
            Suppression.created_at,
        ).where(Suppression.address.in_(own)).order_by(Suppression.id),
        "segments": select(Segment.name).join(SegmentGuest, SegmentGuest.segment_id == Segment.id)
        .where(SegmentGuest.guest_id == guest_id).order_by(Segment.id),
        "changes_of_many": select(GuestChange.created_at, GuestChange.kind, GuestChange.value, GuestBefore.value.label(
            "before"), GuestChange.actor).join(GuestChange, GuestChange.id == GuestBefore.change_id)
        .where(GuestBefore.guest_id == guest_id).order_by(GuestBefore.id),
        "log": select(AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.detail).where(
            AuditEntry.subject.in_([f"guest:{guest_id}", *(f"address:{address}" for address in own)])
        ).order_by(AuditEntry.id),
    }  # fmt: skip
    about = {**values.state(guest), "added_at": guest.created_at, "changed_at": guest.updated_at}
    found = {
        name: [_written(row._asdict(), instant) for row in fresh().execute(rows)] for name, rows in sections.items()
    }
    return {"guest": [_written(about, instant)], **found}


def _written(row: Mapping[str, Any], instant: Callable[[datetime], str]) -> dict[str, Any]:
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in row.items()}


def titles() -> Sequence[tuple[str, str]]:
    """The sections in order, in words."""
    return (
        ("guest", "The guest"), ("messages", "Messages"), ("attempts", "Attempts to hand mail over"),
        ("reports", "What mail services reported"), ("left_out", "Messages that left them out"),
        ("do_not_mail", "On the do-not-mail list"), ("segments", "Picked by hand for"),
        ("changes_of_many", "Changes of many guests"), ("log", "Log"),
    )  # fmt: skip
