"""Turns a local time that somebody chose into the one instant it means, or says why it means none (H2)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from eventmail import wall_time
from eventmail.errors import AmbiguousTime, InvalidInput, InvalidTimezone, NonexistentTime


def zone(timezone: str, *, field: str = "timezone") -> ZoneInfo:
    """The time zone of that name. Raises InvalidTimezone at `field`."""
    if timezone not in wall_time.TIMEZONES:
        message = f"“{timezone[:60]}” is not a time zone we know; use a name such as Europe/Berlin."
        raise InvalidTimezone.at(field, "INVALID_TIMEZONE", message)
    return ZoneInfo(timezone)


def year(wall: datetime, *, field: str) -> None:
    """Raise InvalidInput at `field` when the year of `wall` is none that a message or an event can have."""
    if wall.year not in wall_time.YEARS:
        first, last = wall_time.YEARS[0], wall_time.YEARS[-1]
        raise InvalidInput.at(field, "INVALID_YEAR", f"The year must be between {first} and {last}.")


def instant(wall: datetime, timezone: str, fold: int | None, *, field: str) -> datetime:
    """The UTC instant at which a clock in `timezone` shows `wall` (naive).

    `fold` chooses of a time that occurs twice: 0 the first, 1 the second. A time that occurs once needs none and
    ignores it. Raises InvalidTimezone at the field "timezone"; at `field` InvalidInput for a year out of range,
    NonexistentTime with its neighbours, and AmbiguousTime with both choices while `fold` is None.
    """
    there = zone(timezone)
    year(wall, field=field)
    found = wall_time.instants(wall, there)
    if not found:
        raise NonexistentTime.at(field, "NONEXISTENT_TIME", _nonexistent(wall, there))
    if len(found) == 1:
        return found[0]
    if fold is None:
        raise AmbiguousTime.at(field, "AMBIGUOUS_TIME", _ambiguous(wall, there))
    return found[fold]


def choices(wall: datetime, timezone: str) -> tuple[str, ...]:
    """The words for the two instants of a time that occurs twice, in order of `fold`; () for every other time.

    They read as in “first 02:30 (CEST)”.
    """
    if timezone not in wall_time.TIMEZONES or wall.year not in wall_time.YEARS:
        return ()
    found = wall_time.instants(wall, there := ZoneInfo(timezone))
    if len(found) < 2:
        return ()
    names = [wall_time.abbreviation(at, there) for at in found]
    if names[0] == names[1]:  # Moscow's was MSK before and after 2014-10-26
        names = [wall_time.offset(at, there) for at in found]
    return tuple(f"{which} {_clock(wall)} ({name})" for which, name in zip(("first", "second"), names, strict=True))


def _nonexistent(wall: datetime, there: ZoneInfo) -> str:
    before, after = (
        _clock(other) if other.date() == wall.date() else _full(other) for other in wall_time.neighbours(wall, there)
    )
    return f"{_full(wall)} does not exist in {there.key}: the clocks go forward then. Take {before} or {after}."


def _ambiguous(wall: datetime, there: ZoneInfo) -> str:
    first, second = choices(wall, there.key)
    return f"{_full(wall)} occurs twice in {there.key}: the clocks go back then. Choose the {first} or the {second}."


def _full(wall: datetime) -> str:
    return f"{wall:%Y-%m-%d} {_clock(wall)}"


def _clock(wall: datetime) -> str:
    return f"{wall:%H:%M:%S}" if wall.second else f"{wall:%H:%M}"
