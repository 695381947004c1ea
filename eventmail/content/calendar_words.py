"""The time of an event in words, as the page beside its calendar links says it (K1a)."""

from datetime import date, timedelta

from eventmail import wall_time
from eventmail.content.calendar_facts import CalendarFacts, span


def when(facts: CalendarFacts) -> str:
    """Returns days and hours, as in "1–4 Nov 2026" or "4 Dec 2026, 18:00–23:30"; "" without a start.

    Raises InvalidTimezone.
    """
    if (times := span(facts)) is None:
        return ""
    if facts.all_day:
        first, after = times.days
        return _days(first, after - timedelta(days=1))
    starts, ends = (wall_time.clock(moment, facts.zone) for moment in (times.starts, times.ends))
    first, last = times.starts.date(), times.ends.date()
    if first == last:
        return f"{_day(first)}, {starts}–{ends}"
    return f"{_day(first)}, {starts} – {_day(last)}, {ends}"


def assumed_end(facts: CalendarFacts) -> str:
    """Returns a sentence about an end that nobody set, "" for an event with an end. Raises InvalidTimezone."""
    times = span(facts)
    if times is None or not times.assumed:
        return ""
    if facts.all_day:
        return "No end is set, so calendars get one day."
    ends = wall_time.clock(times.ends, facts.zone)
    return f"No end is set, so calendars get one hour, until {ends}."


def _days(first: date, last: date) -> str:
    if first == last:
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{_day(last)}"
    return f"{first.day} {first:%b}{f' {first.year}' if first.year != last.year else ''} – {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"
