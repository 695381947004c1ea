"""Guests in a browser without script: add, change, remove."""

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from eventmail.models import Guest


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests"


def words(answer: TestResponse) -> str:
    """What a person reads."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split()))


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
    assert 'data-error-code="INVALID_INPUT"' in answer.text
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


def test_removing_asks_first_and_says_what_will_happen_s6(client: Any, url: str, add_guest: Any, count: Any) -> None:
    guest_id = add_guest(first_name="Ana", last_name="Ruiz")
    question = client.get(f"{url}/{guest_id}/deletion")
    assert "Ana Ruiz will be removed from this event" in words(question)
    assert "No mail is waiting for them." in words(question)
    assert count(Guest) == 1
    answer = client.submit(f"{url}/{guest_id}/deletion")
    assert (answer.status_code, answer.headers["Location"], count(Guest)) == (303, url, 0)
    assert "The guest was removed." in words(client.get(url))
