"""Calendar mails: messages that hand out the event's time, and never leave without one (K2)."""

from sqlalchemy.orm import Session

from eventmail.content import calendar_facts
from eventmail.domain.mailings import merge_values
from eventmail.errors import InvalidTimezone, MissingEventTime
from eventmail.models import Event
from eventmail.states import MailingKind

_UNDATED = "The event has no date yet, so calendars have nothing to enter. Set it in the event’s settings first."


def check(event: Event) -> None:
    """Raise MissingEventTime or InvalidTimezone for an event that no calendar can hold (K2)."""
    if calendar_facts.span(merge_values.calendar_facts(event)) is None:
        raise MissingEventTime(_UNDATED)


def check_for(session: Session, event_id: int, kind: str) -> None:
    """`check` for a calendar mail; nothing for any other message."""
    if kind == MailingKind.CALENDAR:
        check(session.get_one(Event, event_id))


def lacks_time(event: Event, kind: str) -> bool:
    """Whether a message is a calendar mail of an event that no calendar can hold."""
    if kind != MailingKind.CALENDAR:
        return False
    try:
        check(event)
    except (MissingEventTime, InvalidTimezone):
        return True
    return False
