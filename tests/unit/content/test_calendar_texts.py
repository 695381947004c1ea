"""Titles, places and descriptions reach every calendar as they are, whatever they hold (K1, C4)."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from eventmail.content.calendar_links import LINK_LENGTH, PROVIDERS, links
from eventmail.content.ics import event_file
from eventmail.content.tokens import clean_source
from eventmail.value_parsing import clean_value
from tests.support.budgets import budget
from tests.support.calendar_corpus import AWKWARD
from tests.support.calendars import asked, event, read_by_vobject, texts, written

ICS = "https://mail.example.org/i/abc.ics"
PAGE = "https://gala.example/page"
ZONE_NOTE = "\n\nTimes are in the zone UTC."

LINES = ["12 Main St\nBerlin", "12 Main St\r\nBerlin", "12 Main St\u2028Berlin", "12 Main St\x0bBerlin"]


def made(title="Birthday", location="", description="", url="", **more):
    return event("2026-12-04T18:00", title=title, location=location, description=description, url=url, **more)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_K1_awkward_texts_reach_every_service_and_every_parser_as_they_are(text):
    facts = made(text, text, f"{text}\nand {text}")
    for service in PROVIDERS:
        note = ZONE_NOTE if service == "yahoo" else ""
        assert texts(links(facts, ICS), service) == (text, text, f"{facts.description}{note}")
    entry = read_by_vobject(written(facts))
    assert (entry.title, entry.location, entry.description) == (text, text, facts.description)
    (other,) = Calendar.from_ical(written(facts)).walk("VEVENT")
    assert (str(other["SUMMARY"]), str(other["LOCATION"]), str(other["DESCRIPTION"])) == (text, text, facts.description)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_K1_a_link_holds_nothing_but_unreserved_characters_and_its_own_delimiters(text):
    """No quote, bracket or comma ends the link in a mail; Outlook shows "+" as it is."""
    for name in PROVIDERS:
        url = links(made(text, text, text), ICS)[name]
        assert re.fullmatch(r"https://[\w.]+/[\w/.]*\?(?:[\w.~:/-]|%[0-9A-F]{2}|[=&])+", url, re.ASCII), url


def test_K1_the_body_of_outlook_is_html_that_says_the_text():
    facts = made(description="a < b & c\n<b>d</b>")
    for name in ("outlook", "office365"):
        assert asked(links(facts, ICS)[name])["body"] == "a &lt; b &amp; c<br>&lt;b&gt;d&lt;/b&gt;"


@pytest.mark.parametrize("location", LINES)
def test_G38_a_place_of_two_lines_is_one_line_in_links_and_escaped_in_the_file(location):
    facts = made(location=location)
    assert {texts(links(facts, ICS), service)[1] for service in PROVIDERS} == {"12 Main St Berlin"}
    assert b"\r\nLOCATION:12 Main St\\nBerlin\r\n" in written(facts)
    assert read_by_vobject(written(facts)).location == "12 Main St\nBerlin"


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\x1bb", "a\x7fb", "a\x9fb", "a\u202eb", "a\ud800b"])
def test_C4_control_characters_reach_no_calendar(text):
    facts = made(text, text, text)
    assert {texts(links(facts, ICS), service)[:2] for service in PROVIDERS} == {("ab", "ab")}
    entry = read_by_vobject(written(facts))
    assert (entry.title, entry.location, entry.description) == ("ab", "ab", "ab")


@pytest.mark.parametrize("nothing", ["", "   ", "\n", "\x00", "\u200b"])
def test_K4_what_is_missing_has_no_parameter_and_no_property(nothing):
    facts = made(nothing, nothing, nothing)
    for service in PROVIDERS:
        assert texts(links(facts, ICS), service)[:2] == ("Event", "")
    for name in ("google", "outlook", "office365"):
        assert asked(links(facts, ICS)[name]).keys() & {"details", "body", "location"} == set()
    text = written(facts)
    assert (b"DESCRIPTION" in text, b"LOCATION" in text, b"\r\nSUMMARY:Event\r\n" in text) == (False, False, True)


SOURCES = {
    "plain": "So much to say. ",
    "Japanese": "長い説明。",
    "emoji": "🎉",
    "accents": "é",
    "amp": "&",
    "lines": "a\n",
    "signs": "% ",
}


@pytest.mark.parametrize("text", SOURCES.values(), ids=SOURCES.keys())
def test_G37_5000_characters_are_cut_between_two_of_them_and_the_page_is_kept(text):
    description = (text * 5000)[:5000].strip()
    facts = made(description=description, url=PAGE)
    for service in PROVIDERS:
        url = links(facts, ICS)[service]
        assert LINK_LENGTH - 40 < len(url) <= LINK_LENGTH
        assert re.search(r"%(?![0-9A-F]{2})", url) is None
        unquote_to_bytes(url).decode("utf-8")
        body = texts(links(facts, ICS), service)[2]
        kept, ellipsis, rest = body.partition("…")
        assert (description.startswith(kept), len(kept) > 50, ellipsis) == (True, True, "…")
        assert rest == f"{ZONE_NOTE if service == 'yahoo' else ''}\n\n{PAGE}"
    assert read_by_vobject(written(facts)).description == f"{description}\n\n{PAGE}"


def test_G37_the_description_gives_way_first_then_the_place_and_the_title_last():
    title, place, text = "タイトル" * 20, "場所" * 20, "words " * 900  # 720 and 360 characters in a link
    for service in PROVIDERS:
        shown = texts(links(made(title, place, text, PAGE), ICS), service)
        assert shown[:2] == (title, place)
        longer = texts(links(made(title * 2, place * 4, text, PAGE), ICS), service)
        assert ((title * 2).startswith(longer[0].rstrip("…")), longer[1][-1], longer[1][:20]) == (True, "…", place[:20])
        assert longer[2].endswith(PAGE)


@pytest.mark.parametrize("letter", ["x", "ü", "%", "&"])
def test_G37_the_address_of_the_page_is_kept_whole_even_where_it_leaves_no_room(letter):
    page = f"https://gala.example/{letter * 479}"
    for service in PROVIDERS:
        shown = texts(links(made("A title", "A place", "words " * 900, page), ICS), service)
        assert shown[:2] == ("A title", "A place")
        assert shown[2].endswith(page)


def test_G37_a_page_that_the_description_names_already_is_not_named_twice():
    short, long = (
        made(description=f"See {PAGE} for more", url=PAGE),
        made(description=f"{PAGE} " + "x" * 5000, url=PAGE),
    )
    assert texts(links(short, ICS), "google")[2] == f"See {PAGE} for more"
    assert texts(links(long, ICS), "google")[2].endswith(f"\n\n{PAGE}")
    assert read_by_vobject(written(short)).description == f"See {PAGE} for more"


def unfolded(data):
    """The lines of a file. Each must be within 75 octets, in UTF-8 by itself, and end with CRLF (RFC 5545 3.1)."""
    assert data.endswith(b"\r\n")
    lines = data.split(b"\r\n")[:-1]
    for line in lines:
        assert len(line) <= 75
        line.decode("utf-8")
        assert not set(line) & {*range(9), *range(10, 32), 127}
    return data.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


@pytest.mark.parametrize("letter", ["é", "長", "🎉", "\\", ";", ",", "\n"])
def test_C6_a_line_folds_at_every_offset_around_a_long_character(letter):
    """Folds inside an escaped newline broke the next character in iCalcreator (issue 126)."""
    for length in range(1, 140):
        description = f"{'a' * length}{letter}🎉長é\n{'b' * 80}"
        facts = made(description=description, title=f"{'t' * length}{letter}end", location=f"{'p' * length}{letter}é")
        text = written(facts)
        unfolded(text)
        entry = read_by_vobject(text)
        assert (entry.description, entry.title) == (description, clean_value(facts.title))
        assert entry.location == clean_source(facts.location)


PROPERTIES = {
    "UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "STATUS", "SUMMARY", "DTSTART", "DTEND", "TRANSP", "DESCRIPTION",
    "LOCATION", "URL", "ORGANIZER",
}  # fmt: skip
NASTY = st.sampled_from([
    "a\r\nATTENDEE:mailto:x@example.org", "\x00\x07b", "END:VEVENT\nBEGIN:VALARM", 'a"b^n;,:\\', "é" * 90, "\ud800",
    "x\u2028ATTENDEE:y", "x\x85END:VCALENDAR", "\ufeff", "a\\nATTENDEE:z", "\t", " " * 100,
])  # fmt: skip
TEXT = NASTY | st.text(max_size=300) | st.builds("".join, st.lists(NASTY | st.text(max_size=40), max_size=5))


@settings(max_examples=budget(120))
@given(TEXT, TEXT, TEXT, TEXT, TEXT, st.booleans(), st.none() | st.integers(1, 40_320))
@example("a" * 67 + "\n🎉", "", "a" * 62 + "\n\u2022tail", "", "", False, 15)
def test_C4_no_text_breaks_the_file_or_adds_a_property(title, location, description, name, uid, all_day, reminder):
    facts = replace(
        made(title, location, description, "https://a.example/\r\nX:y", all_day=all_day), uid=uid,
        reminder_minutes=reminder, timezone="Europe/Berlin", updated_at=datetime(2026, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    data = event_file(facts, name, "t@example.org")
    calendar = Calendar.from_ical(data)
    (entry,) = calendar.walk("VEVENT")
    assert [part.name for part in calendar.subcomponents] == ["VEVENT"] if all_day else ["VTIMEZONE", "VEVENT"]
    assert [part.name for part in entry.subcomponents] == (["VALARM"] if reminder else [])
    assert set(entry) <= PROPERTIES
    names = [re.split("[:;]", line)[0] for line in unfolded(data)]
    assert set(names) <= PROPERTIES | {
        "BEGIN", "END", "VERSION", "PRODID", "METHOD", "TZID", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO", "RRULE",
        "ACTION", "TRIGGER", "NAME", "REFRESH-INTERVAL", "X-PUBLISHED-TTL",
    }  # fmt: skip
    assert str(entry["SUMMARY"]) == facts.shown_title
    assert str(entry.get("DESCRIPTION", "")).startswith(facts.text)


@settings(max_examples=budget(120))
@given(st.text(max_size=900) | TEXT, st.text(max_size=900) | TEXT, st.text(max_size=900) | TEXT)
def test_K1_no_link_outgrows_its_length_loses_the_page_or_gains_a_parameter(title, location, description):
    facts = made(title, location, description, PAGE)
    urls = links(facts, ICS)
    for service in PROVIDERS:
        assert len(urls[service]) <= LINK_LENGTH
        shown = texts(urls, service)
        assert PAGE in shown[2]
        assert facts.shown_title.startswith(shown[0].removesuffix("…"))
        assert clean_value(location).startswith(shown[1].removesuffix("…"))
