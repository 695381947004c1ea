"""One-time links in a browser: a page with a button, whoever sent them; opening one spends nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people import invitations, sign_in_links
from eventmail.models import Invitation, LoginSession, SignInLink
from eventmail.models.account import Role
from eventmail.web.core.access import SESSION
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.time import FrozenClock
from tests.support.web import Client, csrf_token_in, error_code, signed_in, words

EVENTS = "/admin/events"


@pytest.fixture
def link(app: Flask, organizer: Person) -> str:
    with app.app_context():
        return f"/sign-in/{sign_in_links.issue(organizer.email, acting())}"


@pytest.fixture
def invitation(app: Flask, owner: Person) -> str:
    with app.app_context():
        return f"/sign-in/{invitations.invite('ada@organizers.example', Role.ORGANIZER, acting(owner)).token}"


def session_of(client: Client) -> str | None:
    with client.session_transaction() as session:
        return session.get(SESSION)


def test_opening_a_handed_over_link_spends_nothing_and_signs_nobody_in(
    link: str, visitor: Client, app: Flask, row: Any, rows: Any
) -> None:
    for browser in (visitor, app.test_client()):
        page = browser.get(link, headers={"Accept": "text/html"})
        assert (page.status_code, "Sign in as Oscar Organizer" in page.text) == (200, True)
    assert (row(SignInLink).used_at, rows(LoginSession)) == (None, [])
    assert not signed_in(visitor)
    assert visitor.press(link).location == EVENTS
    assert signed_in(visitor)


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"HX-Request-Type": "partial"}])
def test_no_way_of_asking_for_a_link_spends_it(link: str, visitor: Client, row: Any, headers: dict[str, str]) -> None:
    visitor.get(link, headers=headers)
    visitor.open(link, method="HEAD", headers=headers)
    assert row(SignInLink).used_at is None


def test_a_link_never_changes_who_is_signed_in_without_asking(
    link: str, client_for: Callable[[Person], Client], owner: Person, row: Any
) -> None:
    boss = client_for(owner)
    before = session_of(boss)
    page = boss.get(link)
    assert "You are signed in as Olive Owner now" in words(page)
    assert "Pressing the button signs Olive Owner out of this browser." in words(page)
    assert session_of(boss) == before
    boss.post(link, data={"csrf_token": csrf_token_in(page)})
    assert session_of(boss) != before
    assert row(LoginSession, LoginSession.user_id == owner.id).revoked_at is not None


def test_an_invitation_says_who_is_signed_in_now_and_changes_nothing_before_its_form_is_sent(
    invitation: str, client: Client, count: Any
) -> None:
    before = session_of(client)
    page = client.get(invitation)
    assert "When this form is sent, Oscar Organizer is signed out of this browser." in words(page)
    assert (session_of(client), count(Invitation)) == (before, 1)


def test_the_set_up_link_is_not_spent_by_being_opened(first_link: str, visitor: Client, row: Any) -> None:
    for _ in range(2):
        assert visitor.get(first_link).status_code == 200
    assert row(SignInLink).used_at is None


def test_the_button_wants_the_token_of_its_form(link: str, visitor: Client, row: Any) -> None:
    visitor.get(link)
    answer = visitor.post(link)
    assert (answer.status_code, error_code(answer), row(SignInLink).used_at) == (403, ["CSRF_FAILED"], None)


def test_a_double_click_whose_first_answer_was_lost_signs_in_once(
    link: str, visitor: Client, rows: Any, clock: FrozenClock
) -> None:
    token = csrf_token_in(visitor.get(link))
    before = visitor.get_cookie("eventmail")
    assert before
    visitor.post(link, data={"csrf_token": token})
    visitor.set_cookie("eventmail", before.value)
    clock.advance(seconds=2)
    again = visitor.post(link, data={"csrf_token": token})
    assert (again.status_code, again.location) == (303, EVENTS)
    assert signed_in(visitor)
    assert [row.revoked_at is None for row in rows(LoginSession)] == [False, True]


def test_a_second_click_after_the_first_answer_leads_on(link: str, visitor: Client, rows: Any) -> None:
    token = csrf_token_in(visitor.get(link))
    visitor.post(link, data={"csrf_token": token})
    again = visitor.post(link, data={"csrf_token": token})
    assert (again.status_code, again.location) == (303, EVENTS)
    assert len(rows(LoginSession)) == 1


def test_back_to_a_link_that_brought_one_here_leads_on(link: str, visitor: Client) -> None:
    visitor.press(link)
    assert visitor.get(link).location == EVENTS


@pytest.mark.parametrize("late", [False, True])
def test_another_browser_and_a_late_one_press_in_vain(
    late: bool, link: str, visitor: Client, app: Flask, rows: Any, clock: FrozenClock
) -> None:
    token, cookie = csrf_token_in(visitor.get(link)), visitor.get_cookie("eventmail")
    assert cookie
    other = app.test_client()
    theirs = csrf_token_in(other.get(link, headers={"Accept": "text/html"}))
    visitor.post(link, data={"csrf_token": token})
    if late:
        visitor.set_cookie("eventmail", cookie.value)
        clock.advance(minutes=1)
        answer = visitor.post(link, data={"csrf_token": token})
    else:
        answer = other.post(link, data={"csrf_token": theirs}, headers={"Accept": "text/html"})
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
    assert len(rows(LoginSession)) == 1


def test_a_new_password_ends_the_second_press_too(link: str, visitor: Client, app: Flask) -> None:
    token, cookie = csrf_token_in(visitor.get(link)), visitor.get_cookie("eventmail")
    assert cookie
    visitor.post(link, data={"csrf_token": token})
    visitor.submit("/admin/account/password", {"password": "another long password"})
    visitor.set_cookie("eventmail", cookie.value)
    assert error_code(visitor.post(link, data={"csrf_token": token})) == ["LINK_EXPIRED"]


def test_a_used_link_says_who_is_signed_in(
    link: str, visitor: Client, client_for: Callable[[Person], Client], owner: Person
) -> None:
    boss = client_for(owner)
    visitor.press(link)
    answer = boss.get(link)
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
    assert "You are signed in as Olive Owner already, and nothing changed that." in words(answer)
    assert signed_in(boss)


def test_an_owner_makes_no_link_for_themselves(
    client_for: Callable[[Person], Client], owner: Person, count: Any
) -> None:
    boss = client_for(owner)
    made = count(SignInLink)
    answer = boss.submit(f"/admin/people/{owner.id}/sign-in-links")
    assert (answer.status_code, error_code(answer)) == (400, ["INVALID_INPUT"])
    assert "A link for yourself would stand in for your password. No link was made." in words(answer)
    assert count(SignInLink) == made
    assert "Make a sign-in link for Olive Owner" not in boss.get("/admin/people").text


def test_a_made_up_link_tells_whether_a_password_is_good_to_nobody(visitor: Client) -> None:
    answer = visitor.submit("/sign-in/made-up", {"name": "Eve", "password": PASSWORD})
    assert (answer.status_code, error_code(answer)) == (403, ["LINK_EXPIRED"])
