"""Too many wrong tries, over HTTP: 429 with Retry-After, by the connection's address unless proxies are trusted."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail import create_app
from eventmail.domain.people.throttle import ACCOUNT, BEARER, LINK
from eventmail.settings import Settings
from eventmail.web.core import access
from tests.support.seeding import PASSWORD, Person
from tests.support.time import FrozenClock
from tests.support.web import Client

EVENTS = "/admin/events"


@pytest.fixture(autouse=True)
def _still(clock: FrozenClock) -> None:
    pass


def sign_in(client: Any, email: str, password: str = "wrong", **kwargs: Any) -> Any:
    return client.submit("/sign-in", {"email": email, "password": password}, **kwargs)


@pytest.mark.parametrize("email", ["oscar@organizers.example", "nobody@organizers.example"])
def test_the_eleventh_wrong_password_is_429_with_retry_after(
    visitor: Any, organizer: Person, clock: FrozenClock, email: str
) -> None:
    assert [sign_in(visitor, email).status_code for _ in range(ACCOUNT.tries)] == [401] * ACCOUNT.tries
    clock.advance(minutes=5)
    page = sign_in(visitor, email, PASSWORD)
    assert (page.status_code, page.headers["Retry-After"]) == (429, "600")
    assert re.findall(r'data-error-code="([A-Z_]+)"', page.text) == ["RATE_LIMITED"]
    assert f'value="{email}"' in page.text
    data = sign_in(visitor, email, headers={"Accept": "application/json"})
    assert (data.status_code, data.headers["Retry-After"], data.json["code"]) == (429, "600", "RATE_LIMITED")
    assert data.content_type == "application/problem+json"


def test_wrong_links_from_one_address_are_429_and_a_good_one_still_opens(
    visitor: Any, organizer: Person, client_for: Callable[[Person], Client]
) -> None:
    assert [visitor.get(f"/sign-in/made-up-{n}").status_code for n in range(LINK.tries)] == [403] * LINK.tries
    answer = visitor.get("/sign-in/made-up")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert visitor.submit("/sign-in/made-up", {"name": "Eve", "password": PASSWORD}).status_code == 429
    assert client_for(organizer).get(EVENTS).status_code == 200


def test_wrong_tokens_from_one_address_are_429_and_a_good_one_still_works(visitor: Any, api: Any) -> None:
    wrong = {"Authorization": "Bearer em_wrong"}
    assert {visitor.get(EVENTS, headers=wrong).status_code for _ in range(BEARER.tries)} == {303}
    answer = visitor.get(EVENTS, headers={**wrong, "Accept": "application/json"})
    assert (answer.status_code, answer.headers["Retry-After"], answer.json["code"]) == (429, "900", "RATE_LIMITED")
    assert api.get(EVENTS).status_code == 200
    elsewhere = visitor.get(EVENTS, headers=wrong, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 303
    assert visitor.get("/healthz", headers=wrong).status_code == 200


def codes(app: Flask, forwarded: Callable[[int], str]) -> list[int]:
    client = app.test_client()
    return [
        client.get(
            f"/sign-in/made-up-{n}", headers={"Accept": "text/html", "X-Forwarded-For": forwarded(n)}
        ).status_code
        for n in range(LINK.tries + 1)
    ]  # fmt: skip


def test_who_says_to_come_from_elsewhere_is_not_believed(app: Flask) -> None:
    assert codes(app, lambda n: f"192.0.2.{n}")[-1] == 429


def test_behind_one_trusted_proxy_the_address_it_adds_counts_and_what_was_claimed_before_does_not(
    app: Flask, settings: Settings
) -> None:
    behind = create_app(settings.model_copy(update={"proxies": 1}))
    behind.test_client_class = app.test_client_class
    assert codes(behind, lambda n: f"192.0.2.{n}")[-1] == 403
    assert codes(behind, lambda n: f"192.0.2.{n}, 198.51.100.1")[-1] == 429


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_ipv6_subscriber_counts_as_one(address: str, network: str) -> None:
    with Flask(__name__).test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert access.network() == network
