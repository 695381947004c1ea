"""Strangers' wrong tries keep nobody out of a browser that has signed in before; its own tries are bounded."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people.throttle import ACCOUNT, BROWSER, FORGOTTEN, NETWORK
from eventmail.models import AuditEntry
from tests.support.seeding import PASSWORD, Person
from tests.support.time import FrozenClock
from tests.support.web import Client, signed_in

COOKIE = "eventmail_browser"


@pytest.fixture(autouse=True)
def _still(clock: FrozenClock) -> None:
    pass


@pytest.fixture
def browser(app: Flask) -> Callable[[], Client]:
    def make() -> Client:
        client = app.test_client()
        assert isinstance(client, Client)
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        return client

    return make


def sign_in(client: Client, email: str, password: str = PASSWORD) -> int:
    return client.submit("/sign-in", {"email": email, "password": password}).status_code


def lock_out(client: Client, email: str) -> None:
    assert [sign_in(client, email, "wrong") for _ in range(ACCOUNT.tries + 1)] == [401] * ACCOUNT.tries + [429]


@pytest.fixture
def known(visitor: Client, organizer: Person) -> Client:
    """A browser that has signed in with the organizer's address and is signed out."""
    assert sign_in(visitor, organizer.email) == 303
    visitor.submit("/sign-out")
    return visitor


def test_a_known_browser_signs_in_while_a_stranger_has_used_up_the_address_and_the_network(
    known: Client, browser: Any, organizer: Person
) -> None:
    stranger = browser()
    lock_out(stranger, organizer.email)
    for n in range(NETWORK.tries):
        sign_in(stranger, f"nobody{n}@elsewhere.example", "wrong")
    assert sign_in(browser(), organizer.email) == 429
    assert sign_in(known, organizer.email) == 303


def test_who_is_signed_in_stays_so_whatever_strangers_try(client: Client, browser: Any, organizer: Person) -> None:
    lock_out(browser(), organizer.email)
    assert signed_in(client)


def test_a_known_browser_has_its_own_bounded_tries_and_they_lock_out_nobody_else(
    known: Client, browser: Any, organizer: Person
) -> None:
    assert [sign_in(known, organizer.email, "wrong") for _ in range(BROWSER.tries)] == [401] * BROWSER.tries
    assert sign_in(known, organizer.email) == 429
    assert sign_in(browser(), organizer.email) == 303


@pytest.mark.parametrize("how", ["made up", "of another instance", "for somebody else", "cut"])
def test_a_cookie_that_was_made_up_or_is_another_colleagues_is_no_way_round(
    known: Client, browser: Any, organizer: Person, owner: Person, how: str
) -> None:
    cookie = known.get_cookie(COOKIE)
    assert cookie
    name, entry = cookie.value.split(".")
    stranger = browser()
    stranger.set_cookie(COOKIE, {
        "made up": f"{name}x.{entry}", "of another instance": f"{name}.{organizer.id}-{'A' * 22}",
        "for somebody else": cookie.value.replace(f".{organizer.id}-", f".{owner.id}-"), "cut": cookie.value[:-1],
    }[how])  # fmt: skip
    email = owner.email if how == "for somebody else" else organizer.email
    lock_out(browser(), email)
    assert sign_in(stranger, email) == 429


def test_colleagues_who_share_a_browser_are_both_known_to_it(
    known: Client, browser: Any, organizer: Person, owner: Person
) -> None:
    assert sign_in(known, owner.email) == 303
    for person in (organizer, owner):
        lock_out(browser(), person.email)
        assert sign_in(known, person.email) == 303


def test_a_lockout_is_in_the_log_once_with_its_network_and_without_what_was_typed(
    browser: Any, organizer: Person, rows: Any
) -> None:
    stranger = browser()
    lock_out(stranger, organizer.email)
    sign_in(stranger, organizer.email, "wrong")
    lock_out(browser(), "typed-by-mistake@elsewhere.example")
    told = [(row.actor, row.subject, row.detail) for row in rows(AuditEntry, AuditEntry.action == "throttle.closed")]
    detail = {"tries": "wrong passwords", "network": "127.0.0.1"}
    assert told == [("nobody", f"user:{organizer.id}", detail), ("nobody", "nobody:", detail)]


def test_forgotten_passwords_of_a_known_browser_are_counted_apart(
    known: Client, browser: Any, organizer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventmail.domain.people.account_mails.can_mail", lambda _place: True)
    stranger = browser()
    asked = [stranger.submit("/forgotten", {"email": organizer.email}).status_code for _ in range(FORGOTTEN.tries + 1)]
    assert asked == [303] * FORGOTTEN.tries + [429]
    again = [known.submit("/forgotten", {"email": organizer.email}).status_code for _ in range(FORGOTTEN.tries + 1)]
    assert again == [303] * FORGOTTEN.tries + [429]
