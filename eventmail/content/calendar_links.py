"""Links that add an event to Google, Outlook, Yahoo and other calendars (K1). None has a specification.

Measured: Outlook reads "+" literally and a time without Z in the viewer's zone; Yahoo has no zone and ignores Z; Google
ignores a `ctz` that it cannot resolve; all take the end of an all-day event as exclusive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventmail import wall_time
from eventmail.content.tokens import clean_source
from eventmail.errors import InvalidTimezone
from eventmail.value_parsing import clean_value

LINK_LENGTH = 2000
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_DEFAULT_LENGTH = _HOUR
_TITLE_LENGTH = 600
_LOCATION_LENGTH = 400


@dataclass(frozen=True)
class CalendarFacts:
    """An event for calendars. `starts` and `ends` are naive wall times in the IANA zone `timezone`.

    Their `fold` says which one is meant of a time that occurs twice.
    `ends` of an all-day event is on its last day; without `ends` it takes an hour or a day. `updated_at` is aware.
    """

    uid: str
    title: str
    description: str
    location: str
    url: str
    timezone: str
    starts: datetime | None
    ends: datetime | None
    all_day: bool
    sequence: int
    updated_at: datetime
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end of an event, aware and in its zone."""

    starts: datetime
    ends: datetime

    @property
    def certain(self) -> bool:
        """Whether the wall times alone tell the instants: neither of them occurs twice or never."""
        return wall_time.certain(self.starts) and wall_time.certain(self.ends)

    @property
    def days(self) -> tuple[date, date]:
        """The first day of an all-day event, and the day after its last."""
        return self.starts.date(), max(self.starts, self.ends).date() + timedelta(days=1)


