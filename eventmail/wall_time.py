"""What a clock on a wall shows in a time zone, and the instants it shows it at (H1, H2, H6a).

Python compares and subtracts times of one zone by their wall time, so everything here goes through UTC. Where a date
would lie beyond the years 1 to 9999, each function raises OverflowError.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

# a set to look into, since ZoneInfo("../x") and ZoneInfo("America") raise all kinds of errors
TIMEZONES = available_timezones() - {"localtime", "posixrules", "Factory"}
YEARS = range(1970, 2200)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


class Anchor(StrEnum):
    """The time of the event that a relative time counts from."""

    STARTS = "starts"
    ENDS = "ends"


@dataclass(frozen=True)
class Relative:
    """A time before (negative) or after an event's start or end: one of `days`, `hours` and `minutes` (H6a).

    Days keep the clock time, or take the clock time `at`. Hours and minutes are elapsed time.
    """

    anchor: Anchor
    days: int | None = None
    hours: int | None = None
    minutes: int | None = None
    at: time | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.days, self.hours, self.minutes)) != 1:
            raise ValueError("a relative time has one of days, hours and minutes")
        if self.at is not None and self.days is None:
            raise ValueError("only days have a clock time")


def instants(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The UTC instants at which a clock in `zone` shows `wall` (naive), the first one first.

    There are none while the clocks go forward, and two while they go back (PEP 495).
    """
    plain = wall.replace(tzinfo=None, fold=0)
    found = dict.fromkeys(plain.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return tuple(instant for instant in found if shown(instant, zone) == plain)


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive wall time that a clock in `zone` shows at `instant`."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def neighbours(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The last minute before the clocks go forward over `wall`, and the first time after it; both naive."""
    plain = wall.replace(tzinfo=None, fold=0, microsecond=0)
    later, earlier = (plain.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    seconds = range(round((later - earlier) / _SECOND) + 1)
    before = earlier.astimezone(zone).utcoffset()
    change = bisect_left(
        seconds, True, key=lambda passed: (earlier + passed * _SECOND).astimezone(zone).utcoffset() != before
    )
    instant = earlier + change * _SECOND
    last = shown(instant - _SECOND, zone)
    return last.replace(second=0, microsecond=0), shown(instant, zone)


def forward(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of `wall`: the first of two, and what does not exist moves forward by the length of the gap."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def from_anchor(relative: Relative, anchor: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    """The UTC instant of a relative time, and whether it moved forward out of hours that do not exist (H6a).

    `anchor` is the aware instant of the event's start or end, `zone` the event's.
    """
    if relative.days is None:
        return anchor.astimezone(UTC) + timedelta(hours=relative.hours or 0, minutes=relative.minutes or 0), False
    wall = shown(anchor, zone) + timedelta(days=relative.days)
    if relative.at is not None:
        wall = datetime.combine(wall, relative.at)
    return forward(wall, zone), not instants(wall, zone)


def rfc3339(instant: datetime) -> str:
    """An instant as programs read it: UTC, to the second, with a Z (RFC 3339)."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def days_between(now: datetime, then: datetime, zone: ZoneInfo) -> int:
    """How many days of the calendar of `zone` one instant is before the other; negative when `then` is earlier."""
    return (shown(then, zone).date() - shown(now, zone).date()).days


def clocks_change(now: datetime, then: datetime, zone: ZoneInfo) -> bool:
    """Whether `zone` is further from UTC at one instant than at the other."""
    return now.astimezone(zone).utcoffset() != then.astimezone(zone).utcoffset()


def certain(local: datetime) -> bool:
    """Whether the wall time of `local` (aware, in its zone) occurs once, so that it alone tells the instant."""
    return local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset()


def clock(local: datetime, zone: ZoneInfo) -> str:
    """The clock time of an instant in a zone, as in 18:00; with the name of the zone's time where it occurs twice."""
    local = local.astimezone(zone)
    return f"{local:%H:%M}" if certain(local) else f"{local:%H:%M} {abbreviation(local, zone)}"


def abbreviation(instant: datetime, zone: ZoneInfo) -> str:
    """The name of the time that `zone` keeps at `instant`, as in CEST, or its distance from UTC where it has none."""
    local = instant.astimezone(zone)
    name = local.tzname() or ""
    return name if name.isalpha() else offset(instant, zone)


def offset(instant: datetime, zone: ZoneInfo) -> str:
    """The distance of `zone` from UTC at `instant`, as in UTC+02:00; UTC itself has none."""
    apart = instant.astimezone(zone).utcoffset() or timedelta(0)
    hours, minutes = divmod(round(abs(apart) / _MINUTE), 60)
    return f"UTC{'-' if apart < timedelta(0) else '+'}{hours:02}:{minutes:02}" if apart else "UTC"
