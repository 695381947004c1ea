"""Every refusal is one line of the log: its kind, the network, and no address and no token."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people.throttle import ACCOUNT
from eventmail.settings import Settings
from eventmail.web.core import refusals
from tests.support.seeding import PASSWORD, Person
from tests.support.time import FrozenClock
from tests.support.web import Client

JSON = {"Accept": "application/json"}


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """told(): the lines about refusals since it was asked last."""

    def read() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
        return [line for line in lines if line["logger"] == refusals.__name__]

    return read


def brief(line: dict[str, Any]) -> tuple[str, str, str, bool]:
    return line["kind"], line["code"], line["network"], line["who"] is not None


def sign_in(client: Client, email: str, password: str = "wrong") -> Any:
    return client.submit("/sign-in", {"email": email, "password": password})


def test_refused_sign_ins_and_throttles_tell_equal_people_apart_without_naming_them(
    visitor: Client, organizer: Person, told: Any, clock: FrozenClock
) -> None:
    for _ in range(ACCOUNT.tries):
        sign_in(visitor, organizer.email)
    sign_in(visitor, organizer.email.upper())
    sign_in(visitor, "nobody@elsewhere.example")
    lines = told()
    kinds = [("sign_in", "BAD_CREDENTIALS", "127.0.0.1", True)] * ACCOUNT.tries
    assert [brief(line) for line in lines] == [
        *kinds, ("throttle", "RATE_LIMITED", "127.0.0.1", True), ("sign_in", "BAD_CREDENTIALS", "127.0.0.1", True),
    ]  # fmt: skip
    assert len({line["who"] for line in lines[:-1]}) == 1
    assert lines[-1]["who"] != lines[0]["who"]
    assert "example" not in json.dumps(lines)


def test_the_hmac_is_of_this_instance_alone(app: Flask, visitor: Client, settings: Settings, told: Any) -> None:
    sign_in(visitor, "nobody@elsewhere.example")
    mine = told()[0]["who"]
    with app.test_request_context():
        app.preprocess_request()
        refusals.g.typed_address = "nobody@elsewhere.example"
        assert refusals.who() == mine
        object.__setattr__(settings, "secret", b"another key of thirty-two bytes!")
        assert refusals.who() != mine


def test_a_made_up_link_and_token_are_told_without_themselves(visitor: Client, told: Any) -> None:
    visitor.get("/sign-in/made-up-secret")
    visitor.get("/admin/events", headers={"Authorization": "Bearer em_made-up-secret", **JSON})
    lines = told()
    assert [brief(line) for line in lines] == [
        ("link", "LINK_EXPIRED", "127.0.0.1", False), ("token", "NOT_SIGNED_IN", "127.0.0.1", False),
    ]  # fmt: skip
    assert "made-up-secret" not in json.dumps(lines)


def test_a_form_without_its_token_is_told_once(client: Client, told: Any) -> None:
    client.post("/admin/events", data={"title": "x"})
    [line] = told()
    assert (line["kind"], line["endpoint"], line["method"]) == ("csrf", "events.create", "POST")


@pytest.mark.parametrize("headers", [{}, JSON])
def test_what_a_role_does_not_allow_is_told_once(client: Client, told: Any, headers: dict[str, str]) -> None:
    client.get("/admin/people", headers=headers)
    client.submit("/admin/people/invitations", {"email": "x@y.example", "role": "owner"}, headers=headers)
    lines = told()
    assert [brief(line) for line in lines] == [("forbidden", "ROLE_TOO_LOW", "127.0.0.1", True)] * 2


def test_a_wrong_password_asked_for_again_is_told(visitor: Client, organizer: Person, told: Any) -> None:
    sign_in(visitor, organizer.email, PASSWORD)
    told()
    visitor.submit("/admin/account/tokens", {"name": "x", "current_password": "wrong"})
    assert [brief(line) for line in told()] == [("password_again", "INVALID_INPUT", "127.0.0.1", True)]


def test_who_only_has_to_sign_in_leaves_no_trace(visitor: Client, told: Any) -> None:
    visitor.get("/admin/events")
    visitor.get("/admin/events", headers=JSON)
    visitor.get("/nothing/here")
    assert told() == []


def test_sessions_show_their_network_and_where_they_were_last(client: Client, clock: FrozenClock) -> None:
    client.get("/admin/account", headers=JSON, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    clock.advance(minutes=2)
    client.get("/admin/account", headers=JSON, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    listed = client.get("/admin/account", headers=JSON).get_json()["sessions"]
    assert [row["network"] for row in listed] == ["192.0.2.7"]
    page = client.get("/admin/account").text
    assert "192.0.2.7" in page
