"""The page "Add to your calendar": every way into a calendar, for one guest, and nothing about anybody (K3a)."""

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from flask import Flask

from eventmail.content import calendar_links
from eventmail.content.pieces import CALENDAR_NAMES
from eventmail.db import Base
from eventmail.domain.events import edit, lifecycle
from eventmail.domain.mailings import merge_values
from eventmail.models import AuditEntry, Event, Guest
from tests.support import seeding
from tests.support.seeding import Person, acting
from tests.support.web import Client, words

Link = Callable[..., str]


def buttons(text: str) -> dict[str, tuple[str, str]]:
    """(address, words) of each way, by its name, in the order of the page."""
    found = re.findall(r'<a class="button wide" href="([^"]+)"[^>]*data-test="add-to-calendar-(\w+)">([^<]+)</a>', text)
    return {name: (unescape(address), said) for address, name, said in found}


def test_K3a_the_page_offers_every_calendar_and_a_subscription_under_the_guests_own_address(
    app: Flask, visitor: Client, event_id: int, add_guest: Any, link: Link, page_link: Link
) -> None:
    guest = add_guest("ada@guests.org", first_name="Adalbert")
    found = buttons(visitor.get(page_link(event_id, guest)).text)
    file = f"http://127.0.0.1:8000{link(event_id, guest)}"
    with app.app_context():
        expected = calendar_links.links(merge_values.calendar_facts(seeding.event(event_id)), file)
    names = [name.removeprefix("calendar.") for name in CALENDAR_NAMES]
    assert list(found) == [*names, "subscribe"]
    assert {name: found[name] for name in names} == {
        name: (expected[name], CALENDAR_NAMES[f"calendar.{name}"]) for name in names
    }
    assert found["subscribe"] == (file.replace("http:", "webcal:"), "Subscribe (webcal)")
    assert visitor.get(link(event_id, guest)).status_code == 200


def test_K3a_the_page_says_what_when_and_where_in_the_words_of_the_mail(
    visitor: Client, event_id: int, page_link: Link
) -> None:
    said = words(visitor.get(page_link(event_id)))
    assert "Fixture Gala Saturday, 19 June 2027, 18:00 Time zone: Europe/Berlin Old Town Hall, Berlin" in said
    assert "What you add by a link or the file stays as it is when the event changes." in said


def test_K3_page_and_file_hold_nothing_of_any_guest(
    visitor: Client, event_id: int, add_guest: Any, link: Link, page_link: Link
) -> None:
    ada = add_guest("ada@guests.org", first_name="Adalbert", last_name="Lovelace", attributes={"Table": "seventeen"})
    add_guest("bob@guests.org", first_name="Bobadil")
    for made in (link, page_link):
        own, text = visitor.get(made(event_id)).text, visitor.get(made(event_id, ada)).text
        assert re.search("ada@|Adalbert|Lovelace|seventeen|bob@|Bobadil", text) is None
        for of in (link, page_link):
            text = text.replace(of(event_id, ada), of(event_id))
        assert text == own


def test_K3_the_links_of_a_guest_who_was_removed_lead_to_the_event_and_to_nobody(
    visitor: Client, writing: Any, event_id: int, add_guest: Any, link: Link, page_link: Link
) -> None:
    guest = add_guest("ada@guests.org")
    file = visitor.get(link(event_id, guest)).data
    with writing() as tx:
        tx.delete(tx.get_one(Guest, guest))
    assert visitor.get(link(event_id, guest)).data == file
    assert visitor.get(page_link(event_id, guest)).status_code == 200


def test_K3a_the_page_has_no_script_no_cookie_and_is_not_kept(visitor: Client, event_id: int, page_link: Link) -> None:
    answer = visitor.get(page_link(event_id))
    assert re.search(r"<script|<[^>]* on\w+=", answer.text) is None
    assert "Set-Cookie" not in answer.headers
    assert '<meta name="robots" content="noindex, nofollow">' in answer.text
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_K3a_the_page_is_the_same_for_who_is_signed_in(
    app: Flask, client: Client, visitor: Client, organizer: Person, event_id: int, page_link: Link
) -> None:
    """Whoever opens it first, it is made for guests."""
    where = page_link(event_id)
    first = client.get(where).text
    with app.app_context():
        edit.edit(event_id, {"reply_to": "other@organizers.org"}, acting())  # so that it is made anew
    assert (visitor.get(where).text, organizer.name in first) == (first, False)


