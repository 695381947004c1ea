"""Events that calendar programs got wrong, each with what a reader has to find. The times come from zoneinfo alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from eventmail import wall_time
from eventmail.content.calendar_facts import CalendarFacts
from tests.support.calendars import TEN_ZONES, Entry, event

YEARS = (2026, 2041)
_LENGTH = timedelta(minutes=90)
AWKWARD = {
    "signs": """Tom & Jerry + 100% # "a" 'b' <c>; d, e\\f?=/""",
    "looks like more parameters": "x&ctz=Mars&dates=1/2&text=y#z",
    "looks encoded": "50%25 %0A %XX %E2%80",
    "looks like HTML": "a<br>b &amp; &lt;script&gt; <script>alert(1)</script>",
    "looks like ICS": "a\\nb\\,c END:VEVENT",
    "emoji": "Party 🎉👩‍👩‍👧 🏳️‍🌈",
    "right to left": "חתונה של דנה \u200fוטל",
    "Chinese": "新年晚会，北京",
    "combining": "Cafe\u0301 Zu\u0308rich",
    "zero": "0",
    "a plus": "Birthday Party +1",
}

Case = tuple[CalendarFacts, Entry]


def timed(starts: datetime, ends: datetime, zone: str) -> Case:
    """An event between two instants (UTC)."""
    walls = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in (starts, ends)]  # each with its fold
    facts = replace(event("2026-01-01", zone=zone), starts=walls[0], ends=walls[1])
    return facts, Entry(starts, ends, facts.title, "", "")


def changes(zone: str, year: int) -> list[datetime]:
    """The hours (UTC) after which the clocks of a zone are others; the middle of the year where they never are."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(365 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    found = [hours[at] for at in range(1, len(hours)) if offsets[at] != offsets[at - 1]]
    return found or [datetime(year, 7, 1, 12, tzinfo=UTC)]


def around_changes(zone: str, year: int) -> Iterator[Case]:
    """Events that begin or end around each change of the clocks, in the hours that occur twice, too."""
    for change in changes(zone, year):
        for minutes in range(-180, 181, 15):
            starts = change + timedelta(minutes=minutes)
            yield timed(starts, starts + _LENGTH, zone)


def whole_days(zone: str) -> Iterator[Case]:
    """All-day events and events over weeks and over both changes of the clocks."""
    for first, last, after in (("2026-11-01", "2026-11-04", "2026-11-05"), ("2026-12-31", "2026-12-31", "2027-01-01")):
        facts = event(first, last, zone, all_day=True)
        yield facts, Entry(date.fromisoformat(first), date.fromisoformat(after), facts.title, "", "")
    for starts, ends in (("2026-10-20T20:00", "2026-11-09T04:00"), ("2026-11-09T04:00", "2027-04-05T12:00")):
        yield timed(datetime.fromisoformat(f"{starts}Z"), datetime.fromisoformat(f"{ends}Z"), zone)


def awkward_texts() -> Iterator[Case]:
    for text in (*AWKWARD.values(), *(f"{'a' * length}\n🎉長é;,\\" for length in range(55, 75))):
        facts = event("2026-12-04T18:00", title=text, location=text, description=f"{text}\nand {text}")
        starts = datetime(2026, 12, 4, 18, tzinfo=UTC)
        title = " ".join(text.split())
        yield facts, Entry(starts, starts + timedelta(hours=1), title, facts.description, text)


def every_zone() -> Iterator[Case]:
    for zone in sorted(wall_time.TIMEZONES):
        for month in (1, 7):
            starts = datetime(2027, month, 15, 12, tzinfo=UTC)
            yield timed(starts, starts + _LENGTH, zone)


def corpus() -> Iterator[Case]:
    """All of them."""
    for zone in TEN_ZONES:
        for year in YEARS:
            yield from around_changes(zone, year)
        yield from whole_days(zone)
    yield from awkward_texts()
    yield from every_zone()
