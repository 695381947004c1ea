"""Pasting addresses in a browser without script, and as a program."""

from typing import Any

import pytest

from eventmail.models import Guest
from tests.support.web import words


@pytest.fixture
def url(event_id: int) -> str:
    return f"/admin/events/{event_id}/guests/paste"


def test_pasting_shows_first_what_would_happen_then_adds(client: Any, url: str, add_guest: Any, rows: Any) -> None:
    add_guest("ada@x.test", first_name="Ada", last_name="<b>Bo</b>")
    typed = {"addresses": "Anna Berg <anna@x.test>\nada@x.test\nnonsense", "status": "confirmed", "tags": "vip"}
    assert client.get(url).status_code == 200
    looked = client.submit(url, {**typed, "dry_run": "true"})
    said = words(looked.text)
    assert ("Nothing is added yet" in said, "Unclear" in said, "No address found here." in said) == (True, False, True)
    assert "On the list: Ada <b>Bo</b>" in said
    assert "<b>Bo" not in looked.text
    assert "Anna Berg &lt;anna@x.test&gt;" in looked.text  # what was typed is still there
    assert [guest.email for guest in rows(Guest)] == ["ada@x.test"]
    added = client.submit(url, {**typed, "expected": "1"})
    assert (added.status_code, added.headers["Location"]) == (303, url.removesuffix("/paste"))
    assert [(guest.email, guest.status, [tag.tag for tag in guest.tags]) for guest in rows(Guest)[1:]] == [
        ("anna@x.test", "confirmed", ["vip"])
    ]
    said = words(client.get(added.headers["Location"]).text)
    assert "1 guest was added. On the list already: 1. Not added, since they could not be read: 1." in said


def test_a_list_that_changed_since_the_look_adds_nobody_and_looks_again(
    client: Any, url: str, add_guest: Any, count: Any
) -> None:
    add_guest("anna@x.test")
    answer = client.submit(url, {"addresses": "anna@x.test\nbo@x.test", "expected": "2"})
    assert (answer.status_code, count(Guest), 'data-error-code="LIST_CHANGED"' in answer.text) == (409, 1, True)
    assert '<input type="hidden" name="expected" value="1">' in answer.text
    assert "anna@x.test\nbo@x.test</textarea>" in answer.text


def test_a_refused_paste_keeps_what_was_typed(client: Any, url: str, count: Any) -> None:
    answer = client.submit(url, {"addresses": "", "tags": "x" * 101, "dry_run": "true"})
    assert (answer.status_code, 'id="addresses-error"' in answer.text, "x" * 101 in answer.text) == (400, True, True)
    assert client.post(url, data={"addresses": "a@x.test"}).status_code == 403
    assert count(Guest) == 0


def test_a_program_pastes_in_one_request(api: Any, url: str, count: Any) -> None:
    body = {"addresses": "a@x.test, b@x.test, a@x.test\nnonsense", "dry_run": True}
    expected = {
        "created": 2, "there": [{"line": 1, "email": "a@x.test", "guest": None}],
        "rejected": [
            {"line": 2, "text": "nonsense", "code": "INVALID_EMAIL", "message": "No address found here."}
        ],
    }  # fmt: skip
    assert (api.post(url, json=body).json, count(Guest)) == (expected, 0)
    assert (api.post(url, json={**body, "dry_run": False}).json, count(Guest)) == (expected, 2)


def test_a_restricted_event_of_others_is_404(api: Any, owner: Any, add_event: Any, count: Any) -> None:
    hidden = f"/admin/events/{add_event(owner, restricted=True)}/guests/paste"
    answers = api.get(hidden), api.post(hidden, json={"addresses": "a@x.test"})
    assert ([answer.status_code for answer in answers], count(Guest)) == ([404, 404], 0)
