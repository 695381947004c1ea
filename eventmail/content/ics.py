"""The event as an iCalendar file (RFC 5545, RFC 5546 PUBLISH) behind a signed link (K3)."""

from datetime import UTC, date, datetime

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
    event = Event()
    event.add("uid", clean_value(facts.uid))
    event.add("dtstamp", facts.updated_at.astimezone(UTC))
    event.add("last-modified", facts.updated_at.astimezone(UTC))
    event.add("sequence", facts.sequence)
    event.add("status", "CANCELLED" if facts.cancelled else "CONFIRMED")
    event.add("summary", clean_value(facts.title) or "Event")
    first, after = when.days
    event.add("dtstart", first if facts.all_day else _certain(when.starts))
    event.add("dtend", after if facts.all_day else _certain(when.ends))
    for name, value in (("description", described(facts)), ("location", clean_value(facts.location))):
        if value:
            event.add(name, value)
    if linkable(url := clean_value(facts.url)):
        event.add("url", url)
    if address := clean_value(organizer_email):
        organizer = vCalAddress(f"mailto:{address}")
        if name := clean_value(organizer_name):
            organizer.params["CN"] = vText(name)
        event.add("organizer", organizer)

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", _PRODID)
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    # Whole years from the year before on, since a zone needs an observance that began before the event.
    calendar.add_missing_timezones(first_date=date(first.year - 1, 1, 1), last_date=date(after.year + 1, 1, 1))
    return bytes(calendar.to_ical())


def _certain(moment: datetime) -> datetime:
    """Returns the moment in UTC if its wall time occurs twice or never, since a TZID is ambiguous then."""
    if moment.utcoffset() != moment.replace(fold=1 - moment.fold).utcoffset():
        return moment.astimezone(UTC)
    return moment
