"""The links of an event to Google, Outlook and Yahoo; the vectors are those of spatie/calendar-links and others."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from eventmail.content.calendar_links import PROVIDERS, calendar_values, link_parts, links, provider_links
from eventmail.errors import InvalidTimezone
from tests.support.calendars import TEN_ZONES, asked, event, read_by_vobject, written

ICS = "https://mail.example.org/i/abc.ics"


def at(text):
    return datetime.fromisoformat(text)


def party(starts, ends=None, zone="UTC", **more):
    """The event of spatie/calendar-links."""
    description = "With balloons, clowns and stuff\nBring a dog, bring a frog"
    return event(starts, ends, zone, **{"description": description, "location": "Party Lane 1A, 1337 Funtown", **more})


WORDS = "With%20balloons%2C%20clowns%20and%20stuff%0ABring%20a%20dog%2C%20bring%20a%20frog"
PLACE = "Party%20Lane%201A%2C%201337%20Funtown"


def test_K1_a_short_event_gives_exactly_these_five_links():
    outlook = (
        "deeplink/compose?path=/calendar/action/compose&rru=addevent&startdt=2018-02-01T09:00:00Z"
        f"&enddt=2018-02-01T18:00:00Z&subject=Birthday&body={WORDS.replace('%0A', '%3Cbr%3E')}&location={PLACE}"
    )
    assert links(party("2018-02-01T09:00", "2018-02-01T18:00"), ICS) == {
        "google": "https://calendar.google.com/calendar/render?action=TEMPLATE&dates=20180201T090000/20180201T180000"
        f"&ctz=UTC&text=Birthday&details={WORDS}&location={PLACE}",
        "outlook": f"https://outlook.live.com/calendar/0/{outlook}",
        "office365": f"https://outlook.office.com/calendar/{outlook}",
        "yahoo": "https://calendar.yahoo.com/?v=60&ST=20180201T090000&ET=20180201T180000&TITLE=Birthday"
        f"&DESC={WORDS}%0A%0ATimes%20are%20in%20the%20zone%20UTC.&in_loc={PLACE}",
        "ics": ICS,
    }


@pytest.mark.parametrize(
    ("days", "google", "outlook", "yahoo"),
    [
        (("2018-02-01", None), "20180201/20180202", ("2018-02-01", "2018-02-02"), ("20180201", None, "allday")),
        (("2018-02-01", "2018-02-01"), "20180201/20180202", ("2018-02-01", "2018-02-02"), ("20180201", None, "allday")),
        (
            ("2018-02-01", "2018-02-05"),
            "20180201/20180206",
            ("2018-02-01", "2018-02-06"),
            ("20180201", "20180206", None),
        ),
        (
            ("2024-01-25", "2024-01-30"),
            "20240125/20240131",
            ("2024-01-25", "2024-01-31"),
            ("20240125", "20240131", None),
        ),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Wake", "America/Los_Angeles"])
def test_K1_all_day_ends_are_exclusive_in_every_zone(days, google, outlook, yahoo, zone):
    starts, ends = days
    made = links(party(starts, ends, zone, all_day=True), ICS)
    assert (asked(made["google"])["dates"], "ctz" in made["google"]) == (google, False)
    for name in ("outlook", "office365"):
        query = asked(made[name])
        assert (query["startdt"], query["enddt"], query["allday"]) == (*outlook, "true")
    query = asked(made["yahoo"])
    assert (query["ST"], query.get("ET"), query.get("DUR")) == yahoo


@pytest.mark.parametrize(
    ("facts", "google", "outlook", "yahoo"),
    [
        (
            party("2019-12-31T23:00", "2020-01-01T01:00"),
            ("20191231T230000/20200101T010000", "UTC"),
            ("2019-12-31T23:00:00Z", "2020-01-01T01:00:00Z"),
            ("20191231T230000", "20200101T010000"),
        ),
        (
            party("2026-12-04T18:00", "2026-12-05T02:00", "Europe/Berlin"),
            ("20261204T180000/20261205T020000", "Europe/Berlin"),
            ("2026-12-04T17:00:00Z", "2026-12-05T01:00:00Z"),
            ("20261204T180000", "20261205T020000"),
        ),
        (
            party("2027-03-15T09:00", None, "Asia/Tokyo"),
            ("20270315T090000/20270315T100000", "Asia/Tokyo"),
            ("2027-03-15T00:00:00Z", "2027-03-15T01:00:00Z"),
            ("20270315T090000", "20270315T100000"),
        ),
        (
            party("2026-07-01T09:00", "2026-07-01T10:00", "CET"),
            ("20260701T070000Z/20260701T080000Z", None),
            ("2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z"),
            ("20260701T090000", "20260701T100000"),
        ),
        (
            party("2026-07-01T09:00", "2026-07-01T10:00", "Etc/GMT-2"),
            ("20260701T070000Z/20260701T080000Z", None),
            ("2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z"),
            ("20260701T090000", "20260701T100000"),
        ),
        (
            party("2026-10-25T01:30", None, "Europe/Berlin"),
            ("20261024T233000Z/20261025T003000Z", None),
            ("2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z"),
            ("20261025T013000", "20261025T023000"),
        ),
    ],
)
def test_K1_times_are_right_for_each_service(facts, google, outlook, yahoo):
    made = links(facts, ICS)
    query = asked(made["google"])
    assert (query["dates"], query.get("ctz")) == google
    query = asked(made["outlook"])
    assert (query["startdt"], query["enddt"]) == outlook
    query = asked(made["yahoo"])
    assert (query["ST"], query["ET"]) == yahoo


@pytest.mark.parametrize(
    ("starts", "ends", "instants", "yahoo", "spoken"),
    [
        (("02:30", 0), ("05:00", 0), ("003000Z", "040000Z"), ("ET", "20261025T050000"), "from 02:30 CEST to 05:00"),
        (("02:30", 1), ("05:00", 0), ("013000Z", "040000Z"), ("ET", "20261025T050000"), "from 02:30 CET to 05:00"),
        (("02:30", 0), ("02:30", 1), ("003000Z", "013000Z"), ("DUR", "0100"), "from 02:30 CEST to 02:30 CET"),
        (("02:45", 0), ("02:15", 1), ("004500Z", "011500Z"), ("DUR", "0030"), "from 02:45 CEST to 02:15 CET"),
        (("02:30", 0), None, ("003000Z", "013000Z"), ("DUR", "0100"), "from 02:30 CEST to 02:30 CET"),
        (("02:30", 1), None, ("013000Z", "023000Z"), ("ET", "20261025T033000"), "from 02:30 CET to 03:30"),
    ],
)
def test_K1_a_time_that_occurs_twice_goes_to_google_as_utc_and_is_told_to_yahoo(starts, ends, instants, yahoo, spoken):
    start, end = (at(f"2026-10-25T{given[0]}").replace(fold=given[1]) if given else None for given in (starts, ends))
    made = links(replace(party("2026-10-25T02:30", zone="Europe/Berlin"), starts=start, ends=end), ICS)
    query = asked(made["google"])
    assert (query["dates"], query.get("ctz")) == ("/".join(f"20261025T{instant}" for instant in instants), None)
    query = asked(made["outlook"])
    assert [query[name][11:].replace(":", "") for name in ("startdt", "enddt")] == list(instants)
    query = asked(made["yahoo"])
    assert {name: query[name] for name in ("ST", "ET", "DUR") if name in query} == {
        "ST": f"20261025T{start:%H%M%S}", yahoo[0]: yahoo[1],
    }  # fmt: skip
    assert query["DESC"].endswith(f"Times are in the zone Europe/Berlin: {spoken}.")


@pytest.mark.parametrize(("title", "written_so"), [("Birthday Party +1", "Birthday%20Party%20%2B1"), ("0", "0")])
def test_K1_a_plus_and_a_zero_are_titles_like_any_other(title, written_so):
    made = links(party("2018-02-01T09:00", title=title), ICS)
    names = {"google": "text", "outlook": "subject", "office365": "subject", "yahoo": "TITLE"}
    assert [name for name, title in names.items() if f"&{title}={written_so}&" not in made[name]] == []


def test_G34_an_event_without_an_end_takes_an_hour_everywhere():
    facts = event("2026-11-01T18:00", zone="Europe/Berlin")
    made = links(facts, ICS)
    assert asked(made["google"])["dates"] == "20261101T180000/20261101T190000"
    assert asked(made["outlook"])["enddt"] == asked(made["office365"])["enddt"] == "2026-11-01T18:00:00Z"
    assert asked(made["yahoo"])["ET"] == "20261101T190000"
    assert read_by_vobject(written(facts)).ends == datetime(2026, 11, 1, 18, tzinfo=UTC)
    assert made == links(replace(facts, ends=facts.starts), ICS)  # an end at the start is none


def test_G34_an_all_day_event_ends_on_the_day_after_its_last_one_everywhere():
    facts = event("2026-11-01", "2026-11-04", "Europe/Berlin", all_day=True)
    made = links(facts, ICS)
    assert asked(made["google"])["dates"] == "20261101/20261105"
    assert asked(made["outlook"])["enddt"] == "2026-11-05"
    assert asked(made["yahoo"])["ET"] == "20261105"
    assert b"\r\nDTEND;VALUE=DATE:20261105\r\n" in written(facts)
    alone = replace(facts, ends=None)
    assert asked(links(alone, ICS)["google"])["dates"] == "20261101/20261102"
    assert b"\r\nDTEND;VALUE=DATE:20261102\r\n" in written(alone)


@pytest.mark.parametrize("zone", ["Etc/GMT+5", "EST", "Etc/UTC", "GMT", "Zulu", "Japan", "PST8PDT"])
def test_G37_a_zone_that_google_would_not_resolve_goes_there_as_utc(zone):
    query = asked(links(event("2026-07-01T09:00", zone=zone), ICS)["google"])
    starts = datetime(2026, 7, 1, 9, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert (query["dates"][:16], "ctz" in query) == (f"{starts:%Y%m%dT%H%M%SZ}", False)


@pytest.mark.parametrize("zone", ["+02:00", "UTC+2", "GMT+2"])
def test_G37_an_offset_is_no_zone(zone):
    with pytest.raises(InvalidTimezone):
        links(event("2026-07-01T09:00", zone=zone), ICS)
    with pytest.raises(InvalidTimezone):
        written(event("2026-07-01T09:00", zone=zone))


def instants(url, zone):
    """Start and end as the service of a link reads them, Yahoo's in the zone of the event."""
    query = asked(url)
    walls: tuple[str, ...]
    if "dates" in query:
        walls, key = tuple(query["dates"].split("/")), query.get("ctz", "UTC")
    elif "startdt" in query:
        walls, key = (query["startdt"], query["enddt"]), "UTC"
    else:
        walls, key = (query["ST"], query["ET"]), zone
    return [datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(key)).astimezone(UTC) for wall in walls]


