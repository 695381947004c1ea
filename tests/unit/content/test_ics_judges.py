"""What ical.js (Thunderbird, Nextcloud) and libical (Evolution, KOrganizer, Cyrus) find in our calendar files."""

import ctypes
import json
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.calendar_corpus import Case, corpus
from tests.support.calendars import Entry, event, written
from tests.support.forked import ROOT

pytestmark = pytest.mark.judge
VCALENDAR, VEVENT = 7, 4  # kinds of components in libical's enum
_NUMBERS = ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")


@pytest.fixture(scope="module")
def cases() -> Sequence[Case]:
    return list(corpus())


# ical.js


@pytest.fixture(scope="module")
def ical_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ical.js, as the lock file pins it."""
    folder = shutil.copytree(ROOT / "tests/judges/ical_js", tmp_path_factory.mktemp("judge") / "ical_js")
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    return folder


def read_by_ical_js(folder: Path, files: Sequence[bytes]) -> list[dict[str, Any]]:
    asked = json.dumps([data.decode() for data in files])
    ran = subprocess.run(["node", "read.js"], cwd=folder, check=True, input=asked.encode(), stdout=subprocess.PIPE)
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def entry_of(found: dict[str, Any]) -> Entry:
    starts, ends = (
        datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else date.fromisoformat(value)
        for value in (found["starts"], found["ends"])
    )
    return Entry(starts, ends, found["title"], found["description"], found["location"])


def test_K3_ical_js_finds_every_instant_and_every_text(ical_js: Path, cases: Sequence[Case]) -> None:
    found = read_by_ical_js(ical_js, [written(facts) for facts, _ in cases])
    read = [(expected, entry_of(one)) for (_, expected), one in zip(cases, found, strict=True)]
    assert [pair for pair in read if pair[0] != pair[1]] == []
    assert {(one["method"], one["more"]) for one in found} == {("PUBLISH", 0)}
    assert len(cases) > 1500


def test_G38_ical_js_finds_the_reminder(ical_js: Path) -> None:
    files = [written(event("2026-12-04T18:00", reminder_minutes=minutes)) for minutes in (15, 1440)]
    assert [one["alarms"] for one in read_by_ical_js(ical_js, files)] == [[-900], [-86_400]]


# libical


class Time(ctypes.Structure):
    """struct icaltimetype of libical 3."""

    _fields_ = (*((name, ctypes.c_int) for name in _NUMBERS), ("zone", ctypes.c_void_p))


@pytest.fixture(scope="module")
def libical() -> ctypes.CDLL:
    """Of the system, or unpacked beside the Python packages."""
    ran = subprocess.run([ROOT / "tests/install_libical.sh"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    library = ctypes.CDLL(str(ROOT / ran.stdout.strip()))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, *arguments in (
        ("icalparser_parse_string", pointer, text),
        ("icalcomponent_isa", number, pointer),
        ("icalcomponent_count_components", number, pointer, number),
        ("icalcomponent_count_errors", number, pointer),
        ("icalcomponent_get_first_component", pointer, pointer, number),
        ("icalcomponent_get_dtstart", Time, pointer),
        ("icalcomponent_get_dtend", Time, pointer),
        ("icalcomponent_get_summary", text, pointer),
        ("icalcomponent_get_description", text, pointer),
        ("icalcomponent_get_location", text, pointer),
        ("icalcomponent_free", None, pointer),
        ("icalrestriction_check", number, pointer),
        ("icaltimezone_get_utc_timezone", pointer),
        ("icaltime_convert_to_zone", Time, Time, pointer),
    ):
        function = getattr(library, str(name))
        function.restype, function.argtypes = result, arguments
    return library


def read_by_libical(library: ctypes.CDLL, data: bytes) -> Entry:
    """Raises AssertionError where libical finds a fault."""
    calendar = library.icalparser_parse_string(data)
    assert library.icalcomponent_isa(calendar) == VCALENDAR
    assert library.icalcomponent_count_components(calendar, VEVENT) == 1
    assert library.icalrestriction_check(calendar) == 1  # what RFC 5546 demands of METHOD:PUBLISH
    assert library.icalcomponent_count_errors(calendar) == 0
    found = library.icalcomponent_get_first_component(calendar, VEVENT)
    starts, ends = (
        _instant(library, getattr(library, f"icalcomponent_get_{side}")(found)) for side in ("dtstart", "dtend")
    )
    title, description, location = (
        (getattr(library, f"icalcomponent_get_{name}")(found) or b"").decode()
        for name in ("summary", "description", "location")
    )
    library.icalcomponent_free(calendar)
    return Entry(starts, ends, title, description, location)


def _instant(library: ctypes.CDLL, time: Time) -> date:
    if time.is_date:
        return date(time.year, time.month, time.day)
    assert time.zone  # else it floats
    utc = library.icaltime_convert_to_zone(time, library.icaltimezone_get_utc_timezone())
    return datetime(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, tzinfo=UTC)


def test_K3_libical_finds_every_instant_and_every_text(libical: ctypes.CDLL, cases: Sequence[Case]) -> None:
    read = [(expected, read_by_libical(libical, written(facts))) for facts, expected in cases]
    assert [pair for pair in read if pair[0] != pair[1]] == []


def test_G36_libical_takes_a_cancelled_event_with_what_publishing_demands(libical: ctypes.CDLL) -> None:
    cancelled = event("2026-12-04T18:00", cancelled=True, sequence=4, reminder_minutes=15)
    assert read_by_libical(libical, written(cancelled)).title == "Cancelled: Birthday"


def test_libical_would_find_a_fault(libical: ctypes.CDLL) -> None:
    whole = written(event("2026-12-04T18:00"))
    for fault in (b"UID:u@example.org\r\n", b"DTSTAMP:20260101T000000Z\r\n"):
        with pytest.raises(AssertionError):
            read_by_libical(libical, whole.replace(fault, b""))
