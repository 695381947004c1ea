"""Guests in a browser without script: add, change, remove."""

import re
from typing import Any

import pytest
from flask import Flask

from eventmail import clock
from eventmail.db import fresh
from eventmail.domain.people import account_mails
from eventmail.models import EVERYWHERE, Guest, Suppression
from tests.support import seeding
from tests.support.web import words


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests"


def test_a_guest_is_added_by_form_and_the_list_says_so(client: Any, url: str, row: Any) -> None:
    assert client.get(f"{url}/new").status_code == 200
    answer = client.submit(
        url,
        {"email": "ana@x.test", "first_name": "Ana", "last_name": "", "status": "declined", "tags": "vip, press ,,VIP"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, url)
    assert "The guest was added." in words(client.get(url))
    guest = row(Guest)
    assert (guest.address, guest.status, [tag.tag for tag in guest.tags]) == (
        "ana@x.test",
        "declined",
        ["press", "vip"],
    )


def test_a_refused_form_keeps_what_was_typed(client: Any, api: Any, url: str, count: Any) -> None:
    api.post(url, json={"first_name": "Ben", "attributes": {"Table": "7"}})
    answer = client.submit(url, {"email": "nonsense", "first_name": "Ana <3", "tags": "vip", "attribute:Table": "9"})
    assert (answer.status_code, count(Guest)) == (400, 1)
    assert answer.text.count('data-error-code="INVALID_INPUT"') == 1
    assert 'id="email-error"' in answer.text
    for typed in (
        'value="nonsense"',
        'value="Ana &lt;3"',
        'value="vip"',
        'name="attribute:Table" type="text" value="9"',
    ):
        assert typed in answer.text


def test_the_form_of_a_guest_saves_imported_columns_too(client: Any, api: Any, url: str, row: Any) -> None:
    made = api.post(
        url, json={"email": "a@x.test", "first_name": "Ana", "tags": ["vip"], "attributes": {"Table": "7", "Diet": "x"}}
    )
    where = f"{url}/{made.json['id']}"
    page = client.get(where)
    assert 'name="attribute:Table" type="text" value="7"' in page.text
    answer = client.submit(
        where,
        {"email": "", "first_name": "Anna", "last_name": "Ruiz", "status": "confirmed", "tags": "",
         "attribute:Table": "8", "attribute:Diet": ""},
    )  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, where)
    guest = row(Guest)
    assert (guest.email, guest.full_name, guest.status, list(guest.tags), guest.attributes) == (
        None, "Anna Ruiz", "confirmed", [], {"Table": "8"},
    )  # fmt: skip
    assert "Saved." in words(client.get(where))


def test_a_value_of_several_lines_keeps_them_through_the_form(client: Any, api: Any, url: str, row: Any) -> None:
    made = api.post(url, json={"first_name": "Ana", "attributes": {"Note": "one\r\ntwo"}})
    where = f"{url}/{made.json['id']}"
    assert re.search(r'<textarea [^>]*name="attribute:Note"[^>]*>\none\ntwo</textarea>', client.get(where).text)
    client.submit(where, {"first_name": "Ana", "attribute:Note": "one\r\ntwo"})
    assert row(Guest).attributes == {"Note": "one\ntwo"}


STAYS = "old@guests.example.net stays on the do-not-mail list of"
BOTH = "this event (a colleague put it there) and of the whole installation (mail to it bounced)"
GOES = "new@guests.example.net is not on it: mail goes there from now on."
WISH = "If they want no mail at all, put that address on the list, too."
ON_IT = "off@guests.example.net is on it, too: no mail goes there."


@pytest.mark.parametrize(
    ("entries", "new", "said"),
    [
        ({"event": "unsubscribed"}, "new", f"{STAYS} this event (its owner unsubscribed). {GOES} {WISH}"),
        ({"all": "hard_bounce"}, "new", f"{STAYS} the whole installation (mail to it bounced). {GOES}"),
        ({"event": "manual", "all": "hard_bounce"}, "off", f"{STAYS} {BOTH}. {ON_IT}"),
        ({"all": "complaint"}, "", f"{STAYS} the whole installation (its owner complained about a mail)."),
        ({"event": "unsubscribed"}, "OLD", ""),
        ({}, "new", ""),
    ],
)
def test_a_wish_for_no_mail_does_not_follow_a_corrected_address_and_the_page_says_so_f1(
    client: Any, url: str, event_id: int, add_guest: Any, writing: Any, rows: Any, entries: Any, new: str, said: str
) -> None:
    where = f"{url}/{add_guest('old@guests.example.net')}"
    with writing() as tx:
        for scope, reason in entries.items():
            tx.add(listed("old@guests.example.net", str(event_id) if scope == "event" else EVERYWHERE, reason))
        tx.add(listed("off@guests.example.net", str(event_id), "manual"))
    before = [(entry.address, entry.scope, entry.reason) for entry in rows(Suppression)]
    email = f"{new}@guests.example.net" if new else ""
    assert client.submit(where, {"email": email, "first_name": "Ada", "status": "confirmed"}).status_code == 303
    page = words(client.get(where))
    assert "Saved." in page
    assert said in page
    assert (STAYS in page) is bool(said)
    assert [(entry.address, entry.scope, entry.reason) for entry in rows(Suppression)] == before


@pytest.mark.parametrize(
    ("reason", "short", "long"),
    [
        ("hard_bounce", "bounced", "mail to it bounced"),
        ("complaint", "complained", "its owner complained about a mail"),
        ("unsubscribed", "unsubscribed", "its owner unsubscribed"),
        ("manual", "added by hand", "a colleague put it there"),
        ("import", "added by an import", "an import put it there"),
    ],
)
def test_F1_why_somebody_is_on_the_list_reads_the_same_wherever_it_stands(
    app: Flask, client: Any, url: str, add_guest: Any, reason: str, short: str, long: str
) -> None:
    guest_id = add_guest(email="ada@guests.org")
    with app.app_context():
        seeding.suppress("ada@guests.org", "all", reason)
        about_colleagues = account_mails.why_listed(fresh(), "ada@guests.org")
    told = f"This address is on the do-not-mail list: {long}. No mail is sent to it."
    assert told in words(client.get(f"{url}/{guest_id}"))
    assert f"On the do-not-mail list: {short}" in words(client.get(url))
    assert f" {short.capitalize()} " in words(client.get(url.replace("guests", "suppressions")))
    holds_up = reason in {"hard_bounce", "unsubscribed"}  # F3: nobody else keeps a colleague's mail back
    assert about_colleagues == (f"It is on the do-not-mail list of all events: {long}" if holds_up else "")
    assert f": {long} (" in words(client.get(url.replace("guests", "why?address=ada@guests.org")))


def listed(address: str, scope: str, reason: str) -> Suppression:
    return Suppression(address=address, scope=scope, reason=reason, source="test", created_at=clock.now())


def test_removing_asks_first_and_says_what_will_happen_s6(client: Any, url: str, add_guest: Any, count: Any) -> None:
    guest_id = add_guest(first_name="Ana", last_name="Ruiz")
    question = client.get(f"{url}/{guest_id}/deletion")
    assert "Ana Ruiz will be removed from this event" in words(question)
    assert "No mail is waiting for them." in words(question)
    assert count(Guest) == 1
    answer = client.submit(f"{url}/{guest_id}/deletion")
    assert (answer.status_code, answer.headers["Location"], count(Guest)) == (303, url, 0)
    assert "The guest was removed." in words(client.get(url))
