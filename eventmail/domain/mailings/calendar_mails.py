"""Calendar mails never leave without the event's time, and an update only while what it tells holds (K2, K3a)."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from eventmail.content import calendar_facts
from eventmail.domain.mailings import merge_values
from eventmail.errors import EventChanged, InvalidTimezone, MissingEventTime
from eventmail.models import Event, Mailing
from eventmail.states import MailingKind, NotSent

_UNDATED = "The event has no date yet, so calendars have nothing to enter. Set it in the event’s settings first."
_OTHERWISE = (
    "The event has changed since this update was written, so what it tells does not hold any more. Nothing was sent: "
    "write it anew from the event’s overview, where it says who has what in a mail."
)


def check(event: Event) -> None:
    """Raise MissingEventTime or InvalidTimezone for an event that no calendar can hold (K2)."""
    if calendar_facts.span(merge_values.calendar_facts(event)) is None:
        raise MissingEventTime(_UNDATED)


def check_for(session: Session, event_id: int, kind: str) -> None:
    """`check` for a calendar mail; nothing for any other message."""
    if kind == MailingKind.CALENDAR:
        check(session.get_one(Event, event_id))


def check_holds(event: Event, about: Mapping[str, str] | None) -> None:
    """Raise EventChanged for an update about an event that is another one by now (K3a)."""
    if about is not None and about != merge_values.told(event):
        raise EventChanged(_OTHERWISE)


def check_leaves(session: Session, mailing: Mailing) -> None:
    """Raise MissingEventTime, InvalidTimezone, EventChanged for a message that must not leave."""
    check_for(session, mailing.event_id, mailing.kind)
    check_holds(session.get_one(Event, mailing.event_id), mailing.about)


def tells(mailing: Mailing) -> None:
    """Correct what the message tells: only an update says that the event is cancelled."""
    if mailing.about is None and mailing.told and mailing.told["cancelled"]:
        mailing.told = {**mailing.told, "cancelled": ""}


def not_sent(session: Session, mailing: Mailing) -> NotSent | None:
    """Why a message that is due must not leave, None while it may."""
    try:
        check_leaves(session, mailing)
    except EventChanged:
        return NotSent.EVENT_MOVED
    except (MissingEventTime, InvalidTimezone):
        return NotSent.EVENT_UNDATED
    return None