def test_K3_opening_page_and_file_leaves_no_trace(
    app: Flask, visitor: Client, event_id: int, add_guest: Any, link: Link, page_link: Link, count: Any
) -> None:
    guest = add_guest("ada@guests.org")
    tables = [mapper.class_ for mapper in Base.registry.mappers]
    before = {table.__name__: count(table) for table in tables}
    for made in (link, page_link):
        assert visitor.get(made(event_id, guest)).status_code == 200
    assert {table.__name__: count(table) for table in tables} == before
    assert AuditEntry.__name__ in before


def test_K3a_a_cancelled_event_says_so_and_offers_nothing_to_add(
    app: Flask, visitor: Client, event_id: int, page_link: Link
) -> None:
    with app.app_context():
        lifecycle.cancel(event_id, acting())
    answer = visitor.get(page_link(event_id))
    assert (answer.status_code, buttons(answer.text)) == (200, {})
    assert "This event was cancelled If it is in your calendar already, delete it there." in words(answer)


@pytest.mark.parametrize("change", [{"starts_wall": None, "ends_wall": None}, {"timezone": "Mars/Olympus"}])
def test_K2_without_a_time_there_is_neither_page_nor_file_yet(
    visitor: Client, writing: Any, event_id: int, link: Link, page_link: Link, change: dict[str, Any]
) -> None:
    with writing() as tx:
        for name, value in change.items():
            setattr(tx.get_one(Event, event_id), name, value)
    for made in (link, page_link):
        answer = visitor.get(made(event_id))
        assert (answer.status_code, "The time of this event is not set yet." in answer.text) == (404, True)


@pytest.mark.parametrize("title", ["<b>\"x\"</b> & 'y'", "שלום עולם", "🎉 Gala", "{{ 7 * 7 }}", "0"])
def test_C4_awkward_words_stay_text_on_the_page(
    app: Flask, visitor: Client, event_id: int, page_link: Link, title: str
) -> None:
    with app.app_context():
        edit.edit(event_id, {"title": title, "location": title}, acting())
    text = visitor.get(page_link(event_id)).text
    shown = re.findall(r'data-test="add-to-calendar-(?:title|where)">([^<]*)</p>', text)
    assert [unescape(found) for found in shown] == [title, title]


def test_K1a_the_page_says_that_an_end_was_assumed(app: Flask, visitor: Client, event_id: int, page_link: Link) -> None:
    said = []
    for ends in (datetime(2027, 6, 19, 23), None):  # noqa: DTZ001  a wall time
        with app.app_context():
            edit.edit(event_id, {"ends_wall": ends}, acting())
        said.append("No end is set, so calendars get one hour, until 19:00." in words(visitor.get(page_link(event_id))))
    assert said == [False, True]


def test_K1_an_all_day_event_has_no_hour_on_the_page(
    app: Flask, visitor: Client, event_id: int, page_link: Link
) -> None:
    with app.app_context():
        edit.edit(event_id, {"all_day": True, "location": ""}, acting())
    said = words(visitor.get(page_link(event_id)))
    assert "Saturday, 19 June 2027 Time zone: Europe/Berlin" in said
    assert "Yahoo knows no time zones" not in said


def test_K3_a_refused_guest_reads_nothing_for_organizers(visitor: Client, event_id: int, page_link: Link) -> None:
    answer = visitor.get(page_link(event_id) + "x")
    assert answer.status_code == 403
    assert "The address was changed or cut on its way. Open it again from the original mail." in words(answer)
    assert re.search("Go to your events|administrator", answer.text) is None
