"""An event as calendars need it: its texts, and the instants at which it starts and ends (K1, K1a)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from eventmail import wall_time
from eventmail.content.tokens import clean_source
from eventmail.errors import InvalidTimezone
from eventmail.value_parsing import clean_value

CANCELLED = "Cancelled: "
_ASSUMED = timedelta(hours=1)


@dataclass(frozen=True)
class CalendarFacts:
    """An event for calendars. `starts` and `ends` are naive wall times in the IANA zone `timezone`.

    Their `fold` says which one is meant of a time that occurs twice.
    `ends` of an all-day event is on its last day; without `ends` it takes an hour or a day. `updated_at` is aware.
    `busy` says whether the hours count as taken. The reminder rings `reminder_minutes` before the start.
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
    busy: bool = True
    reminder_minutes: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def shown_title(self) -> str:
        """The title in one line. A cancelled event says so in front (K3a)."""
        title = clean_value(self.title) or "Event"
        return f"{CANCELLED}{title}" if self.cancelled and not title.startswith(CANCELLED) else title

    @property
    def text(self) -> str:
        """The description without control characters, its line ends as newlines."""
        return clean_source(self.description).strip()

    @property
    def page(self) -> str:
        """The address of the event's page."""
        return clean_value(self.url)


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end of an event, aware and in its zone. `assumed` says that the event has no end of its own (K1a)."""

    starts: datetime
    ends: datetime
    assumed: bool

    @property
    def certain(self) -> bool:
        """Whether the wall times alone tell the instants: neither of them occurs twice or never."""
        return wall_time.certain(self.starts) and wall_time.certain(self.ends)

    @property
    def days(self) -> tuple[date, date]:
        """The first day of an all-day event, and the day after its last."""
        return self.starts.date(), max(self.starts, self.ends).date() + timedelta(days=1)


def span(facts: CalendarFacts) -> Span | None:
    """Returns start and end in the event's zone, None without a start. Raises InvalidTimezone."""
    if facts.timezone not in wall_time.TIMEZONES:
        message = f"“{clean_value(facts.timezone)[:60]}” is not a time zone we know, such as Europe/Berlin."
        raise InvalidTimezone.at("timezone", "INVALID_TIMEZONE", message)
    if facts.starts is None:
        return None
    start = facts.starts.replace(tzinfo=facts.zone)
    end = (facts.ends or facts.starts).replace(tzinfo=facts.zone)
    if facts.all_day:
        return Span(start, end, assumed=facts.ends is None)
    if end.astimezone(UTC) > start.astimezone(UTC):
        return Span(start, end, assumed=False)
    # Added in UTC, so that an hour stays an hour when the clocks change.
    return Span(start, (start.astimezone(UTC) + _ASSUMED).astimezone(facts.zone), assumed=True)


def is_region(timezone: str) -> bool:
    """Whether a zone is named after a region, as in Europe/Berlin.

    Calendars guess what the others mean: UTC by its many names, fixed offsets such as Etc/GMT+5, abbreviations such as
    EST, which one program takes for New York and another for Panama.
    """
    return "/" in timezone and not timezone.startswith("Etc/")
