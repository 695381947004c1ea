"""One's own account: name, address, password, browsers, tokens."""

import re
from typing import Any

import pytest
from flask import Flask

from eventmail.models import AccountMail, ApiToken, LoginSession, User
from tests.support.seeding import PASSWORD, Person
from tests.support.time import FrozenClock
from tests.support.web import Client, error_code, signed_in

ACCOUNT = "/admin/account"
JSON = {"Accept": "application/json"}
NEW = "another long password"


@pytest.fixture
def other(client_for: Any, organizer: Person) -> Client:
    """A second browser of the same person."""
    made: Client = client_for(organizer)
    return made


def test_name_and_address_are_saved(client: Any, row: Any) -> None:
    answer = client.submit(ACCOUNT, {"name": "Os & Car", "email": "oscar@new.example"})
    assert (answer.status_code, answer.location) == (303, ACCOUNT)
    page = client.get(ACCOUNT).text
    assert "Your name and address are saved." in page
    assert 'value="Os &amp; Car"' in page
    assert (row(User).name, row(User).address) == ("Os & Car", "oscar@new.example")


def test_without_a_mail_service_the_page_says_that_the_old_address_is_not_told(client: Any, count: Any) -> None:
    client.submit(ACCOUNT, {"name": "Oscar Organizer", "email": "oscar@new.example"})
    said = "oscar@organizers.example is not told by mail, since none can leave from here now; the log has it."
    assert said in client.get(ACCOUNT).text
    assert count(AccountMail) == 0


def test_an_address_that_is_taken_keeps_what_was_typed(client: Any, owner: Person, rows: Any) -> None:
    answer = client.submit(ACCOUNT, {"name": "Os", "email": owner.email})
    assert (answer.status_code, error_code(answer)) == (409, ["ALREADY_REGISTERED"])
    assert 'value="Os"' in answer.text
    assert [row.name for row in rows(User)] == ["Oscar Organizer", "Olive Owner"]


def test_S14_the_mail_about_scheduled_messages_is_on_and_can_be_switched_off_and_on(
    client: Any, api: Any, row: Any
) -> None:
    def look() -> tuple[bool, Any, bool]:
        box = re.search(r'<input type="checkbox" id="result_mails-yes"[^>]*>', client.get(ACCOUNT).text)
        assert box
        return " checked" in box[0], api.get(ACCOUNT).json["result_mails"], row(User).result_mails

    assert look() == (True, True, True)
    off = client.submit(f"{ACCOUNT}/mails", {})
    assert (off.status_code, off.location) == (303, ACCOUNT)
    assert "No mail tells you any more how your scheduled messages went." in client.get(ACCOUNT).text
    assert look() == (False, False, False)
    client.submit(f"{ACCOUNT}/mails", {"result_mails": "yes"})
    assert "A mail tells you how your scheduled messages went." in client.get(ACCOUNT).text
    assert look() == (True, True, True)


def test_saving_name_and_address_leaves_the_switch_of_the_mails_alone(client: Any, row: Any) -> None:
    client.submit(f"{ACCOUNT}/mails", {})
    client.submit(ACCOUNT, {"name": "Os", "email": "oscar@organizers.example"})
    assert (row(User).name, row(User).result_mails) == ("Os", False)


def test_the_log_says_in_words_who_switched_these_mails_off(client: Any, client_for: Any, owner: Person) -> None:
    client.submit(f"{ACCOUNT}/mails", {})
    page = client_for(owner).get("/admin/audit").text
    assert "changed which mails go to" in page
    assert '<p>A mail how scheduled messages went: <del dir="auto">yes</del> <ins dir="auto">no</ins></p>' in page


@pytest.fixture
def typed_in(app: Flask, visitor: Any, organizer: Person) -> Client:
    """A browser that signed in with the password."""
    visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD})
    return visitor


def test_a_new_password_asks_for_the_old_and_signs_out_everywhere_else(typed_in: Any, other: Any) -> None:
    wrong = typed_in.submit(f"{ACCOUNT}/password", {"old_password": "not it", "password": NEW})
    assert (wrong.status_code, error_code(wrong)) == (400, ["INVALID_INPUT"])
    assert "This is not your password. Nothing was changed." in wrong.text
    assert "not it" not in wrong.text
    assert signed_in(other)
    with typed_in.session_transaction() as session:
        before = session["session_token"]
    done = typed_in.submit(f"{ACCOUNT}/password", {"old_password": PASSWORD, "password": NEW})
    assert (done.status_code, done.location) == (303, ACCOUNT)
    assert (signed_in(typed_in), signed_in(other)) == (True, False)
    with typed_in.session_transaction() as session:
        assert session["session_token"] != before


def test_browsers_are_listed_in_words_with_this_one_marked(app: Flask, visitor: Any, organizer: Person) -> None:
    firefox = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; rv:141.0) Gecko/20100101 Firefox/141.0"}
    token = visitor.csrf_token()
    visitor.post(
        "/sign-in", data={"csrf_token": token, "email": organizer.email, "password": PASSWORD}, headers=firefox
    )
    listed = visitor.get(ACCOUNT, headers=JSON).json
    assert [(row["device"], row["current"]) for row in listed["sessions"]] == [("Firefox on Windows", True)]
    page = visitor.get(ACCOUNT).text
    assert "Firefox on Windows" in page
    assert "This one" in page
    assert "Sign out everywhere else" not in page