@pytest.mark.parametrize("zone", TEN_ZONES)
@pytest.mark.parametrize("day", ["2026-01-15", "2026-07-15", "2026-03-28", "2026-10-24", "2041-07-15"])
def test_K1_the_parser_of_the_standard_library_finds_the_instants_in_every_link(zone, day):
    facts = event(f"{day}T12:00", f"{day}T23:59", zone)
    walls = (at(f"{day}T12:00"), at(f"{day}T23:59"))
    expected = [wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for wall in walls]
    made = links(facts, ICS)
    assert {name: instants(made[name], zone) for name in PROVIDERS} == dict.fromkeys(PROVIDERS, expected)


def test_K1_a_page_reads_host_and_parameters_of_a_link():
    made = links(event("2026-12-04T18:00", zone="Europe/Berlin", title="A & B", location="0"), ICS)
    assert link_parts(made["google"]) == (
        "calendar.google.com",
        (
            ("action", "TEMPLATE"), ("dates", "20261204T180000/20261204T190000"), ("ctz", "Europe/Berlin"),
            ("text", "A & B"), ("location", "0"),
        ),
    )  # fmt: skip
    assert [link_parts(made[name]).host for name in ("outlook", "office365", "yahoo", "ics")] == [
        "outlook.live.com", "outlook.office.com", "calendar.yahoo.com", "mail.example.org",
    ]  # fmt: skip
    assert link_parts(made["outlook"]).parameters[0] == ("path", "/calendar/action/compose")


