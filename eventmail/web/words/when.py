"""Instants, distances and relative times in words (H1, H6a)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from eventmail.wall_time import Anchor, Relative, abbreviation, days_between, shown

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_TO_THE_MINUTE = 10 * _HOUR  # a shorter span says its minutes, too
_NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_VERBS = {Anchor.STARTS: "starts", Anchor.ENDS: "ends"}


def full(at: datetime, zone: ZoneInfo) -> str:
    """Such as “Fri 4 Dec 2026, 18:00 CET”."""
    return f"{day(at, zone)}, {clock(at, zone)}"


def brief(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`full` without the year, where that is the year of `now`."""
    return f"{day(at, zone, now)}, {clock(at, zone)}"


def beside(at: datetime, other: datetime, zone: ZoneInfo) -> str:
    """`at` where `other` is told beside it: a time of the same day needs no date."""
    return clock(at, zone) if days_between(at, other, zone) == 0 else brief(at, zone, other)


def day(at: datetime, zone: ZoneInfo, now: datetime | None = None) -> str:
    """Such as “Fri 4 Dec 2026”; without the year, where that is the year of `now`."""
    wall = shown(at, zone)
    year = "" if now and shown(now, zone).year == wall.year else f" {wall.year}"
    return f"{wall:%a} {wall.day} {wall:%b}{year}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Such as “18:00 CET”; with the seconds of a time that has some."""
    wall = shown(at, zone)
    return f"{wall.time().isoformat('seconds' if wall.second else 'minutes')} {abbreviation(at, zone)}"


def distance(now: datetime, then: datetime, zone: ZoneInfo) -> str:
    """How far `then` is from `now`, such as “tomorrow, in 14 hours”, “in 12 days” or “today, 2 hours ago”.

    Days are midnights of `zone`, hours are elapsed time.
    """
    days, apart = days_between(now, then, zone), abs(then - now)
    far = abs(days) > 1
    passed = _of(abs(days), "day") if far else span(apart)
    told = f"in {passed}" if then >= now else f"{passed} ago"
    if far or apart < _HOUR:
        return told
    return f"{_NEAR[days]}, {told}"


def span(length: timedelta) -> str:
    """A length of time, such as “12 days”, “14 hours” or “1 hour 20 minutes”."""
    minutes = round(length / _MINUTE)
    if length >= 2 * _DAY:
        return _of(length // _DAY, "day")
    if length >= _TO_THE_MINUTE:
        return _of(round(length / _HOUR), "hour")
    hours, minutes = divmod(minutes, 60)
    parts = [_of(number, unit) for number, unit in ((hours, "hour"), (minutes, "minute")) if number]
    return " ".join(parts) or "less than a minute"


def relative(rule: Relative) -> str:
    """A relative time, such as “2 days before the event starts, at 18:00” (H6a)."""
    number, unit = next(
        (number, unit)
        for number, unit in ((rule.days, "day"), (rule.hours, "hour"), (rule.minutes, "minute"))
        if number is not None
    )
    verb = _VERBS[rule.anchor]
    if number:
        told = f"{_of(abs(number), unit)} {'before' if number < 0 else 'after'} the event {verb}"
    else:
        told = f"on the day the event {verb}" if rule.at else f"when the event {verb}"
    return f"{told}, at {rule.at:%H:%M}" if rule.at else told


def _of(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}".replace(",", "\u2009")
