"""What a time zone does around an event, as a calendar file has to describe it (RFC 5545 3.6.5).

Outlook reads yearly rules and no lists of dates, and some programs keep the first description that they meet under a
name. So a zone whose clocks change by the same rule each year is described by that rule.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Timezone

_STEP = 7 * 86_400  # seconds; no zone takes a change of its clocks back within a week, but Gaza does within two
_NONE = timedelta(0)
_PROOF = 6  # years that a rule has to hold, so that a last Sunday differs from a fourth one
_STEPDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Observance:
    """One stretch of a zone's time. `begins` is the wall time of its first moment by the clock that ran until then.

    With `day` it begins again each year on that day of the same month, as in 2SU or -1SU.
    """

    begins: datetime
    offset_before: timedelta
    offset: timedelta
    name: str
    is_daylight: bool
    day: str = ""


@dataclass(frozen=True)
class _Clock:
    """How the clocks of a zone go for a while."""

    offset: timedelta
    saving: timedelta
    name: str


def around(zone: ZoneInfo, first: date, last: date) -> list[Observance]:
    """Returns what describes `zone` for an event from `first` to `last`: its rule, or else each change in these years.

    It begins in the year before, since the time of the event has to begin before the event.
    """
    before, after = date(first.year - 1, 1, 1), date(last.year + 1, 1, 1)
    by_rule = yearly(zone, before.year) if after.year < before.year + _PROOF else []
    return by_rule or observances(zone, before, after)


def observances(zone: ZoneInfo, first: date, last: date) -> list[Observance]:
    """Returns what `zone` keeps from the midnight of `first` until that of `last`, in order.

    At least one is no daylight time: without one ical4j misreads the zone. The first one begins with `first`, since
    libical takes UTC for what lies before.
    """
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last))
    opening = _clock(start, zone)
    found = [(start, opening, opening), *_changes(zone, start, end)]
    clocks = [clock for _, _, clock in found]
    is_daylight = [_is_daylight(clock, clocks) for clock in clocks]
    always = all(is_daylight)
    return [
        Observance(
            (onset + before.offset).replace(tzinfo=None),
            before.offset,
            clock.offset,
            clock.name,
            daylight and not always,
        )
        for (onset, before, clock), daylight in zip(found, is_daylight, strict=True)
    ]


def yearly(zone: ZoneInfo, year: int) -> list[Observance]:
    """Returns both times of a zone whose clocks change by the same rule each year from `year` on; [] for others."""
    changes = observances(zone, date(year, 1, 1), date(year + _PROOF, 1, 1))[1:]
    found = [_rule(changes[half::2], year) for half in (0, 1)] if len(changes) == 2 * _PROOF else []
    return [each for each in found if each] if len({each.is_daylight for each in found if each}) == 2 else []


def _rule(same: Sequence[Observance], year: int) -> Observance | None:
    """The first of changes that come once a year by one rule, with that rule."""
    days = set.intersection(*(_days(each.begins) for each in same))
    like = {replace(each, begins=each.begins.replace(year=1972, day=1)) for each in same}
    if not days or len(like) > 1 or [each.begins.year for each in same] != [*range(year, year + _PROOF)]:
        return None
    return replace(same[0], day=min(days))  # a last Sunday rather than a fourth one


def _days(day: date) -> set[str]:
    """How a rule may name a day of a month: the second Sunday, the last Sunday."""
    name = _STEPDAYS[day.weekday()]
    last = {f"-1{name}"} if (day + timedelta(days=7)).month != day.month else set()
    return last | {f"{(day.day + 6) // 7}{name}"}


def _is_daylight(clock: _Clock, clocks: list[_Clock]) -> bool:
    """Ireland calls its summer the standard and its winter the exception; calendars know it the other way round."""
    exceptions = [each for each in clocks if each.saving < _NONE]
    return clock.saving > _NONE or any(clock.offset == each.offset - each.saving for each in exceptions)


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, _Clock, _Clock]]:
    """Each change of the clocks: when (UTC), from what, to what."""
    now, clock = start, _clock(start, zone)
    while now < end:
        after = _plus(now, _STEP)
        while (later := _clock(after, zone)).offset != clock.offset:
            passed = bisect_left(range(_STEP), True, key=lambda gone: _offset(_plus(now, gone), zone) != clock.offset)
            yield _plus(now, passed), clock, later
            clock = later
        now = after


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or _NONE


def _plus(moment: datetime, seconds: int) -> datetime:
    return moment + timedelta(seconds=seconds)


def _clock(instant: datetime, zone: ZoneInfo) -> _Clock:
    local = instant.astimezone(zone)
    return _Clock(local.utcoffset() or _NONE, local.dst() or _NONE, local.tzname() or zone.key)


def component(zone: ZoneInfo, first: date, last: date) -> "Timezone":
    """Returns the VTIMEZONE of `zone` under its own name, for an event from `first` to `last`."""
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard  # noqa: PLC0415  4 MB that no worker needs

    described = Timezone()
    described.add("tzid", zone.key)
    for each in around(zone, first, last):
        part = TimezoneDaylight() if each.is_daylight else TimezoneStandard()
        part.add("dtstart", each.begins)
        if each.day:
            part.add("rrule", {"freq": "yearly", "bymonth": each.begins.month, "byday": each.day})
        part.add("tzoffsetfrom", each.offset_before)
        part.add("tzoffsetto", each.offset)
        part.add("tzname", each.name)
        described.add_component(part)
    return described
