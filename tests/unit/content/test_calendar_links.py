from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.calendar_facts import CalendarFacts
from eventmail.content.calendar_links import calendar_values, links
from eventmail.errors import InvalidTimezone
from tests.support.budgets import budget

ICS = "https://mail.example.org/i/abc.ics"


def at(text):
    return datetime.fromisoformat(text)


def event(starts, ends=None, zone="UTC", **more):
    facts = CalendarFacts(
        uid="u@example.org",
        title="Birthday",
        description="With balloons, clowns and stuff\nBring a dog, bring a frog",
        location="Party Lane 1A, 1337 Funtown",
        url="",
        timezone=zone,
        starts=at(starts),
        ends=at(ends) if ends else None,
        all_day=False,
        sequence=0,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        cancelled=False,
    )
    return replace(facts, **more)


def asked(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


WORDS = "With%20balloons%2C%20clowns%20and%20stuff%0ABring%20a%20dog%2C%20bring%20a%20frog"
PLACE = "Party%20Lane%201A%2C%201337%20Funtown"


def test_K1_a_short_event_gives_exactly_these_five_links():
    outlook = (
        "deeplink/compose?path=/calendar/action/compose&rru=addevent&startdt=2018-02-01T09:00:00Z"
        f"&enddt=2018-02-01T18:00:00Z&subject=Birthday&body={WORDS.replace('%0A', '%3Cbr%3E')}&location={PLACE}"
    )
    assert links(event("2018-02-01T09:00", "2018-02-01T18:00"), ICS) == {
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
    made = links(event(starts, ends, zone, all_day=True), ICS)
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
            event("2019-12-31T23:00", "2020-01-01T01:00"),
            ("20191231T230000/20200101T010000", "UTC"),
            ("2019-12-31T23:00:00Z", "2020-01-01T01:00:00Z"),
            ("20191231T230000", "20200101T010000"),
        ),
        (
            event("2026-12-04T18:00", "2026-12-05T02:00", "Europe/Berlin"),
            ("20261204T180000/20261205T020000", "Europe/Berlin"),
            ("2026-12-04T17:00:00Z", "2026-12-05T01:00:00Z"),
            ("20261204T180000", "20261205T020000"),
        ),
        (
            event("2027-03-15T09:00", None, "Asia/Tokyo"),
            ("20270315T090000/20270315T100000", "Asia/Tokyo"),
            ("2027-03-15T00:00:00Z", "2027-03-15T01:00:00Z"),
            ("20270315T090000", "20270315T100000"),
        ),
        (
            event("2026-07-01T09:00", "2026-07-01T10:00", "CET"),
            ("20260701T070000Z/20260701T080000Z", None),
            ("2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z"),
            ("20260701T090000", "20260701T100000"),
        ),
        (
            event("2026-07-01T09:00", "2026-07-01T10:00", "Etc/GMT-2"),
            ("20260701T070000Z/20260701T080000Z", None),
            ("2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z"),
            ("20260701T090000", "20260701T100000"),
        ),
        (
            event("2026-10-25T01:30", None, "Europe/Berlin"),
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
    made = links(replace(event("2026-10-25T02:30", zone="Europe/Berlin"), starts=start, ends=end), ICS)
    query = asked(made["google"])
    assert (query["dates"], query.get("ctz")) == ("/".join(f"20261025T{instant}" for instant in instants), None)
    query = asked(made["outlook"])
    assert [query[name][11:].replace(":", "") for name in ("startdt", "enddt")] == list(instants)
    query = asked(made["yahoo"])
    assert {name: query[name] for name in ("ST", "ET", "DUR") if name in query} == {
        "ST": f"20261025T{start:%H%M%S}", yahoo[0]: yahoo[1],
    }  # fmt: skip
    assert query["DESC"].endswith(f"Times are in the zone Europe/Berlin: {spoken}.")


def test_K1_special_characters_reach_every_service_as_they_are():
    facts = event(
        "2026-12-04T18:00", title="Birthday +1 & 'co' (50%) #ü", location="A/B; C?=", description='"x" <y>\n\\z'
    )
    made = links(facts, ICS)
    names = {"google": ("text", "details", "location"), "outlook": ("subject", "body", "location")}
    for service, (title, body, place) in names.items():
        query = asked(made[service])
        text = unescape(query[body].replace("<br>", "\n")) if body == "body" else query[body]
        assert (query[title], text, query[place]) == (facts.title, facts.description, facts.location)
    assert "+" not in "".join(made.values())
    assert "Birthday%20%2B1%20%26%20%27co%27%20%2850%25%29%20%23%C3%BC" in made["outlook"]


@pytest.mark.parametrize("text", ["Long words. " * 400, "長い説明" * 400, "🎉" * 900])
def test_K1_a_long_description_is_cut_at_a_character_and_the_page_stays(text):
    facts = event("2026-12-04T18:00", description=text, url="https://gala.example/page")
    for name, url in links(facts, ICS).items():
        if name == "ics":
            continue
        query = asked(url)
        body = query.get("details") or query.get("body") or query["DESC"]
        assert 1900 < len(url) <= 2000
        assert body.endswith("https://gala.example/page")
        cut, ellipsis, _ = body.partition("…")
        assert (text.startswith(cut), ellipsis) == (True, "…")


@settings(max_examples=budget(60))
@given(st.text(max_size=900), st.text(max_size=900), st.text(max_size=900))
def test_K1_no_link_outgrows_its_length_or_loses_the_page(title, location, description):
    page = "https://gala.example/page"
    made = links(event("2026-12-04T18:00", title=title, location=location, description=description, url=page), ICS)
    assert [url for name, url in made.items() if len(url) > 2000] == []
    assert [name for name, url in made.items() if name != "ics" and quote(page, safe="") not in url] == []


def test_K4_an_event_without_a_place_has_links_without_one():
    assert [url for url in links(event("2026-12-04T18:00", location=""), ICS).values() if "loc" in url] == []


def test_K2_without_a_start_there_are_no_links_and_all_five_values_are_missing():
    assert links(event("2026-12-04T18:00"), ICS).keys() == {"google", "outlook", "office365", "yahoo", "ics"}
    none = links(replace(event("2026-12-04T18:00"), starts=None), ICS)
    assert none == {}
    assert calendar_values(none) == dict.fromkeys(
        ["calendar.google", "calendar.outlook", "calendar.office365", "calendar.yahoo", "calendar.ics"]
    )


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "America", "UTC+02:00", "/etc/localtime"])
def test_K2_a_zone_that_does_not_exist_is_refused(zone):
    with pytest.raises(InvalidTimezone):
        links(event("2026-12-04T18:00", zone=zone), ICS)
