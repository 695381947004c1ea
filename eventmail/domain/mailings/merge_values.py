"""The values of merge fields: the fields an event knows, its constants, and one guest's values (C1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail import records, value_parsing, wall_time
from eventmail.content import calendar_links, calendar_words, tokens
from eventmail.content.calendar_facts import CalendarFacts
from eventmail.db import fresh, remembered, service
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.terms import SendingTerms
from eventmail.models import Event, GuestField, User
from eventmail.models.guest import full_name

OF_EACH_GUEST = ("calendar.ics", "calendar.page")  # signed for each guest when the mail leaves (K3)


def fields(event_id: int) -> Mapping[str, tokens.Field]:
    """Every field a text of this event may use: the standard ones and the imported columns."""
    return remembered(fresh(), ("fields", event_id), lambda: tokens.known_fields(defaults(event_id)))


def defaults(event_id: int) -> dict[str, str]:
    """The imported columns by name, each with its fallback, "" until somebody sets one (C3)."""
    rows = select(GuestField.name, GuestField.default_text).where(GuestField.event_id == event_id)
    return dict(fresh().execute(rows.order_by(GuestField.name)).all())


def constants(event: Event, sender: tuple[str, str], terms: SendingTerms) -> dict[str, str | None]:
    """The values of a mailing that are no guest's: event, organizer, calendar. `sender` is (name, email).

    Those OF_EACH_GUEST are the event's own here, as previews and tests show them (E2).
    """
    own = CalendarAddresses.of(event, terms)
    links = calendar_links.links(calendar_facts(event), own.file())
    return {
        **event_words(event),
        "organizer.name": sender[0],
        "organizer.email": sender[1],
        **calendar_links.calendar_values(links),
        "calendar.page": own.page() if links else None,
    }


def event_words(event: Event) -> dict[str, str]:
    """The values of an event's own fields, as guests read them."""
    return {
        "event.title": event.title,
        "event.date": _date(event),
        "event.time": _time(event),
        "event.timezone": event.timezone if event.starts_wall else "",
        "event.location": event.location,
        "event.url": event.url,
    }


def shared(constants: Mapping[str, str | None]) -> dict[str, str | None]:
    """The constants that really are the same for all guests: without what each guest has under an own address."""
    return {name: value for name, value in constants.items() if name not in OF_EACH_GUEST}


def addressed(addresses: CalendarAddresses, guest_id: int | None) -> dict[str, str]:
    """The values OF_EACH_GUEST for one guest; those of the event for None, as previews and tests show them (E2)."""
    return {"calendar.ics": addresses.file(guest_id), "calendar.page": addresses.page(guest_id)}


def frozen(event: Event, author: User | None, terms: SendingTerms) -> dict[str, Any]:
    """The columns of a mailing that keep the event as it is now, so that a later change does not show in the mail."""
    organizer = sender(event, author, terms)
    return {
        "constants": constants(event, organizer, terms),
        "from_name": organizer[0],
        "defaults": defaults(event.id),
        "reply_to": event.reply_to,
        "told": told(event),
    }


def told(event: Event) -> dict[str, str]:
    """What guests enter into their calendars, in words: `when`, `where`, and `cancelled` ("yes" or "").

    A mailing keeps it, and so it shows later what has changed since. Raises InvalidTimezone.
    """
    facts = calendar_facts(event)
    when = calendar_words.when(facts)
    zone = f", {event.timezone}" if when and not event.all_day else ""
    cancelled = "yes" if facts.cancelled else ""
    return {"when": f"{when}{zone}", "where": value_parsing.clean_value(event.location), "cancelled": cancelled}


def author(session: Session, user_id: int | None) -> User | None:
    """The person who writes a message; None when they are gone, so that no answer is led to them."""
    found = session.get(User, user_id) if user_id else None
    return found if found and found.removed_at is None else None


def looked_at(event: Event, author: User | None, terms: SendingTerms) -> str:
    """A fingerprint of what a review shows besides text and people. It changes when guests would read other values."""
    around = {"cancelled": event.cancelled_at is not None, "service": service()}  # else practice might leave (S13)
    return records.body_hash(frozen(event, author, terms) | around)


def guest_values(first_name: str, last_name: str, email: str, attributes: Mapping[str, Any]) -> dict[str, str]:
    """One guest's values by field name."""
    return {
        **{f"guest.{name}": str(value) for name, value in attributes.items()},
        "guest.firstName": first_name,
        "guest.lastName": last_name,
        "guest.fullName": full_name(first_name, last_name),
        "guest.email": email,
    }


def sender(event: Event, author: User | None, terms: SendingTerms | None = None) -> tuple[str, str]:
    """The organizer as guests read them: (name, address for replies). The text and the From header share the name."""
    names = (event.sender_name, terms.sender_name if terms else "", author.name if author else "", event.title)
    name = next(filter(None, map(value_parsing.clean_value, names)), "")
    return name, event.reply_to or (author.email if author else "")


def calendar_facts(event: Event) -> CalendarFacts:
    """The event as calendars need it."""
    return CalendarFacts(
        uid=event.ics_uid, title=event.title,
        description=event.description, location=event.location, url=event.url, timezone=event.timezone,
        starts=_wall(event.starts_wall, event.starts_fold), ends=_wall(event.ends_wall, event.ends_fold),
        all_day=event.all_day, sequence=event.ics_sequence,
        updated_at=event.updated_at, cancelled=event.cancelled_at is not None,
        busy=event.busy, reminder_minutes=event.reminder_minutes,
    )  # fmt: skip


def _date(event: Event) -> str:
    days = [_day(wall) for wall in (event.starts_wall, event.ends_wall) if event.starts_wall and wall]
    return " to ".join(dict.fromkeys(days))  # one day when both are the same


def _day(wall: datetime) -> str:
    return f"{wall:%A}, {wall.day} {wall:%B %Y}"


def _time(event: Event) -> str:
    return "" if event.starts_at is None or event.all_day else wall_time.clock(event.starts_at, event.zone)


def _wall(wall: datetime | None, fold: int | None) -> datetime | None:
    """The wall time without its zone, which may be one that no longer exists."""
    return wall and wall.replace(fold=fold or 0)
