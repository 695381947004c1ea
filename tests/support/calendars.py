"""An event for calendar links and files, and what foreign parsers read in them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import vobject

from eventmail.content.calendar_facts import CalendarFacts
from eventmail.content.ics import event_file

FACTS = CalendarFacts(
    uid="u@example.org", title="Birthday", description="", location="", url="", timezone="UTC",
    starts=datetime(2026, 12, 4, 18), ends=None, all_day=False, sequence=0,  # noqa: DTZ001  a wall time
    updated_at=datetime(2026, 1, 1, tzinfo=UTC), cancelled=False,
)  # fmt: skip
TEXTS = {
    "google": ("text", "details", "location"),
    "outlook": ("subject", "body", "location"),
    "office365": ("subject", "body", "location"),
    "yahoo": ("TITLE", "DESC", "in_loc"),
}
TEN_ZONES = (
    "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Los_Angeles", "America/St_Johns",
    "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca", "Asia/Kathmandu",
)  # fmt: skip


def event(starts: str, ends: str | None = None, zone: str = "UTC", **more: Any) -> CalendarFacts:
    """An event between two wall times."""
    times = {"starts": datetime.fromisoformat(starts), "ends": datetime.fromisoformat(ends) if ends else None}
    return replace(FACTS, timezone=zone, **{**times, **more})


def written(facts: CalendarFacts) -> bytes:
    return event_file(facts, "Gala Team", "team@example.org")


def asked(url: str) -> dict[str, str]:
    """The decoded parameters of a link, each of which comes once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert {len(values) for values in found.values()} == {1}
    return {name: values[0] for name, values in found.items()}


def texts(made: Mapping[str, str], service: str) -> tuple[str, str, str]:
    """Title, location and description as a guest of `service` reads them."""
    query = asked(made[service])
    title, body, location = (query.get(name, "") for name in TEXTS[service])
    return title, location, unescape(body.replace("<br>", "\n")) if "outlook." in made[service] else body


@dataclass(frozen=True)
class Entry:
    """A calendar entry as somebody else's parser reads it; instants in UTC."""

    starts: date
    ends: date
    title: str
    description: str
    location: str


def read_by_vobject(data: bytes, *, keeps_zones: bool = False) -> Entry:
    """What vobject reads by the zone that the file describes.

    With `keeps_zones` as it comes: it takes the first zone that it met under a name, or its own where it can.
    """
    calendar = vobject.readOne(data.decode())
    zone = calendar.vtimezone.gettzinfo() if hasattr(calendar, "vtimezone") and not keeps_zones else None
    found = calendar.vevent
    values = (getattr(found, name).value if hasattr(found, name) else "" for name in ("description", "location"))
    return Entry(_instant(found.dtstart.value, zone), _instant(found.dtend.value, zone), found.summary.value, *values)


def meets_first(data: bytes) -> None:
    """Let vobject take the zone of this file for the first that it met under its name, whatever this process read."""
    zone = vobject.readOne(data.decode()).vtimezone
    vobject.icalendar.registerTzid(zone.tzid.value, zone.gettzinfo())


def _instant(value: date, zone: tzinfo | None) -> date:
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=zone) if zone else value).astimezone(UTC)
