import os
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from eventmail.content.ics import event_file
from eventmail.errors import InvalidInput, InvalidTimezone

GOLDEN = Path(__file__).parents[2] / "golden"


def read(data):
    calendar = Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def made(facts, **changed):
    return event_file(replace(facts, **changed), "Gala Team", "team@example.org")


def test_K3_the_file_is_the_golden_one_byte_for_byte(facts):
    golden = GOLDEN / "event.ics"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_bytes(made(facts))
    assert made(facts) == golden.read_bytes() == made(facts)


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
    _, event = read(made(facts, cancelled=True, sequence=4, reminder_minutes=60))
    assert (str(event["STATUS"]), str(event["UID"]), event["SEQUENCE"]) == ("CANCELLED", facts.uid, 4)
    assert (str(event["SUMMARY"]), str(event["TRANSP"])) == ("Cancelled: Fixture Gala", "TRANSPARENT")
    assert event.subcomponents == []  # nobody is reminded of it


def test_K3_a_title_that_says_that_it_is_cancelled_says_it_once(facts):
    _, event = read(made(facts, cancelled=True, title="Cancelled: Fixture Gala"))
    assert str(event["SUMMARY"]) == "Cancelled: Fixture Gala"


@pytest.mark.parametrize(("busy", "shown"), [(True, "OPAQUE"), (False, "TRANSPARENT")])
def test_K3_an_event_takes_its_hours_or_leaves_them_free(facts, busy, shown):
    assert str(read(made(facts, busy=busy))[1]["TRANSP"]) == shown


@pytest.mark.parametrize(("minutes", "trigger"), [(15, "-PT15M"), (90, "-PT1H30M"), (1440, "-P1D"), (10_080, "-P7D")])
def test_G38_a_reminder_rings_before_the_event_and_describes_itself(facts, minutes, trigger):
    text = made(facts, reminder_minutes=minutes).decode()
    alarm = f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Fixture Gala\r\nTRIGGER:{trigger}\r\nEND:VALARM\r\n"
    assert text.endswith(f"{alarm}END:VEVENT\r\nEND:VCALENDAR\r\n")  # programs lose what stands behind an alarm
    assert "VALARM" not in made(facts).decode()


def test_K3a_a_subscription_has_a_name_and_asks_again_after_half_a_day(facts):
    for shown, changed in (("Fixture Gala", {}), ("Cancelled: Fixture Gala", {"cancelled": True})):
        calendar, _ = read(made(facts, **changed))
        assert (str(calendar["NAME"]), calendar["REFRESH-INTERVAL"].dt) == (shown, timedelta(hours=12))
    lines = made(facts).decode().split("\r\n")
    assert {"REFRESH-INTERVAL;VALUE=DURATION:PT12H", "X-PUBLISHED-TTL:PT12H"} < set(lines)


def test_K3_outlook_opens_the_file_as_an_event_and_not_as_a_calendar_of_its_own(facts):
    assert b"X-WR-CALNAME" not in made(facts)


def test_G35_the_method_stands_before_the_first_component(facts):
    names = [line.partition(":")[0] for line in made(facts).decode().split("\r\n")]
    assert names[:4] == ["BEGIN", "VERSION", "PRODID", "METHOD"]
    assert names.index("METHOD") < names.index("BEGIN", 1)
    assert (names.count("METHOD"), made(facts).count(b"METHOD:PUBLISH\r\n")) == (1, 1)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"])
def test_K3_the_zone_begins_before_the_event_and_has_a_standard_time(facts, zone):
    starts = datetime(2026, 6, 10, 12)  # noqa: DTZ001, a wall time
    text = made(facts, timezone=zone, starts=starts, ends=None)
    calendar, event = read(text)
    (described,) = calendar.walk("VTIMEZONE")
    assert str(described["TZID"]) == zone == event["DTSTART"].params["TZID"]
    standard = [part["DTSTART"].dt for part in described.walk("STANDARD")]
    assert min(standard) < starts
    assert len(text) < 2500


@pytest.mark.parametrize(
    ("zone", "starts"),
    [
        *(
            (zone, "20261204T180000Z")
            for zone in ("UTC", "Etc/UTC", "Zulu", "UCT", "Universal", "GMT", "Etc/Greenwich")
        ),
        ("Etc/GMT+5", "20261204T230000Z"),
        ("EST", "20261204T230000Z"),
        ("EST5EDT", "20261204T230000Z"),
        ("CET", "20261204T170000Z"),
    ],
)
def test_K3_a_zone_without_a_region_is_written_in_utc(facts, zone, starts):
    """A TZID of GMT or EST is read as something else by some programs, whatever its VTIMEZONE says."""
    text = made(facts, timezone=zone)
    assert (b"TZID" in text, f"\r\nDTSTART:{starts}\r\n".encode() in text) == (False, True)


def test_K3_a_time_that_occurs_twice_is_written_in_utc(facts):
    twice = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001, a wall time
    assert b"DTSTART:20261025T003000Z\r\n" in made(facts, starts=twice, ends=twice.replace(hour=5))
    # Python takes the two for equal, so a cache must not
    assert b"DTSTART:20261025T013000Z\r\n" in made(facts, starts=twice.replace(fold=1), ends=twice.replace(hour=5))
    assert b"DTEND:20261025T003000Z\r\n" in made(facts, starts=twice.replace(hour=1), ends=twice)
    assert b"DTEND:20261025T013000Z\r\n" in made(facts, starts=twice.replace(hour=1), ends=twice.replace(fold=1))


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


def test_K3_a_file_is_written_once_for_each_revision(facts):
    first = made(facts)
    assert made(facts) is first
    assert made(facts, sequence=4) is not first
    assert made(facts, title="Another") != first
