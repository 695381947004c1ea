"""Instants, distances and relative times as people read them."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from eventmail.wall_time import Anchor, Relative, from_anchor
from eventmail.web.words import when

BERLIN, KOLKATA, ANGELES = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Los_Angeles")
STARTS, ENDS = Anchor.STARTS, Anchor.ENDS


def wall(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def test_H1_an_instant_is_told_with_its_day_and_the_name_of_its_time() -> None:
    at = wall("2026-12-04T18:00")
    assert when.full(at, BERLIN) == "Fri 4 Dec 2026, 18:00 CET"
    assert when.full(at, ANGELES) == "Fri 4 Dec 2026, 09:00 PST"
    assert when.full(at, KOLKATA) == "Fri 4 Dec 2026, 22:30 IST"
    assert when.full(at, ZoneInfo("Asia/Kathmandu")) == "Fri 4 Dec 2026, 22:45 UTC+05:45"  # it has no name
    assert when.full(at + timedelta(seconds=30), BERLIN) == "Fri 4 Dec 2026, 18:00:30 CET"


def test_a_year_that_goes_without_saying_is_not_said() -> None:
    at, now = wall("2026-12-04T18:00"), wall("2026-11-29T12:00")
    assert when.brief(at, BERLIN, now) == "Fri 4 Dec, 18:00 CET"
    assert when.brief(wall("2027-01-01T00:30"), BERLIN, now) == "Fri 1 Jan 2027, 00:30 CET"
    assert when.brief(wall("2027-01-01T00:30"), ANGELES, now) == "Thu 31 Dec, 15:30 PST"


def test_H3_a_cutoff_beside_its_time_needs_a_date_of_its_own_only_on_another_day() -> None:
    assert when.beside(wall("2026-12-04T17:45"), wall("2026-12-04T18:00"), BERLIN) == "17:45 CET"
    assert when.beside(wall("2026-12-03T23:50"), wall("2026-12-04T00:05"), BERLIN) == "Thu 3 Dec, 23:50 CET"


def test_H3_G22_a_cutoff_before_a_time_that_occurs_twice_is_told_by_its_own_offset() -> None:
    due = wall("2027-10-31T02:05", fold=1)
    assert when.full(due, BERLIN) == "Sun 31 Oct 2027, 02:05 CET"
    assert when.beside(due - timedelta(minutes=15), due, BERLIN) == "02:50 CEST"


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        ("2026-12-01T12:00", "2026-12-13T08:00", "in 12 days"),
        ("2026-12-01T12:00", "2026-12-03T00:30", "in 2 days"),
        ("2026-12-01T20:00", "2026-12-02T10:00", "tomorrow, in 14 hours"),
        ("2026-12-01T12:00", "2026-12-01T14:00", "today, in 2 hours"),
        ("2026-12-01T12:00", "2026-12-01T13:20", "today, in 1 hour 20 minutes"),
        ("2026-12-01T23:50", "2026-12-02T00:15", "in 25 minutes"),
        ("2026-12-01T12:00", "2026-12-01T12:01", "in 1 minute"),
        ("2026-12-01T12:00", "2026-12-01T12:00:20", "in less than a minute"),
        ("2026-12-01T12:00", "2026-12-01T11:59:50", "less than a minute ago"),
        ("2026-12-01T12:00", "2026-12-01T10:00", "today, 2 hours ago"),
        ("2026-12-01T08:00", "2026-11-30T22:00", "yesterday, 10 hours ago"),
        ("2026-12-13T08:00", "2026-12-01T12:00", "12 days ago"),
        # G21: the day the clocks go back has 25 hours, the other one 23
        ("2027-10-31T00:30", "2027-10-31T23:45", "today, in 24 hours"),
        ("2027-03-27T12:00", "2027-03-28T23:30", "tomorrow, in 34 hours"),
    ],
)
def test_H1_G21_days_are_midnights_and_hours_are_elapsed(now: str, then: str, words: str) -> None:
    assert when.distance(wall(now), wall(then), BERLIN) == words


def test_H1_a_time_that_was_chosen_to_the_minute_is_not_told_as_an_hour_less() -> None:
    now = wall("2026-12-01T12:00")
    assert when.distance(now + timedelta(seconds=0.4), now + timedelta(hours=2), BERLIN) == "today, in 2 hours"


def test_H1_G17_hours_count_the_instant_whoever_looks() -> None:
    now, then = wall("2026-12-01T09:00", ANGELES), wall("2026-12-01T18:00", ANGELES)
    assert when.distance(now, then, ANGELES) == "today, in 9 hours"
    assert when.distance(now, then, ZoneInfo("America/New_York")) == "today, in 9 hours"
    assert when.distance(now, then, KOLKATA) == "tomorrow, in 9 hours"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(days=1_234, hours=5), "1\u2009234 days"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=1, hours=23, minutes=50), "48 hours"),
        (timedelta(hours=14, minutes=20), "14 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=61), "1 hour 1 minute"),
        (timedelta(minutes=59, seconds=50), "1 hour"),
        (timedelta(minutes=12), "12 minutes"),
        (timedelta(seconds=29), "less than a minute"),
    ],
)
def test_a_span_is_told_as_finely_as_it_matters(length: timedelta, words: str) -> None:
    assert when.span(length) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Relative(STARTS, days=-2, at=time(18)), "2 days before the event starts, at 18:00"),
        (Relative(STARTS, days=-1), "1 day before the event starts"),
        (Relative(ENDS, days=1), "1 day after the event ends"),
        (Relative(STARTS, days=0, at=time(9, 30)), "on the day the event starts, at 09:30"),
        (Relative(ENDS, days=0), "when the event ends"),
        (Relative(STARTS, hours=-1), "1 hour before the event starts"),
        (Relative(ENDS, hours=24), "24 hours after the event ends"),
        (Relative(STARTS, minutes=-1_440), "1\u2009440 minutes before the event starts"),
        (Relative(STARTS, hours=0), "when the event starts"),
    ],
)
def test_H6a_a_relative_time_reads_as_people_say_it(rule: Relative, words: str) -> None:
    assert when.relative(rule) == words


@pytest.mark.parametrize(
    ("event", "rule", "words"),
    [
        ("2027-03-28T10:00", Relative(STARTS, days=-1), "Sat 27 Mar 2027, 10:00 CET"),
        ("2027-03-28T10:00", Relative(STARTS, hours=-24), "Sat 27 Mar 2027, 09:00 CET"),
        ("2027-03-29T02:30", Relative(STARTS, days=-1), "Sun 28 Mar 2027, 03:30 CEST"),
    ],
)
def test_H6a_G23_the_instant_of_a_relative_time_is_told_as_the_clocks_show_it(
    event: str, rule: Relative, words: str
) -> None:
    assert when.full(from_anchor(rule, wall(event), BERLIN)[0], BERLIN) == words
