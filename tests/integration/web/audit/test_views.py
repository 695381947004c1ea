"""The log over HTTP: page, JSON and CSV of the same entries; the filter stands in the URL."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.events import edit
from eventmail.domain.guests import bulk_change
from eventmail.domain.guests import edit as guest_edit
from eventmail.domain.guests.filters import Filter
from eventmail.domain.suppressions import entries
from eventmail.models import AuditEntry
from eventmail.states import ChangeKind
from tests.support import seeding
from tests.support.seeding import Person, acting
from tests.support.web import Client, words


@pytest.fixture
def url(app: Flask, event_id: int, organizer: Person) -> str:
    """The log of an event in which a guest came, changed and went, and the place moved."""
    by = acting(organizer, request_id="request-7")
    with app.app_context():
        ana = guest_edit.add(event_id, {"email": "ana@guests.example.net", "first_name": "Ana"}, by)
        guest_edit.edit(event_id, ana, {"last_name": "<b>Ruiz</b>"}, by)
        bob = guest_edit.add(event_id, {"email": "bob@guests.example.net", "first_name": "Bob"}, by)
        guest_edit.delete(event_id, bob, by)
        edit.edit(event_id, {"location": "=Harbour"}, by)
    return f"/admin/events/{event_id}/audit"


def test_the_page_says_who_did_what_when_and_in_which_request(client: Client, url: str) -> None:
    page = client.get(url)
    said = words(page)
    assert "Oscar Organizer changed the event" in said
    assert "Location: Old Town Hall, Berlin =Harbour" in said
    assert "Oscar Organizer removed the guest bob@guests.example.net" in said
    assert "Oscar Organizer changed the guest Ana <b>Ruiz</b>" in said
    assert "<b>Ruiz" not in page.text
    assert said.count("request-7") == 5
    assert re.findall(r"<time datetime=\"[^\"]+Z\">", page.text)
    said = said[said.index("Who and what") :]
    assert said.index("changed the event") < said.index("removed the guest") < said.index("added the guest")


def test_the_page_names_nothing_by_our_words_for_it(
    client: Client, app: Flask, event_id: int, organizer: Person, add_guests: Any
) -> None:
    (nameless,) = add_guests([{"email": None}])
    by = acting(organizer)
    with app.app_context():
        bulk_change.change(event_id, bulk_change.Everybody(Filter.ALL, "", 1), ChangeKind.ADD_TAG, "vip", by)
        entry, _ = entries.add(event_id, "z@guests.example.net", everywhere=False, by=by)
        entries.lift(event_id, entry.id, "typo", seeding.user(organizer), by)
        guest_edit.delete(event_id, nameless, by)
    said = words(client.get(f"/admin/events/{event_id}/audit"))
    assert "changed many guests Change: tag added Value: vip Picked: 1 Changed: 1" in said
    assert "Reason: a colleague put it there For: this event" in said
    assert "removed the guest without a name" in said
    assert re.findall(r"guest_change|guest:|add_tag|manual|Scope", said) == []


def test_the_same_as_json(api: Client, url: str, event_id: int, organizer: Person, rows: Any) -> None:
    body: Any = api.get(f"{url}?per_page=2&page=2").json
    assert (body["page"], body["pages"], body["total"]) == (2, 3, 6)
    entry = api.get(f"{url}?action=event.edited").json["items"][0]  # type: ignore[index]
    row = rows(AuditEntry, AuditEntry.action == "event.edited")[0]
    assert entry == {
        "id": str(row.id), "at": f"{row.at:%Y-%m-%dT%H:%M:%SZ}", "actor": "Oscar Organizer", "user": str(organizer.id),
        "event": str(event_id), "action": "event.edited", "sentence": "Oscar Organizer changed the event",
        "subject": f"event:{event_id}", "before": {"location": "Old Town Hall, Berlin"},
        "after": {"location": "=Harbour"}, "detail": {}, "request_id": "request-7",
    }  # fmt: skip


def test_the_same_as_csv_and_no_cell_runs(client: Client, url: str) -> None:
    answer = client.get(f"{url}?format=csv&action=event.edited", buffered=True)
    assert answer.mimetype == "text/csv"
    [header, line] = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert header == ["at", "who", "what", "subject", "before", "after", "further", "request_id"]
    assert line[1:] == [
        "Oscar Organizer", "changed the event", f"event:{url.split('/')[3]}", "location: Old Town Hall, Berlin",
        "location: =Harbour", "", "request-7",
    ]  # fmt: skip


def test_a_name_that_a_spreadsheet_would_run_is_text(
    client: Client, url: str, app: Flask, event_id: int, add_person: Any
) -> None:
    with app.app_context():
        edit.edit(event_id, {"location": "Pier"}, acting(add_person("=1+1", "eve@organizers.example")))
    answer = client.get(f"{url}?format=csv", buffered=True)
    assert [line[1] for line in csv.reader(io.StringIO(answer.text))][1] == "'=1+1"


def test_the_download_is_what_the_page_was_narrowed_to(client: Client, url: str) -> None:
    page = client.get(f"{url}?q=bob&who=Oscar+Organizer")
    found = re.search(r'href="([^"]*format=csv[^"]*)"', page.text)
    assert found
    lines = list(csv.reader(io.StringIO(client.get(unescape(found[1]), buffered=True).text)))
    assert [line[2] for line in lines[1:]] == ["removed the guest", "added the guest"]


def test_the_filter_stands_in_the_form_and_in_the_pages(client: Client, url: str) -> None:
    page = client.get(f"{url}?q=ana&who=Oscar+Organizer&action=guest.edited&from=2020-01-01&to=2099-01-01&per_page=1")
    for shown in ('value="ana"', '<option value="Oscar Organizer" selected>', '<option value="guest.edited" selected>',
                  'value="2020-01-01"', 'value="2099-01-01"'):  # fmt: skip
        assert shown in page.text
    links = re.findall(r'href="([^"]*page=2[^"]*)"', client.get(f"{url}?who=Oscar+Organizer&per_page=1").text)
    assert {unescape(link) for link in links} == {f"{url}?who=Oscar+Organizer&per_page=1&page=2"}


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "9999-12-31", "0001-01-01", "1", "20260501T00"])
def test_what_is_no_day_is_refused(day: str, api: Client, url: str) -> None:
    answer = api.get(f"{url}?from={day}")
    body: Any = answer.json
    assert (answer.status_code, [(e["field"], e["code"]) for e in body["errors"]]) == (400, [("from", "INVALID_DATE")])


def test_nothing_found_offers_everything(client: Client, url: str) -> None:
    page = client.get(f"{url}?q=nobody-at-all")
    assert "Nothing in the log fits" in words(page)
    assert f'href="{url}">Show everything' in page.text


def test_the_list_costs_the_same_for_1_and_for_3_entries(
    *, client: Client, app: Flask, event_id: int, organizer: Person, add_guest: Any, count_queries: Any
) -> None:
    counted = []
    client.get(f"/admin/events/{event_id}/audit")
    for number in (1, 2):
        for turn in range(number):
            with app.app_context():
                guest_edit.add(event_id, {"email": f"{number}-{turn}@guests.example.net"}, acting(organizer))
        with count_queries() as queries:
            client.get(f"/admin/events/{event_id}/audit")
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_log_of_the_installation_is_for_owners(client: Client, client_for: Any, owner: Person, url: str) -> None:
    assert client.get("/admin/audit").status_code == 403
    said = words(client_for(owner).get("/admin/audit"))
    assert "added the colleague Oscar Organizer" in said
    assert "changed the event Fixture Gala" in said


def test_the_mailing_page_uses_the_same_words(client: Client, event_id: int, add_guests: Any) -> None:
    add_guests(1)
    data = {"subject": "Hello", "body": "Hi", "statuses": "confirmed", "idempotency_key": "k1"}
    sent = client.submit(f"/admin/events/{event_id}/messages", data)
    assert "sent the message" in words(client.get(sent.location.replace("/messages/", "/mailings/")))
    assert "Oscar Organizer sent the message Hello" in words(client.get(f"/admin/events/{event_id}/audit"))
