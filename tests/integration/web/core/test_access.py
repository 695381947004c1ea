"""What is not for one, and what there is not."""

from typing import Any

import pytest
from flask import Flask

from tests.support import seeding
from tests.support.seeding import Person
from tests.support.web import Client, error_code, partial, problem

EVENTS = "/admin/events"
JSON = {"Accept": "application/json"}
WEIRD = [
    "0",
    "-1",
    "+1",
    "01",
    "9999999999999999999999",
    "9223372036854775808",
    "abc",
    "%00",
    "1%00",
    "%20",
    "1.0",
    "١",
]


def test_a_stranger_is_sent_to_sign_in_and_a_program_gets_401(visitor: Client, event_id: int) -> None:
    for path in (EVENTS, f"{EVENTS}/{event_id}", f"{EVENTS}/{event_id}/settings", f"{EVENTS}/99", f"{EVENTS}/abc"):
        page, data = visitor.get(path), visitor.get(path, headers=JSON)
        assert (page.status_code, page.location) == (303, f"/sign-in?next={path}")
        assert problem(data) == (401, "NOT_SIGNED_IN")


def test_a_stranger_in_a_fragment_is_led_to_sign_in_by_the_whole_page(visitor: Client) -> None:
    answer = visitor.get(EVENTS, headers=partial())
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_restricted_event_is_404_for_who_is_no_member(
    client: Client, api: Any, owner: Person, client_for: Any, add_event: Any
) -> None:
    secret = add_event(owner, restricted=True, title="Board dinner")
    for path in (f"{EVENTS}/{secret}", f"{EVENTS}/{secret}/settings"):
        page = client.get(path)
        assert (page.status_code, error_code(page)) == (404, ["NOT_FOUND"])
        assert "Board dinner" not in page.text
        assert client_for(owner).get(path).status_code == 200
    assert problem(api.get(f"{EVENTS}/{secret}")) == (404, "NOT_FOUND")
    assert problem(api.patch(f"{EVENTS}/{secret}", json={"title": "Mine"})) == (404, "NOT_FOUND")
    assert client.submit(f"{EVENTS}/{secret}/settings", {"title": "Mine"}).status_code == 404
    assert api.get(EVENTS).json == {"items": [], "page": 1, "pages": 1, "total": 0}


def test_a_member_of_a_restricted_event_sees_it(app: Flask, client: Client, organizer: Person, owner: Person) -> None:
    with app.app_context():
        secret = seeding.add_event(owner, restricted=True)
        seeding.add_member(secret, organizer)
    assert client.get(f"{EVENTS}/{secret}").status_code == 200


@pytest.mark.parametrize("weird", WEIRD)
def test_an_id_that_cannot_be_is_not_found(weird: str, client: Client, api: Any) -> None:
    for tail in ("", "/settings"):
        page = client.get(f"{EVENTS}/{weird}{tail}")
        assert (page.status_code, error_code(page)) == (404, ["NOT_FOUND"])
    assert problem(api.get(f"{EVENTS}/{weird}")) == (404, "NOT_FOUND")
    assert problem(api.patch(f"{EVENTS}/{weird}", json={"title": "x"})) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "query", ["page=abc", "page=-1", "page=99999999999999999999999", "per_page=0", "per_page=x", "page=%00"]
)
def test_a_page_number_that_cannot_be_shows_the_list(query: str, api: Any, event_id: int) -> None:
    answer = api.get(f"{EVENTS}?{query}")
    assert answer.status_code == 200
    assert [item["id"] for item in answer.json["items"]] == [str(event_id)]


def test_an_unknown_address_and_a_wrong_method_are_problems_too(api: Any, client: Client) -> None:
    assert problem(api.get("/nowhere")) == (404, "NOT_FOUND")
    assert problem(api.delete(EVENTS)) == (405, "METHOD_NOT_ALLOWED")
    assert [client.get("/nowhere").status_code, client.put("/").status_code] == [404, 405]