def test_K1_a_page_learns_where_a_service_cannot_be_exact():
    wrong_hour = (
        "Yahoo Calendar knows no time zones: it shows 18:00 wherever a guest's calendar is set to. For guests "
        "outside Europe/Berlin that hour is wrong; the .ics file is right for everybody."
    )
    too_long = (
        "The description is cut, since these links hold about 2,000 characters. "
        "The address of the event's page is kept."
    )
    timed = provider_links(event("2026-12-04T18:00", zone="Europe/Berlin"))
    assert {name: link.inexact for name, link in timed.items()} == {
        "google": (), "outlook": (), "office365": (), "yahoo": (wrong_hour,),
    }  # fmt: skip
    one_day = provider_links(event("2026-12-04", all_day=True))
    assert {link.inexact for link in one_day.values()} == {()}
    days = provider_links(event("2026-12-04", "2026-12-06", all_day=True))
    assert {name for name, link in days.items() if link.inexact} == {"yahoo"}
    twice = provider_links(event("2026-10-25T02:30", zone="Europe/Berlin"))["yahoo"].inexact
    assert "It cannot tell which of two equal hours is meant, either." in twice[0]
    cut = provider_links(event("2026-12-04", description="x" * 5000, all_day=True))
    assert {link.inexact for link in cut.values()} == {(too_long,)}


def test_K3a_the_links_of_a_cancelled_event_say_so_in_front():
    made = links(event("2026-12-04T18:00", cancelled=True), ICS)
    assert (asked(made["google"])["text"], asked(made["yahoo"])["TITLE"]) == ("Cancelled: Birthday",) * 2


def test_K4_an_event_without_a_place_has_links_without_one():
    assert [url for url in links(party("2026-12-04T18:00", location=""), ICS).values() if "loc" in url] == []


def test_K2_without_a_start_there_are_no_links_and_all_five_values_are_missing():
    assert links(party("2026-12-04T18:00"), ICS).keys() == {"google", "outlook", "office365", "yahoo", "ics"}
    none = links(replace(party("2026-12-04T18:00"), starts=None), ICS)
    assert none == {}
    assert calendar_values(none) == dict.fromkeys(
        ["calendar.google", "calendar.outlook", "calendar.office365", "calendar.yahoo", "calendar.ics"]
    )


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "America", "UTC+02:00", "/etc/localtime"])
def test_K2_a_zone_that_does_not_exist_is_refused(zone):
    with pytest.raises(InvalidTimezone):
        links(party("2026-12-04T18:00", zone=zone), ICS)