def span(facts: CalendarFacts, starts: datetime) -> Span:
    """Returns start and end in the event's zone. Raises InvalidTimezone."""
    try:
        zone = ZoneInfo(facts.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        message = f"“{clean_value(facts.timezone)[:60]}” is not a time zone we know, such as Europe/Berlin."
        raise InvalidTimezone.at("timezone", "INVALID_TIMEZONE", message) from unknown
    start = starts.replace(tzinfo=zone)
    end = (facts.ends or starts).replace(tzinfo=zone)
    if not facts.all_day and end.astimezone(UTC) <= start.astimezone(UTC):
        # Added in UTC, so that an hour stays an hour when the clocks change.
        end = (start.astimezone(UTC) + _DEFAULT_LENGTH).astimezone(zone)
    return Span(start, end)


def links(facts: CalendarFacts, ics_url: str) -> Mapping[str, str]:
    """Returns the links google, outlook, office365, yahoo and ics by name; {} without a start. Raises InvalidTimezone.

    The first four have at most 2000 characters; the description is cut first, the event's own address never.
    """
    if facts.starts is None:
        return {}
    when = span(facts, facts.starts)
    return {
        "google": _google(facts, when),
        "outlook": _outlook("outlook.live.com", facts, when),
        "office365": _outlook("outlook.office.com", facts, when),
        "yahoo": _yahoo(facts, when),
        "ics": ics_url,
    }


def calendar_values(links: Mapping[str, str]) -> Mapping[str, str | None]:
    """Returns the links as merge values, `calendar.google` and so on, each None without links."""
    return {f"calendar.{name}": links.get(name) for name in ("google", "outlook", "office365", "yahoo", "ics")}


def described(facts: CalendarFacts) -> str:
    """Returns the description with the address of the event's page, unless it holds the address already."""
    text, url = clean_source(facts.description).strip(), clean_value(facts.url)
    return text if url in text else f"{text}\n\n{url}".strip()


def _google(facts: CalendarFacts, when: Span) -> str:
    if facts.all_day:
        first, after = when.days
        # With ctz, Google's Android app would take it for a timed event.
        dates = f"{first:%Y%m%d}/{after:%Y%m%d}"
    elif when.certain and _known_to_google(facts.timezone):
        dates = f"{when.starts:%Y%m%dT%H%M%S}/{when.ends:%Y%m%dT%H%M%S}&ctz={quote(facts.timezone)}"
    else:
        dates = f"{_utc(when.starts):%Y%m%dT%H%M%SZ}/{_utc(when.ends):%Y%m%dT%H%M%SZ}"
    base = f"https://calendar.google.com/calendar/render?action=TEMPLATE&dates={dates}"
    return _fitted(base, facts, title="text", body="details", location="location")


def _known_to_google(timezone: str) -> bool:
    """Google knows regions and UTC, but no offsets and no abbreviations."""
    return timezone == "UTC" or ("/" in timezone and not timezone.startswith("Etc/"))


def _outlook(host: str, facts: CalendarFacts, when: Span) -> str:
    if facts.all_day:
        first, after = when.days
        times = f"startdt={first:%Y-%m-%d}&enddt={after:%Y-%m-%d}&allday=true"
    else:
        times = f"startdt={_utc(when.starts):%Y-%m-%dT%H:%M:%SZ}&enddt={_utc(when.ends):%Y-%m-%dT%H:%M:%SZ}"
    base = f"https://{host}/calendar/deeplink/compose?path=/calendar/action/compose&rru=addevent&{times}"
    return _fitted(base, facts, title="subject", body="body", location="location")


def _yahoo(facts: CalendarFacts, when: Span) -> str:
    first, after = when.days
    note = ""
    if not facts.all_day:
        times, note = _yahoo_times(when), f"Times are in the zone {facts.timezone}{_spoken(facts, when)}."
    elif after - first == timedelta(days=1):
        times = f"ST={first:%Y%m%d}&DUR=allday"
    else:
        times = f"ST={first:%Y%m%d}&ET={after:%Y%m%d}"
    base = f"https://calendar.yahoo.com/?v=60&{times}"
    return _fitted(base, facts, title="TITLE", body="DESC", location="in_loc", note=note)


def _yahoo_times(when: Span) -> str:
    start = f"ST={when.starts:%Y%m%dT%H%M%S}"
    if when.ends > when.starts:  # on the wall
        return f"{start}&ET={when.ends:%Y%m%dT%H%M%S}"
    length = _utc(when.ends) - _utc(when.starts)  # the clocks go back in between
    return f"{start}&DUR={length // _HOUR:02}{length % _HOUR // _MINUTE:02}"


def _spoken(facts: CalendarFacts, when: Span) -> str:
    """Says which ones are meant of times that occur twice."""
    zone = ZoneInfo(facts.timezone)
    return "" if when.certain else f": from {wall_time.clock(when.starts, zone)} to {wall_time.clock(when.ends, zone)}"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _fitted(base: str, facts: CalendarFacts, *, title: str, body: str, location: str, note: str = "") -> str:
    """Returns the link within its length. Title and location have fixed shares, the description gets the rest."""
    shown_title = _cut(clean_value(facts.title) or "Event", _TITLE_LENGTH)
    shown_location = _cut(clean_value(facts.location), _LOCATION_LENGTH)
    text, url = clean_source(facts.description).strip(), clean_value(facts.url)
    always = "\n\n".join(filter(None, [note, url if url not in text else ""]))
    link = _link(base, {title: shown_title, body: "\n\n".join(filter(None, [text, always])), location: shown_location})
    if len(link) <= LINK_LENGTH:
        return link
    always = "\n\n".join(filter(None, [note, url]))
    room = LINK_LENGTH - len(_link(base, {title: shown_title, body: f"\n\n{always}", location: shown_location}))
    return _link(base, {title: shown_title, body: f"{_cut(text, room)}\n\n{always}".strip(), location: shown_location})


def _link(base: str, parameters: Mapping[str, str]) -> str:
    return base + "".join(f"&{name}={quote(value, safe='')}" for name, value in parameters.items() if value)


def _cut(text: str, length: int) -> str:
    """Returns the text, cut so that its percent-encoded form with "…" has at most `length` characters."""
    if len(quote(text, safe="")) <= length:
        return text
    room, kept = length - len(quote("…")), 0
    for character in text:
        room -= len(quote(character, safe=""))
        if room < 0:
            break
        kept += 1
    return f"{text[:kept].rstrip()}…" if kept else ""
