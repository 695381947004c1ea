"""Nothing is changed without a form’s token or a program’s."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail.models import ApiToken, Event
from tests.support.seeding import PASSWORD, Person
from tests.support.time import FrozenClock
from tests.support.web import Client, error_code, problem, signed_in, words

EVENTS = "/admin/events"
JSON = {"Accept": "application/json"}


@pytest.mark.parametrize("token", [None, "", "made-up", "of-another-session"])
def test_a_form_without_its_token_changes_nothing(
    *, client: Client, app: Flask, count: Any, organizer: Person, client_for: Any, token: str | None
) -> None:
    if token == "of-another-session":
        token = client_for(organizer).csrf_token()
    answer = client.post(
        EVENTS, data={"title": "Ball", "timezone": "UTC", **({} if token is None else {"csrf_token": token})}
    )
    assert (answer.status_code, error_code(answer)) == (403, ["CSRF_FAILED"])
    assert "reload the page and press the button again. Nothing was changed." in words(answer).replace(
        "Reload", "reload"
    )
    assert count(Event) == 0


def test_json_with_a_cookie_and_no_token_changes_nothing(client: Client, count: Any) -> None:
    answer = client.post(EVENTS, json={"title": "Ball", "timezone": "UTC"}, headers=JSON)
    assert problem(answer) == (403, "CSRF_FAILED")
    assert count(Event) == 0


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/1"), ("POST", "/1/settings"), ("DELETE", "/1")])
def test_no_method_that_changes_something_goes_without_a_token(
    client: Client, event_id: int, method: str, path: str, row: Any
) -> None:
    answer = client.open(EVENTS + path, method=method, data={"title": "Ball"})
    assert answer.status_code in {403, 405}
    assert row(Event).title == "Fixture Gala"


def test_signing_in_and_out_need_the_token_too(
    client: Client, visitor: Client, organizer: Person, first_link: str
) -> None:
    answers = [
        client.post("/sign-out"),
        visitor.post("/sign-in", data={"email": organizer.email, "password": PASSWORD}),
        visitor.post(first_link, data={"name": "Eve", "email": "eve@x.example", "password": "long enough to keep"}),
    ]
    assert [(answer.status_code, error_code(answer)) for answer in answers] == [(403, ["CSRF_FAILED"])] * 3
    assert signed_in(client)


def test_a_form_with_its_token_is_taken(client: Client, count: Any) -> None:
    assert client.submit(EVENTS, {"title": "Ball", "timezone": "UTC"}).status_code == 303
    assert count(Event) == 1


def test_a_bearer_token_needs_no_csrf_token(api: Any, count: Any) -> None:
    assert api.post(EVENTS, json={"title": "Ball", "timezone": "UTC"}).status_code == 201
    assert count(Event) == 1


@pytest.mark.parametrize("value", ["Bearer made-up", "Bearer ", "Bearer", "bearer x y", "Bearer \xff"])
def test_an_invalid_bearer_token_is_401_even_beside_a_good_cookie(client: Client, value: str) -> None:
    answer = client.get(EVENTS, headers={"Authorization": value, **JSON})
    assert problem(answer) == (401, "NOT_SIGNED_IN")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_is_401(api: Any, writing: Any, clock: FrozenClock) -> None:
    with writing() as tx:
        tx.execute(update(ApiToken).values(revoked_at=clock.now()))
    assert problem(api.get(EVENTS)) == (401, "NOT_SIGNED_IN")


def test_a_program_gets_json_without_asking_for_it(api: Any) -> None:
    del api.environ_base["HTTP_ACCEPT"]
    assert api.get(EVENTS).is_json
    assert problem(api.get(f"{EVENTS}/99")) == (404, "NOT_FOUND")
