"""A forgotten password: the page that asks for a link by mail, and the link that arrives."""

from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people.throttle import FORGOTTEN
from eventmail.models import AccountMail, LoginSession, SignInLink
from tests.support.account_mail import link_in
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.web import Client, csrf_token_in, error_code, words


def ask(visitor: Client, email: str) -> str:
    """Ask for a link as the page does: what is answered, the address left out."""
    answer = visitor.submit("/forgotten", {"email": email})
    assert (answer.status_code, answer.location) == (303, "/forgotten")
    page = words(visitor.get("/forgotten"))
    assert email in page
    return page.replace(email, "ADDRESS")


def test_the_sign_in_page_leads_to_it(visitor: Any) -> None:
    assert 'href="/forgotten">Forgot your password?</a>' in visitor.get("/sign-in").text


def test_the_answer_is_the_same_for_a_known_an_unknown_and_a_removed_address(
    visitor: Any, boss: Any, organizer: Person, add_person: Any, app: Flask, rows: Any, count_queries: Any
) -> None:
    gone = add_person("Gone", "gone@organizers.example")
    boss.submit(f"/admin/people/{gone.id}/removal")
    answers = [ask(visitor, email) for email in (organizer.email, gone.email, "stranger@elsewhere.example")]
    assert len(set(answers)) == 1
    assert "If a colleague here has the address ADDRESS, a mail with a sign-in link is on its way." in answers[0]
    assert [row.user_id for row in rows(AccountMail)] == [organizer.id]
    assert "is on its way" not in words(visitor.get("/forgotten"))


def test_headers_and_cookies_of_the_answer_do_not_tell_either(visitor: Any, app: Flask, organizer: Person) -> None:
    told = []
    for email in (organizer.email, "xxxxx@organizers.example"):
        answer = visitor.submit("/forgotten", {"email": email})
        told.append((answer.status_code, answer.text, sorted({name for name, _ in answer.headers}), answer.location))
    assert told[0] == told[1]


@pytest.mark.parametrize("email", ["oscar@organizers.example", "stranger@elsewhere.example"])
def test_asking_too_often_is_429_with_retry_after_in_words(
    email: str, visitor: Any, organizer: Person, clock: FrozenClock
) -> None:
    for _ in range(FORGOTTEN.tries):
        ask(visitor, email)
    clock.advance(minutes=5)
    answer = visitor.submit("/forgotten", {"email": email})
    assert (answer.status_code, answer.headers["Retry-After"], error_code(answer)) == (429, "600", ["RATE_LIMITED"])
    assert "Too many links were asked for." in words(answer)
    assert "Wait 10 minutes" in words(answer)
    assert f'value="{email}"' in answer.text


def test_what_is_no_address_is_told_and_stays_in_the_form(visitor: Any) -> None:
    answer = visitor.submit("/forgotten", {"email": "<b>oscar"})
    assert (answer.status_code, error_code(answer)) == (400, ["INVALID_INPUT"])
    assert 'value="&lt;b&gt;oscar"' in answer.text


def test_it_wants_a_token_of_its_own_form(visitor: Any, organizer: Person, count: Any) -> None:
    answer = visitor.post("/forgotten", data={"email": organizer.email})
    assert (answer.status_code, error_code(answer), count(AccountMail)) == (403, ["CSRF_FAILED"], 0)


# A mailed link


@pytest.fixture
def path(organizer: Person, visitor: Any, deliver: Any, provider: Recording) -> str:
    """The path of a link that arrived after somebody forgot the password."""
    ask(visitor, organizer.email)
    deliver()
    return link_in(provider.mails[0].data)[0]


def test_opening_a_mailed_link_spends_nothing_and_the_button_signs_in(
    path: str, visitor: Any, organizer: Person, rows: Any, row: Any, app: Flask
) -> None:
    for scanner in (app.test_client(), app.test_client()):
        page = scanner.get(path, headers={"Accept": "text/html"})
        assert (page.status_code, "Sign in as Oscar Organizer" in page.text) == (200, True)
    assert scanner.open(path, method="HEAD").status_code == 204
    assert (row(SignInLink).used_at, rows(LoginSession)) == (None, [])
    answer = visitor.submit(path)
    assert (answer.status_code, answer.location) == (303, "/admin/account")
    account = visitor.get("/admin/account")
    assert "You came in by a one-time link" in account.text
    visitor.submit("/admin/account/password", {"password": "another long password"})
    browser = app.test_client()
    assert isinstance(browser, Client)
    assert browser.submit("/sign-in", {"email": organizer.email, "password": "another long password"}).location


def test_a_mailed_link_works_once_and_a_second_press_says_so(path: str, visitor: Any, app: Flask, rows: Any) -> None:
    second = app.test_client()
    page = second.get(path, headers={"Accept": "text/html"})
    visitor.submit(path)
    again = second.post(path, data={"csrf_token": csrf_token_in(page)}, headers={"Accept": "text/html"})
    assert (again.status_code, error_code(again)) == (403, ["LINK_EXPIRED"])
    assert visitor.get(path).location == "/admin/account", "whom it signed in is there already"
    assert error_code(second.get(path, headers={"Accept": "text/html"})) == ["LINK_EXPIRED"]
    assert len(rows(LoginSession)) == 1


def test_the_button_of_a_mailed_link_wants_the_token_of_its_form(path: str, visitor: Any, row: Any) -> None:
    answer = visitor.post(path)
    assert (answer.status_code, error_code(answer)) == (403, ["CSRF_FAILED"])
    assert row(SignInLink).used_at is None
