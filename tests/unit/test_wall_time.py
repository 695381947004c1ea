"""Wall times and instants in every time zone from 1970 to 2040, beside clocks that are walked (tests.support.zones)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail import wall_time
from eventmail.wall_time import Anchor, Relative
from tests.support.budgets import budget
from tests.support.zones import (
    DAY,
    FIRST,
    HOUR,
    LAST,
    MINUTE,
    ZONES,
    changes,
    minutes_shown,
    offset_at,
    walked,
    zones_and_gaps,
    zones_and_walls,
)  # fmt: skip


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return wall(text).replace(tzinfo=UTC)


@settings(max_examples=budget(300))
@given(zones_and_walls())
def test_H2_the_instants_of_a_wall_time_are_those_at_which_a_clock_shows_it(case: tuple[ZoneInfo, datetime]) -> None:
    zone, wall = case
    expected = walked(wall, zone)
    assert list(wall_time.instants(wall, zone)) == expected
    assert len(expected) <= 2
    assert {wall_time.certain(instant.astimezone(zone)) for instant in expected} <= {len(expected) == 1}


@settings(max_examples=budget(300))
@given(ZONES, st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_H1_an_instant_is_among_those_of_the_wall_time_it_shows(zone: ZoneInfo, instant: datetime) -> None:
    shown = wall_time.shown(instant, zone)
    assert (shown.tzinfo, shown.fold) == (None, 0)
    assert instant in wall_time.instants(shown, zone)


@pytest.mark.soak
def test_H2_every_change_of_every_clock_is_a_gap_with_its_neighbours_or_a_fold() -> None:
    gaps, folds = 0, 0
    for key in wall_time.TIMEZONES:
        zone = ZoneInfo(key)
        for change in changes(key):
            old, new = offset_at(change - MINUTE, zone), offset_at(change, zone)
            before, after = (change.replace(tzinfo=None) + offset for offset in (old, new))
            middle = (min(before, after) + abs(new - old) / 2).replace(microsecond=0)
            if new > old:
                gaps += 1
                assert wall_time.instants(middle, zone) == ()
                last = (before - timedelta(seconds=1)).replace(second=0)
                assert wall_time.neighbours(middle, zone) == (last, after)
                assert wall_time.forward(middle, zone) == (middle - old).replace(tzinfo=UTC)
            else:
                folds += 1
                both = tuple((middle - offset).replace(tzinfo=UTC) for offset in (old, new))
                assert wall_time.instants(middle, zone) == both
                assert wall_time.forward(middle, zone) == both[0]
    assert min(gaps, folds) > 10_000


@given(zones_and_gaps())
def test_H2_the_neighbours_of_a_gap_are_the_nearest_minutes_that_a_clock_shows(case: tuple[ZoneInfo, datetime]) -> None:
    zone, wall = case
    expected = minutes_shown(wall, zone)
    assert wall_time.neighbours(wall, zone) == expected
    assert wall_time.neighbours(wall + timedelta(seconds=59, microseconds=9), zone) == expected


@settings(max_examples=budget(200))
@given(
    zones_and_walls(), st.integers(-40, 40), st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0))
)
def test_H6a_days_keep_the_wall_time_and_a_gap_moves_it_forward(
    case: tuple[ZoneInfo, datetime], days: int, at: time | None
) -> None:
    zone, meant = case
    anchor_wall = meant - days * DAY
    for anchor in wall_time.instants(anchor_wall, zone):
        there = datetime.combine(meant, at) if at else meant
        expected = walked(there, zone)
        found, moved = wall_time.from_anchor(Relative(Anchor.STARTS, days=days, at=at), anchor, zone)
        assert moved == (not expected)
        if expected:
            assert found == expected[0]
        else:
            before, after = wall_time.neighbours(there, zone)
            assert wall_time.shown(found, zone) == there + (after - before - MINUTE)
        assert found.tzinfo == UTC


@settings(max_examples=budget(100))
@given(zones_and_walls(), st.integers(-5_000, 5_000))
def test_H6a_hours_and_minutes_are_elapsed_time(case: tuple[ZoneInfo, datetime], number: int) -> None:
    zone, wall = case
    for instant in wall_time.instants(wall, zone):
        anchor = instant.astimezone(zone)
        hours, minutes = Relative(Anchor.ENDS, hours=number), Relative(Anchor.ENDS, minutes=number)
        assert wall_time.from_anchor(hours, anchor, zone) == (instant + number * HOUR, False)
        assert wall_time.from_anchor(minutes, anchor, zone) == (instant + number * MINUTE, False)


@settings(max_examples=budget(200))
@given(zones_and_walls(), st.integers(0, 300))
def test_G22_a_cutoff_is_counted_on_instants_and_shown_as_one(case: tuple[ZoneInfo, datetime], minutes: int) -> None:
    zone, wall = case
    for send_at in wall_time.instants(wall, zone):
        cutoff = send_at - minutes * MINUTE
        assert cutoff in wall_time.instants(wall_time.shown(cutoff, zone), zone)
        # what the clock shows differs from the plain difference by just as much as the clocks have changed
        apart = offset_at(cutoff, zone) - offset_at(send_at, zone)
        assert wall_time.shown(cutoff, zone) == wall - minutes * MINUTE + apart
        assert wall_time.clocks_change(cutoff, send_at, zone) == (apart != timedelta(0))


@settings(max_examples=budget(100))
@given(ZONES, st.lists(st.datetimes(FIRST, LAST, timezones=st.just(UTC)), min_size=3, max_size=3))
def test_H1_days_are_counted_on_the_calendar_of_the_zone(zone: ZoneInfo, three: list[datetime]) -> None:
    one, other, third = three
    days = wall_time.days_between(one, other, zone)
    assert wall_time.shown(one, zone).date() + days * DAY == wall_time.shown(other, zone).date()
    assert days + wall_time.days_between(other, third, zone) == wall_time.days_between(one, third, zone)


BERLIN = ZoneInfo("Europe/Berlin")


def test_G17_hours_count_the_instant_and_each_zone_shows_its_own_time() -> None:
    los_angeles, new_york = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")
    now = utc("2027-06-19T20:00")
    (send_at,) = wall_time.instants(wall("2027-06-19T18:00"), los_angeles)
    assert (send_at, send_at - now) == (utc("2027-06-20T01:00"), 5 * HOUR)
    assert wall_time.shown(send_at, new_york) == wall("2027-06-19T21:00")
    assert [wall_time.abbreviation(send_at, zone) for zone in (los_angeles, new_york)] == ["PDT", "EDT"]


def test_G18_tomorrow_morning_is_in_the_future_for_a_viewer_behind_UTC() -> None:
    los_angeles = ZoneInfo("America/Los_Angeles")
    now = utc("2027-06-20T03:20")  # 20:20 on the 19th there
    (send_at,) = wall_time.instants(wall("2027-06-20T10:21"), los_angeles)
    assert (send_at - now, wall_time.days_between(now, send_at, los_angeles)) == (14 * HOUR + MINUTE, 1)


@pytest.mark.parametrize(
    ("text", "key", "before", "after"),
    [
        ("2027-09-05T00:00", "America/Santiago", "2027-09-04T23:59", "2027-09-05T01:00"),
        ("2027-03-28T00:30", "Asia/Beirut", "2027-03-27T23:59", "2027-03-28T01:00"),
        ("2027-04-30T00:30", "Africa/Cairo", "2027-04-29T23:59", "2027-04-30T01:00"),
        ("2027-03-27T23:30", "America/Nuuk", "2027-03-27T22:59", "2027-03-28T00:00"),
        ("2027-10-03T02:15", "Australia/Lord_Howe", "2027-10-03T01:59", "2027-10-03T02:30"),
        ("2027-03-28T02:00", "Antarctica/Troll", "2027-03-28T00:59", "2027-03-28T03:00"),
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-29T23:59", "2011-12-31T00:00"),
        ("1972-01-07T00:30", "Africa/Monrovia", "1972-01-06T23:59", "1972-01-07T00:44:30"),
    ],
)
def test_G19_a_wall_time_in_a_gap_has_no_instant_but_neighbours(text: str, key: str, before: str, after: str) -> None:
    assert wall_time.instants(wall(text), ZoneInfo(key)) == ()
    assert wall_time.neighbours(wall(text), ZoneInfo(key)) == (wall(before), wall(after))


@pytest.mark.parametrize(
    ("text", "key", "first", "second"),
    [
        ("2027-04-04T01:45", "Australia/Lord_Howe", "2027-04-03T14:45", "2027-04-03T15:15"),
        # Morocco stays at +00:00 from 2026-09-20 on (tzdata 2026f), so its last fold is of 2026
        ("2026-02-15T02:30", "Africa/Casablanca", "2026-02-15T01:30", "2026-02-15T02:30"),
        ("2027-10-31T02:30", "Europe/Berlin", "2027-10-31T00:30", "2027-10-31T01:30"),
    ],
)
def test_G19_a_wall_time_in_a_fold_has_two_instants(text: str, key: str, first: str, second: str) -> None:
    assert wall_time.instants(wall(text), ZoneInfo(key)) == (utc(first), utc(second))


def test_G20_a_zone_that_gave_up_summer_time_keeps_its_hour() -> None:
    sao_paulo = ZoneInfo("America/Sao_Paulo")
    (instant,) = wall_time.instants(wall("2027-11-07T08:00"), sao_paulo)
    assert (instant, wall_time.shown(instant, sao_paulo)) == (utc("2027-11-07T11:00"), wall("2027-11-07T08:00"))


@pytest.mark.parametrize(
    ("now", "send", "days"),
    [("2027-10-31T00:30", "2027-10-31T23:45", 0), ("2027-03-27T12:00", "2027-03-28T23:30", 1)],
)
def test_G21_a_day_of_23_or_25_hours_is_one_day(now: str, send: str, days: int) -> None:
    at, send_at = (wall_time.instants(wall(text), BERLIN)[0] for text in (now, send))
    assert wall_time.days_between(at, send_at, BERLIN) == days
    assert wall_time.clocks_change(at, send_at, BERLIN)


def test_G22_a_cutoff_before_the_clocks_went_back_is_in_summer_time() -> None:
    send_at = wall_time.instants(wall("2027-10-31T02:05"), BERLIN)[1]
    cutoff = send_at - 15 * MINUTE
    assert (send_at, cutoff) == (utc("2027-10-31T01:05"), utc("2027-10-31T00:50"))
    assert wall_time.shown(cutoff, BERLIN) == wall("2027-10-31T02:50")
    assert [wall_time.abbreviation(instant, BERLIN) for instant in (cutoff, send_at)] == ["CEST", "CET"]


@pytest.mark.parametrize(
    ("relative", "starts", "instant", "shown", "moved"),
    [
        ({"days": -1}, "2027-03-28T10:00", "2027-03-27T09:00", "2027-03-27T10:00", False),
        ({"hours": -24}, "2027-03-28T10:00", "2027-03-27T08:00", "2027-03-27T09:00", False),
        ({"days": -1}, "2027-03-29T02:30", "2027-03-28T01:30", "2027-03-28T03:30", True),
        ({"days": -2, "at": time(18)}, "2027-03-29T02:30", "2027-03-27T17:00", "2027-03-27T18:00", False),
        ({"days": -1}, "2027-11-01T02:30", "2027-10-31T00:30", "2027-10-31T02:30", False),
    ],
)
def test_G23_a_day_before_keeps_the_clock_time_and_24_hours_before_do_not(
    relative: dict[str, int | time], starts: str, instant: str, shown: str, moved: bool
) -> None:
    (anchor,) = wall_time.instants(wall(starts), BERLIN)
    found = wall_time.from_anchor(Relative(Anchor.STARTS, **relative), anchor, BERLIN)  # type: ignore[arg-type]
    assert found == (utc(instant), moved)
    assert wall_time.shown(found[0], BERLIN) == wall(shown)


@pytest.mark.parametrize(
    ("instant", "shown"),
    [("2027-06-19T16:00", "18:00"), ("2027-10-31T00:30", "02:30 CEST"), ("2027-10-31T01:30", "02:30 CET")],
)
def test_H2_a_clock_time_that_occurs_twice_is_shown_with_the_name_of_its_time(instant: str, shown: str) -> None:
    assert wall_time.clock(utc(instant), BERLIN) == wall_time.clock(utc(instant).astimezone(BERLIN), BERLIN) == shown


@pytest.mark.parametrize("parts", [{}, {"days": 1, "hours": 1}, {"hours": 1, "at": time(9)}])
def test_H6a_a_relative_time_has_one_unit_and_days_alone_a_clock_time(parts: dict[str, int | time]) -> None:
    with pytest.raises(ValueError, match=r"one of days|only days"):
        Relative(Anchor.STARTS, **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("relative", [{"days": 10**10}, {"days": 3_000_000}, {"hours": 10**9}, {"minutes": -(10**12)}])
def test_H6a_what_no_calendar_holds_is_an_OverflowError(relative: dict[str, int]) -> None:
    with pytest.raises(OverflowError):
        wall_time.from_anchor(Relative(Anchor.STARTS, **relative), utc("2027-06-19T18:00"), BERLIN)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", sorted(wall_time.TIMEZONES)[::40])
@pytest.mark.parametrize("edge", [datetime.min, datetime.max])  # noqa: DTZ901
def test_H2_at_the_edges_of_the_calendar_there_is_an_instant_or_an_OverflowError(key: str, edge: datetime) -> None:
    zone = ZoneInfo(key)
    try:
        (instant,) = wall_time.instants(edge, zone)
    except OverflowError:
        return
    assert wall_time.shown(instant, zone) == edge


@pytest.mark.parametrize(
    ("key", "name", "offset"),
    [
        ("Europe/Berlin", "CEST", "UTC+02:00"),
        ("Asia/Kathmandu", "UTC+05:45", "UTC+05:45"),
        ("America/St_Johns", "NDT", "UTC-02:30"),
        ("Africa/Abidjan", "GMT", "UTC"),
        ("UTC", "UTC", "UTC"),
        ("Etc/GMT+5", "UTC-05:00", "UTC-05:00"),
    ],
)
def test_H1_a_zone_has_a_name_for_its_time_or_its_distance_from_UTC(key: str, name: str, offset: str) -> None:
    instant = utc("2027-06-19T18:00")
    assert (wall_time.abbreviation(instant, ZoneInfo(key)), wall_time.offset(instant, ZoneInfo(key))) == (name, offset)
