"""Getting in with a link or a password, and out again; the very first start."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail.domain.people import sign_in_links
from eventmail.models import LoginSession, SignInLink, User
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.time import FrozenClock
from tests.support.web import Client, csrf_token_in, error_code, signed_in, words

EVENTS = "/admin/events"


@pytest.fixture
def link(app: Flask, organizer: Person) -> str:
    """The path of a one-time link for the organizer."""
    with app.app_context():
        return f"/sign-in/{sign_in_links.issue(organizer.email, acting())}"


# Signing in and out


def test_a_one_time_link_signs_in_and_leads_to_the_events(visitor: Client, link: str) -> None:
    answer = visitor.press(link)
    assert (answer.status_code, answer.location) == (303, EVENTS)
    assert signed_in(visitor)


def test_a_one_time_link_works_once(app: Flask, visitor: Client, link: str, client_for: Any) -> None:
    visitor.press(link)
    second = app.test_client()
    answer = second.get(link, headers={"Accept": "text/html"})
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
    assert "A sign-in link works once and only for a short time." in words(answer)
    assert second.get(EVENTS).status_code == 303


ADDED = (".", ")", ",", ">", ";", "'", '"', "!", "…", ").", " ", "%29", "%253E", "&gt;", "&#41;")


@pytest.mark.parametrize("added", ADDED)
def test_a_link_with_what_a_mail_program_hung_on_it_signs_in(visitor: Client, link: str, added: str) -> None:
    assert visitor.get(link + added).status_code == 200  # the page that asks
    assert visitor.press(link + added).location == EVENTS
    assert signed_in(visitor)


@pytest.mark.parametrize("added", [each for each in ADDED if each[0] not in "&%"])
def test_what_hangs_on_the_page_that_a_link_leads_to_is_none_of_it(visitor: Client, link: str, added: str) -> None:
    assert visitor.press(f"{link}?next=/admin/account{added}").location == "/admin/account"


@pytest.mark.parametrize("added", ["x", ".x", "-", "_", "%41x", "=a", ").b"])
def test_what_a_token_is_made_of_is_never_taken_off_a_link(
    visitor: Client, link: str, rows: Callable[..., Any], added: str
) -> None:
    answer = visitor.get(link + added)
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
    assert ([row.used_at for row in rows(SignInLink)], signed_in(visitor)) == ([None], False)


@pytest.mark.parametrize("added", ADDED)
def test_the_first_link_makes_the_owner_whatever_hangs_on_it(
    visitor: Client, first_link: str, count: Any, added: str
) -> None:
    assert "Welcome to eventmail" in words(visitor.get(first_link + added))
    typed = {"name": "Olive", "email": "olive@organizers.example", "password": "long enough to keep"}
    assert (visitor.submit(first_link + added, typed).status_code, count(User)) == (303, 1)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch"}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
    ],
)
def test_looking_ahead_does_not_spend_a_link(
    method: str, headers: dict[str, str], visitor: Client, link: str, rows: Callable[..., Any]
) -> None:
    assert visitor.open(link, method=method, headers=headers).status_code == 204
    assert [row.used_at for row in rows(SignInLink)] == [None]
    assert not signed_in(visitor)
    visitor.press(link)
    assert signed_in(visitor)


def test_a_link_that_is_too_old_says_how_to_get_another(
    visitor: Client, organizer: Person, app: Flask, clock: FrozenClock
) -> None:
    with app.app_context():
        token = sign_in_links.issue(organizer.email, acting())
    clock.advance(hours=1)
    answer = visitor.get(f"/sign-in/{token}")
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
    assert "Ask an owner for a new one, run “eventmail signin ADDRESS”, or sign in with your password." in words(answer)


def test_address_and_password_sign_in(visitor: Client, organizer: Person) -> None:
    answer = visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, EVENTS)
    assert signed_in(visitor)


def test_a_wrong_password_keeps_the_address_and_says_nothing_about_it(visitor: Client, organizer: Person) -> None:
    known, unknown = (
        visitor.submit("/sign-in", {"email": email, "password": "wrong"}) for email in (organizer.email, "x@y.example")
    )
    assert [(answer.status_code, error_code(answer)) for answer in (known, unknown)] == [(401, ["BAD_CREDENTIALS"])] * 2
    assert f'value="{organizer.email}"' in known.text
    assert "wrong" not in known.text
    assert not signed_in(visitor)


def test_signing_in_begins_a_new_session(app: Flask, visitor: Client, organizer: Person) -> None:
    visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD, "next": "/"})
    with visitor.session_transaction() as session:
        first, session["left_over"] = session["session_token"], "of somebody else"
    visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD})
    with visitor.session_transaction() as session:
        assert "left_over" not in session
        assert session["session_token"] != first


@pytest.mark.parametrize("where", ["/admin/events/1", "/admin/events?page=2"])
def test_signing_in_leads_back_to_where_one_was_going(visitor: Client, organizer: Person, where: str) -> None:
    sent = visitor.get(where)
    assert sent.status_code == 303
    page = visitor.get(sent.location)
    token = csrf_token_in(page)
    target = re.findall(r'name="next" value="([^"]*)"', page.text)
    answer = visitor.post(
        "/sign-in", data={"csrf_token": token, "email": organizer.email, "password": PASSWORD, "next": target[0]}
    )
    assert answer.location == where


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "evil.example", "javascript:alert(1)",
     "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "http:/evil.example", ""],
)  # fmt: skip
def test_signing_in_never_leads_to_another_site(visitor: Client, organizer: Person, target: str, link: str) -> None:
    typed = visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD, "next": target})
    token = csrf_token_in(visitor.get(link))
    clicked = visitor.post(link, query_string={"next": target}, data={"csrf_token": token})
    assert [answer.location for answer in (typed, clicked)] == [EVENTS, EVENTS]


def test_signing_out_ends_the_session_even_for_a_copied_cookie(client: Client, app: Flask) -> None:
    cookie = client.get_cookie("eventmail")
    assert cookie
    answer = client.submit("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    thief = app.test_client()
    thief.set_cookie("eventmail", cookie.value)
    assert [thief.get(EVENTS).status_code, client.get(EVENTS).status_code] == [303, 303]


def test_a_session_that_was_revoked_elsewhere_is_over(client: Client, writing: Any, clock: FrozenClock) -> None:
    assert signed_in(client)
    with writing() as tx:
        tx.execute(update(LoginSession).values(revoked_at=clock.now()))
    assert not signed_in(client)


def test_the_session_cookie_is_not_for_scripts_and_not_for_other_sites(visitor: Client, link: str) -> None:
    known, cookie = visitor.press(link).headers.getlist("Set-Cookie")
    assert {part.strip().split("=")[0] for part in cookie.split(";")} == {
        "eventmail", "Expires", "HttpOnly", "Path", "SameSite",
    }  # fmt: skip
    assert {part.strip().split("=")[0] for part in known.split(";")} == {
        "eventmail_browser", "Expires", "HttpOnly", "Max-Age", "Path", "SameSite",
    }  # fmt: skip
    assert ["SameSite=Lax" in each for each in (known, cookie)] == [True, True]


def test_a_forged_cookie_is_nobody(visitor: Client) -> None:
    visitor.set_cookie("eventmail", "eyJzZXNzaW9uX3Rva2VuIjoieCJ9.aaaaaa.bbbb")
    assert not signed_in(visitor)


# The very first start


def test_the_first_link_asks_who_one_is_and_makes_the_owner(visitor: Client, first_link: str, rows: Any) -> None:
    assert "Welcome to eventmail" in words(visitor.get(first_link))
    answer = visitor.submit(
        first_link, {"name": "Olive", "email": "olive@organizers.example", "password": "long enough to keep"}
    )
    assert (answer.status_code, answer.location) == (303, EVENTS)
    assert [(user.name, user.role) for user in rows(User)] == [("Olive", "owner")]
    assert signed_in(visitor)
    again = visitor.get(first_link)
    assert error_code(again) == ["LINK_EXPIRED"]
    assert "You are signed in as Olive already, and nothing changed that." in words(again)


def test_the_first_form_keeps_what_was_typed_when_it_needs_a_correction(
    visitor: Client, first_link: str, count: Any
) -> None:
    answer = visitor.submit(first_link, {"name": "Olive", "email": "olive@", "password": "long enough to keep"})
    assert answer.status_code == 400
    assert 'value="Olive"' in answer.text
    assert 'value="olive@"' in answer.text
    assert "long enough to keep" not in answer.text
    assert count(User) == 0
