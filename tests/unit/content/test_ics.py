import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from eventmail.content.calendar_links import CalendarFacts
from eventmail.content.ics import event_file
from eventmail.errors import InvalidInput, InvalidTimezone
from tests.support.budgets import budget

GOLDEN = Path(__file__).parents[2] / "golden"


def read(data):
    calendar = Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_K3_the_file_is_the_golden_one_byte_for_byte(facts):
    made = event_file(facts, "Gala Team", "team@example.org")
    golden = GOLDEN / "event.ics"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_bytes(made)
    assert made == golden.read_bytes() == event_file(facts, "Gala Team", "team@example.org")


def test_K3_the_file_publishes_one_event_with_its_identity_and_its_organizer_alone(facts):
    calendar, event = read(event_file(facts, "Gala Team", "team@example.org"))
    assert (str(calendar["METHOD"]), str(calendar["VERSION"]), "UID" in calendar) == ("PUBLISH", "2.0", False)
    assert (str(event["UID"]), event["SEQUENCE"], str(event["STATUS"])) == ("event-1@mail.example.org", 3, "CONFIRMED")
    assert (str(event["ORGANIZER"]), "ATTENDEE" in event) == ("mailto:team@example.org", False)
    assert (event["DTSTAMP"].dt, event["LAST-MODIFIED"].dt) == (facts.updated_at, facts.updated_at)
    assert (event["DTSTART"].dt.isoformat(), event["DTEND"].dt.isoformat()) == (
        "2026-12-04T18:00:00+01:00",
        "2026-12-04T23:30:00+01:00",
    )
    assert str(event["DESCRIPTION"]) == f"{facts.description}\n\nhttps://gala.example.org/"


def test_K3_a_cancelled_event_keeps_its_identity_and_says_so(facts):
    _, event = read(event_file(replace(facts, cancelled=True, sequence=4), "Gala Team", "team@example.org"))
    assert (str(event["STATUS"]), str(event["UID"]), event["SEQUENCE"]) == ("CANCELLED", facts.uid, 4)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"])
def test_K3_the_zone_begins_before_the_event_and_has_a_standard_time(facts, zone):
    starts = datetime(2026, 6, 10, 12)  # noqa: DTZ001, a wall time
    made = event_file(replace(facts, timezone=zone, starts=starts, ends=None), "T", "t@example.org")
    calendar, event = read(made)
    (described,) = calendar.walk("VTIMEZONE")
    assert str(described["TZID"]) == zone == event["DTSTART"].params["TZID"]
    standard = [part["DTSTART"].dt for part in described.walk("STANDARD")]
    assert min(standard) < starts - timedelta(days=365)
    assert len(made) < 2500


def test_K3_a_utc_event_needs_no_zone(facts):
    assert b"VTIMEZONE" not in event_file(replace(facts, timezone="UTC"), "T", "t@example.org")


def test_K3_a_time_that_occurs_twice_is_written_in_utc(facts):
    twice = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001, a wall time
    made = event_file(replace(facts, starts=twice, ends=twice.replace(hour=5)), "T", "t@example.org")
    assert b"DTSTART:20261025T003000Z\r\n" in made
    assert b"DTSTART:20261025T013000Z\r\n" in event_file(
        replace(facts, starts=twice.replace(fold=1), ends=twice.replace(hour=5)), "T", "t@example.org"
    )


@pytest.mark.parametrize(
    ("ends", "after"),
    [(None, date(2026, 12, 5)), (datetime(2026, 12, 6), date(2026, 12, 7))],  # noqa: DTZ001
)
def test_K3_an_all_day_event_has_dates_with_an_exclusive_end(facts, ends, after):
    _, event = read(event_file(replace(facts, all_day=True, ends=ends), "T", "t@example.org"))
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 12, 4), after)


def test_K4_optional_facts_may_be_missing(facts):
    bare = replace(facts, location="", description="", url="", ends=None)
    _, event = read(event_file(bare, "", ""))
    assert [name for name in ("LOCATION", "DESCRIPTION", "URL", "ORGANIZER") if name in event] == []
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(hours=1)


def test_K2_without_a_start_or_with_an_unknown_zone_there_is_no_file(facts):
    with pytest.raises(InvalidInput):
        event_file(replace(facts, starts=None), "T", "t@example.org")
    with pytest.raises(InvalidTimezone):
        event_file(replace(facts, timezone="Mars/Base"), "T", "t@example.org")


NASTY = st.sampled_from(
    ["a\r\nATTENDEE:mailto:x@example.org", "\x00\x07b", "END:VEVENT", 'a"b^n;,:\\', "é" * 90, "\ud800"]
)


@settings(max_examples=budget(80))
@given(NASTY | st.text(), NASTY | st.text(), NASTY | st.text(), NASTY | st.text())
def test_C4_no_text_breaks_the_file(title, location, description, name):
    facts = CalendarFacts(
        "u@example.org",
        title,
        description,
        location,
        "https://a.example/\r\nX:y",
        "Europe/Berlin",
        datetime(2026, 12, 4, 18),  # noqa: DTZ001
        None,
        False,
        0,
        datetime(2026, 11, 1, tzinfo=UTC),
        False,
    )
    made = event_file(facts, name, "t@example.org")
    calendar, event = read(made)
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE", "VEVENT"]
    assert set(event) <= {
        *("UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "STATUS", "SUMMARY", "DTSTART", "DTEND"),
        *("DESCRIPTION", "LOCATION", "URL", "ORGANIZER"),
    }
    assert [
        line for line in made.split(b"\r\n") if len(line) > 75 or set(line) & {*range(9), *range(10, 32), 127}
    ] == []
    assert made.endswith(b"END:VCALENDAR\r\n")
