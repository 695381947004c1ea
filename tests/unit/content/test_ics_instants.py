"""Whoever reads a calendar file finds the event's very instants in it; here the parser is vobject."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from eventmail import wall_time
from eventmail.content import vtimezone
from tests.support.budgets import in_soak
from tests.support.calendar_corpus import YEARS, around_changes, whole_days
from tests.support.calendars import TEN_ZONES, event, meets_first, read_by_vobject, written


@pytest.mark.parametrize("zone", [*TEN_ZONES[:3], *in_soak(*TEN_ZONES[3:])])
@pytest.mark.parametrize("year", [YEARS[0], *in_soak(*YEARS[1:])])
def test_K3_vobject_reads_the_same_instants_around_both_changes_of_the_clocks(zone, year):
    cases = list(around_changes(zone, year))
    read = [(entry, read_by_vobject(written(facts))) for facts, entry in cases]
    assert [(expected, found) for expected, found in read if found != expected] == []
    assert len(cases) >= 25


@pytest.mark.parametrize("zone", TEN_ZONES)
def test_K3_vobject_reads_all_day_and_multi_day_events(zone):
    for facts, entry in whole_days(zone):
        assert read_by_vobject(written(facts)) == entry


def test_K3_every_zone_in_a_file_is_described_there_under_its_very_name():
    used, wrong = set(), {}
    for zone in sorted(wall_time.TIMEZONES):
        text = written(event("2027-07-15T12:00", zone=zone)).decode()
        named, described = (
            re.findall(r"^DT\w+;TZID=(.+):", text, re.MULTILINE),
            re.findall(r"^TZID:(.+)\r", text, re.MULTILINE),
        )
        used |= set(named)
        if (named, described) not in (([zone, zone], [zone]), ([], [])):
            wrong[zone] = (named, described)
    assert wrong == {}
    assert len(used) > 500


def test_K3_every_zone_of_any_decade_begins_before_the_event_with_a_standard_time_in_it():
    without, late = [], []
    for zone in wall_time.TIMEZONES:
        for year in (1999, 2026):
            found = vtimezone.around(ZoneInfo(zone), date(year, 1, 1), date(year, 1, 1))
            without += [] if any(not each.is_daylight for each in found) else [(zone, year)]
            late += [] if min(each.begins for each in found).year < year else [(zone, year)]
    assert (without, late) == ([], [])


@pytest.mark.parametrize(
    ("zone", "daylight", "standard"),
    [
        ("Europe/Berlin", {"CEST"}, {"CET"}),
        ("Europe/Dublin", {"IST"}, {"GMT"}),  # whose own law calls summer the standard
        ("Pacific/Chatham", {"+1345"}, {"+1245"}),
        ("Asia/Kathmandu", set(), {"+0545"}),
    ],
)
def test_K3_summer_is_the_daylight_time_of_a_zone(zone, daylight, standard):
    found = vtimezone.observances(ZoneInfo(zone), date(2026, 1, 1), date(2027, 1, 1))
    assert {each.name for each in found if each.is_daylight} == daylight
    assert {each.name for each in found if not each.is_daylight} == standard


def test_K3_a_change_of_the_clocks_is_told_by_the_clock_that_ran_until_then():
    """RFC 5545 3.6.5: 02:00 for Berlin's spring, where icalendar writes 03:00 and readers that go by UTC differ."""
    found = vtimezone.observances(ZoneInfo("Europe/Berlin"), date(2026, 1, 1), date(2027, 1, 1))
    assert [each.begins.isoformat() for each in found] == [
        "2026-01-01T00:00:00", "2026-03-29T02:00:00", "2026-10-25T03:00:00",
    ]  # fmt: skip


def test_K3_a_program_that_keeps_the_first_zone_under_a_name_reads_later_files_right():
    files = {year: written(event(f"{year}-07-01T18:00", f"{year}-07-01T19:00", "Europe/Berlin"))
             for year in (2026, 2031, 2045)}  # fmt: skip
    meets_first(files[2026])
    for year, file in files.items():
        assert read_by_vobject(file, keeps_zones=True).starts == datetime(year, 7, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Europe/Berlin", {"20250330T020000": "BYDAY=-1SU;BYMONTH=3", "20251026T030000": "BYDAY=-1SU;BYMONTH=10"}),
        ("America/New_York", {"20250309T020000": "BYDAY=2SU;BYMONTH=3", "20251102T020000": "BYDAY=1SU;BYMONTH=11"}),
    ],
)
def test_K3_a_zone_that_changes_by_one_rule_is_described_by_it(zone, changes):
    """Outlook takes no lists of dates: github.com/iCalcreator/iCalcreator/issues/86."""
    text = written(event("2026-12-04T18:00", zone=zone)).decode()
    found = dict(re.findall(r"DTSTART:(\w+)\r\nRRULE:FREQ=YEARLY;(.+)\r", text))
    assert (found, text.count("BEGIN:STANDARD"), text.count("BEGIN:DAYLIGHT")) == (changes, 1, 1)


def test_K3_what_a_rule_says_is_what_the_zone_does():
    told, held = [], 0
    for zone in sorted(wall_time.TIMEZONES):
        rules = vtimezone.yearly(ZoneInfo(zone), 2026)
        held += bool(rules)
        for each in rules:
            rule = rrulestr(f"FREQ=YEARLY;BYMONTH={each.begins.month};BYDAY={each.day}", dtstart=each.begins)
            for onset in rule[:12]:
                now = (onset - each.offset_before).replace(tzinfo=UTC)
                offsets = [
                    moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in (now, now - timedelta(seconds=1))
                ]
                if offsets != [each.offset, each.offset_before]:
                    told.append((zone, onset))
    assert told == []
    assert held > 100


def test_K3_a_file_past_2038_keeps_the_summer():
    facts = event("2045-07-01T18:00", "2045-07-01T19:00", "Europe/Berlin")
    assert read_by_vobject(written(facts)).starts == datetime(2045, 7, 1, 16, tzinfo=UTC)
