"""The clocks of every time zone from 1970 to 2040, as a walk finds them that knows nothing of PEP 495."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from eventmail import wall_time

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST, LAST = datetime(1970, 1, 2), datetime(2040, 12, 30)  # noqa: DTZ001  walls, with room for every zone


def offset_at(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


@cache
def changes(key: str) -> list[datetime]:
    """The instants, to the second, at which the clocks of a zone change. No two are within ten days."""
    zone, found = ZoneInfo(key), []
    early, end = FIRST.replace(tzinfo=UTC), LAST.replace(tzinfo=UTC)
    known = offset_at(early, zone)
    while early < end:
        late = early + 10 * DAY
        if offset_at(late, zone) != known:
            while late - early > timedelta(seconds=1):
                middle = (early + (late - early) // 2).replace(microsecond=0)
                early, late = (middle, late) if offset_at(middle, zone) == known else (early, middle)
            found.append(late)
            known = offset_at(late, zone)
        early = late
    return found


ZONES = st.sampled_from(sorted(wall_time.TIMEZONES)).map(ZoneInfo)


@st.composite
def zones_and_walls(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a wall time, three times of four within a day of a change of its clocks, often in it."""
    zone = draw(ZONES)
    if draw(st.integers(0, 3)) and changes(zone.key):
        change = draw(st.sampled_from(changes(zone.key)))
        minutes: int = draw(st.integers(-90, 90) | st.integers(-1440, 1440))
        return zone, change.replace(tzinfo=None) + offset_at(change, zone) + minutes * MINUTE
    return zone, draw(st.datetimes(FIRST, LAST)).replace(microsecond=0, second=0)


def walked(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants at which a clock in the zone shows a wall time. A walk finds each distance from UTC it has then."""
    plain = wall.replace(tzinfo=UTC)
    offsets = {offset_at(plain + quarters * 15 * MINUTE, zone) for quarters in range(-104, 104)}
    return sorted(plain - each for each in offsets if offset_at(plain - each, zone) == each)


def minutes_shown(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The last minute before and the first after a wall time that a clock in the zone shows, walked by the minute."""
    start = wall.replace(tzinfo=UTC) - 26 * HOUR
    shown = {(start + n * MINUTE).astimezone(zone).replace(tzinfo=None) for n in range(52 * 60)}
    return max(each for each in shown if each < wall), min(each for each in shown if each > wall)


@st.composite
def zones_and_gaps(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone and a wall time that it skips."""
    zone = draw(ZONES.filter(lambda zone: any(gaps(zone))))
    change = draw(st.sampled_from(gaps(zone)))
    before, after = offset_at(change - MINUTE, zone), offset_at(change, zone)
    return zone, change.replace(tzinfo=None) + before + draw(st.integers(0, (after - before) // MINUTE - 1)) * MINUTE


def gaps(zone: ZoneInfo) -> list[datetime]:
    """The changes that skip whole minutes: in 1972 Monrovia skipped 44 and a half."""
    forward = [each for each in changes(zone.key) if offset_at(each, zone) > offset_at(each - MINUTE, zone)]
    return [each for each in forward if not each.second]