def test_another_browser_is_signed_out_from_here(client: Any, other: Any) -> None:
    theirs = next(row for row in client.get(ACCOUNT, headers=JSON).json["sessions"] if not row["current"])
    answer = client.submit(f"{ACCOUNT}/sessions/{theirs['id']}/end")
    assert answer.location == ACCOUNT
    assert (signed_in(client), signed_in(other)) == (True, False)
    assert client.submit(f"{ACCOUNT}/sessions/{theirs['id']}/end").status_code == 404


def test_a_session_of_somebody_else_is_not_found(client: Any, client_for: Any, owner: Person, rows: Any) -> None:
    boss = client_for(owner)
    theirs = rows(LoginSession, LoginSession.user_id == owner.id)[0].id
    assert client.submit(f"{ACCOUNT}/sessions/{theirs}/end").status_code == 404
    assert signed_in(boss)


def test_signing_out_everywhere_else(client: Any, other: Any) -> None:
    client.submit(f"{ACCOUNT}/sessions/end-others")
    assert "Signed out of 1 other browser." in client.get(ACCOUNT).text
    assert (signed_in(client), signed_in(other)) == (True, False)
    client.submit(f"{ACCOUNT}/sessions/end-others")
    assert "No other browser was signed in." in client.get(ACCOUNT).text


def test_signing_in_again_ends_the_session_this_browser_had(client: Any, organizer: Person, rows: Any) -> None:
    client.submit("/sign-in", {"email": organizer.email, "password": PASSWORD})
    assert [row.revoked_at is None for row in rows(LoginSession)] == [False, True]


def token_in(page: str) -> str | None:
    found = re.search(r'data-test="new-token-text">([^<]+)<', page)
    return found and found[1]


def test_a_token_is_shown_once_works_and_is_taken_back(client: Any, visitor: Any, row: Any) -> None:
    answer = client.submit(f"{ACCOUNT}/tokens", {"name": "<b>export</b>"})
    assert (answer.status_code, answer.location) == (303, f"{ACCOUNT}#tokens")
    token = token_in(client.get(ACCOUNT).text)
    page = client.get(ACCOUNT).text
    assert token is not None
    assert token_in(page) is None
    assert "&lt;b&gt;export&lt;/b&gt;" in page
    assert "Never" in page
    bearer = {"Authorization": f"Bearer {token}"}
    assert visitor.get("/admin/events", headers={**bearer, **JSON}).status_code == 200
    assert row(ApiToken).used_at is not None
    client.submit(f"{ACCOUNT}/tokens/{row(ApiToken).id}/revocation")
    assert visitor.get("/admin/events", headers={**bearer, **JSON}).status_code == 401
    assert "No tokens" in client.get(ACCOUNT).text


def test_a_token_without_a_name_is_not_made(client: Any, count: Any) -> None:
    answer = client.submit(f"{ACCOUNT}/tokens", {"name": "  "})
    assert (answer.status_code, error_code(answer)) == (400, ["INVALID_INPUT"])
    assert count(ApiToken) == 0


def test_a_token_of_somebody_else_is_not_found(client: Any, api_for: Any, owner: Person, row: Any) -> None:
    api = api_for(owner)
    assert client.submit(f"{ACCOUNT}/tokens/{row(ApiToken).id}/revocation").status_code == 404
    assert api.get(ACCOUNT).json["email"] == owner.email


def test_a_token_cannot_change_who_gets_in(api: Any, client: Any, rows: Any, row: Any) -> None:
    session_id, token_id = row(LoginSession).id, row(ApiToken).id
    for path, body in (
        ("", {"name": "Eve", "email": "eve@x.example"}),
        ("/password", {"password": NEW}),
        (f"/sessions/{session_id}/end", {}),
        ("/sessions/end-others", {}),
        ("/tokens", {"name": "mine"}),
        (f"/tokens/{token_id}/revocation", {}),
    ):
        answer = api.post(ACCOUNT + path, json=body)
        assert (path, answer.status_code, answer.json["code"]) == (path, 403, "NOT_BY_TOKEN")
    assert signed_in(client)
    assert [(item.name, item.revoked_at) for item in rows(ApiToken)] == [("tests", None)]
    assert row(User).name == "Oscar Organizer"
    assert [item["current"] for item in api.get(ACCOUNT).json["sessions"]] == [False]


def test_looking_notes_that_one_was_here_once_a_minute(client: Any, clock: FrozenClock, row: Any) -> None:
    clock.advance(seconds=61)
    seen = clock.now()
    client.get(ACCOUNT)
    clock.advance(seconds=30)
    client.get(ACCOUNT)
    assert row(LoginSession).seen_at == seen


def test_the_page_asks_as_much_for_three_as_for_one(
    client: Any, client_for: Any, organizer: Person, count_queries: Any
) -> None:
    client.submit(f"{ACCOUNT}/tokens", {"name": "one"})
    client.get(ACCOUNT)
    with count_queries() as few:
        client.get(ACCOUNT)
    for n in range(3):
        client_for(organizer)
        client.submit(f"{ACCOUNT}/tokens", {"name": f"token {n}"})
    client.get(ACCOUNT)
    with count_queries() as many:
        client.get(ACCOUNT)
    assert len(few) == len(many)
