"""The event as an iCalendar file (RFC 5545, RFC 5546 PUBLISH) behind a signed link (K3)."""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eventmail.content import vtimezone
from eventmail.content.calendar_facts import CalendarFacts, Span, is_region, span
from eventmail.content.tokens import clean_source
from eventmail.errors import InvalidInput
from eventmail.link_targets import linkable
from eventmail.value_parsing import clean_value

if TYPE_CHECKING:
    from icalendar import Alarm

_PRODID = "-//eventmail//eventmail//EN"
_KEPT = 256  # files
_REFRESH = timedelta(hours=12)  # until a subscription asks again


def event_file(facts: CalendarFacts, organizer_name: str, organizer_email: str) -> bytes:
    """Returns the file, which names no person but the organizer. The same arguments give the same bytes.

    Raises InvalidInput without a start, and InvalidTimezone.
    """
    # Wall times that differ in their fold alone are equal, so the key of the cache names the folds.
    folds = tuple(wall.fold if wall else 0 for wall in (facts.starts, facts.ends))
    return _written(facts, folds, organizer_name, organizer_email)


@lru_cache(_KEPT)
def _written(facts: CalendarFacts, _folds: tuple[int, ...], organizer_name: str, organizer_email: str) -> bytes:
    from icalendar import Calendar, Event  # noqa: PLC0415  4 MB that no worker needs

    if (when := span(facts)) is None:
        raise InvalidInput.at("starts_at", "INVALID_INPUT", "The event has no start yet.")
    event, calendar = Event(), Calendar()
    for name, value in {**_times(facts, when), **_texts(facts, organizer_name, organizer_email)}.items():
        if value is not None:
            event.add(name, value)
    if facts.reminder_minutes and not facts.cancelled:
        event.add_component(_alarm(facts.shown_title, facts.reminder_minutes))
    for name, value in {"version": "2.0", "prodid": _PRODID, "method": "PUBLISH", **_subscribed(facts)}.items():
        calendar.add(name, value)
    if "TZID" in event["DTSTART"].params:
        calendar.add_component(vtimezone.component(facts.zone, *when.days))
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _subscribed(facts: CalendarFacts) -> Mapping[str, Any]:
    """What a subscription goes by (RFC 7986, K3a): the name of its calendar, and when to ask again.

    There is no X-WR-CALNAME: Outlook opens a file with one as an empty new calendar, not as an event (MS-OXCICAL).
    """
    from icalendar import vDuration  # noqa: PLC0415

    again = vDuration(_REFRESH, params={"VALUE": "DURATION"})
    return {"name": facts.shown_title, "refresh-interval": again, "x-published-ttl": vDuration(_REFRESH)}


def _times(facts: CalendarFacts, when: Span) -> Mapping[str, Any]:
    changed = facts.updated_at.astimezone(UTC)
    starts: date
    ends: date
    if facts.all_day:
        starts, ends = when.days
    elif is_region(facts.timezone) and when.certain:
        starts, ends = when.starts, when.ends
    else:  # a wall time that occurs twice does not tell the instant
        starts, ends = when.starts.astimezone(UTC), when.ends.astimezone(UTC)
    return {"dtstart": starts, "dtend": ends, "dtstamp": changed, "last-modified": changed, "sequence": facts.sequence}


def _texts(facts: CalendarFacts, organizer_name: str, organizer_email: str) -> Mapping[str, Any]:
    from icalendar import vCalAddress, vText  # noqa: PLC0415

    organizer = vCalAddress(f"mailto:{clean_value(organizer_email)}")
    if name := clean_value(organizer_name):
        organizer.params["CN"] = vText(name)
    return {
        "uid": clean_value(facts.uid),
        "status": "CANCELLED" if facts.cancelled else "CONFIRMED",
        "transp": "OPAQUE" if facts.busy and not facts.cancelled else "TRANSPARENT",
        "summary": facts.shown_title,
        "description": _described(facts) or None,
        "location": clean_source(facts.location).strip() if clean_value(facts.location) else None,
        "url": facts.page if linkable(facts.page) else None,
        "organizer": organizer if clean_value(organizer_email) else None,
    }


def _described(facts: CalendarFacts) -> str:
    """The description with the address of the event's page, unless it holds the address already."""
    text, page = facts.text, facts.page
    return text if page in text else f"{text}\n\n{page}".strip()


def _alarm(title: str, minutes: int) -> "Alarm":
    from icalendar import Alarm  # noqa: PLC0415

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)  # needed: programs refuse an alarm without one
    alarm.add("trigger", -timedelta(minutes=minutes))
    return alarm
