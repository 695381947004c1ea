"""The event as an iCalendar file (RFC 5545, RFC 5546 PUBLISH) behind a signed link (K3)."""

from datetime import UTC, date, datetime

from eventmail import wall_time
from eventmail.content.calendar_links import CalendarFacts, described, span
from eventmail.errors import InvalidInput
from eventmail.link_targets import linkable
from eventmail.value_parsing import clean_value

_PRODID = "-//eventmail//eventmail//EN"


def event_file(facts: CalendarFacts, organizer_name: str, organizer_email: str) -> bytes:
    """Returns the file, which names no person but the organizer. The same arguments give the same bytes.

    Raises InvalidInput without a start, and InvalidTimezone.
    """
    from icalendar import Calendar, Event, vCalAddress, vText  # noqa: PLC0415  4 MB that no worker needs

    if facts.starts is None:
        raise InvalidInput.at("starts_at", "INVALID_INPUT", "The event has no start yet.")
    when = span(facts, facts.starts)
    first, after = when.days
    url = clean_value(facts.url)
    organizer = vCalAddress(f"mailto:{clean_value(organizer_email)}")
    if name := clean_value(organizer_name):
        organizer.params["CN"] = vText(name)
    properties = {
        "uid": clean_value(facts.uid),
        "dtstamp": facts.updated_at.astimezone(UTC),
        "last-modified": facts.updated_at.astimezone(UTC),
        "sequence": facts.sequence,
        "status": "CANCELLED" if facts.cancelled else "CONFIRMED",
        "summary": clean_value(facts.title) or "Event",
        "dtstart": first if facts.all_day else _certain(when.starts),
        "dtend": after if facts.all_day else _certain(when.ends),
        "description": described(facts) or None,
        "location": clean_value(facts.location) or None,
        "url": url if linkable(url) else None,
        "organizer": organizer if clean_value(organizer_email) else None,
    }
    event, calendar = Event(), Calendar()
    for name, value in properties.items():
        if value is not None:
            event.add(name, value)
    for name, value in {"version": "2.0", "prodid": _PRODID, "method": "PUBLISH"}.items():
        calendar.add(name, value)
    calendar.add_component(event)
    # Whole years from the year before on, since a zone needs an observance that began before the event.
    calendar.add_missing_timezones(first_date=date(first.year - 1, 1, 1), last_date=date(after.year + 1, 1, 1))
    return bytes(calendar.to_ical())


def _certain(moment: datetime) -> datetime:
    """Returns the moment in UTC if its wall time occurs twice or never, since a TZID is ambiguous then."""
    return moment if wall_time.certain(moment) else moment.astimezone(UTC)
