"""Who is at the browser: a new address, password or token asks for the password, and the old address is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.people import account_mails, accounts, sessions, sign_in_links
from eventmail.domain.people.throttle import ACCOUNT, CONFIRM
from eventmail.models import AccountMail, ApiToken, AuditEntry, SignInLink, User
from tests.support import seeding
from tests.support.account_mail import PLACE
from tests.support.seeding import PASSWORD, Person
from tests.support.time import FrozenClock
from tests.support.web import Client, error_code, words

ACCOUNT_PAGE = "/admin/account"
MOVE = {"name": "Oscar Organizer", "email": "oscar@new.example"}
TOKEN = {"name": "export"}


@pytest.fixture
def typed_in(visitor: Client, organizer: Person) -> Client:
    """A browser that signed in with the password."""
    visitor.submit("/sign-in", {"email": organizer.email, "password": PASSWORD})
    return visitor


@pytest.mark.parametrize(("path", "form"), [("", MOVE), ("/tokens", TOKEN)])
@pytest.mark.parametrize("typed", ["", "not my password"])
def test_a_new_address_and_a_token_ask_for_the_password(
    path: str, form: dict[str, str], typed: str, typed_in: Client, row: Any, count: Any
) -> None:
    answer = typed_in.submit(ACCOUNT_PAGE + path, {**form, "current_password": typed})
    assert (answer.status_code, error_code(answer)) == (400, ["INVALID_INPUT"])
    assert ("This is not your password." if typed else "Type your password, so that nobody else") in words(answer)
    assert f'value="{form.get("email", form["name"])}"' in answer.text
    assert typed == "" or typed not in answer.text
    assert (row(User).email, count(ApiToken)) == ("oscar@organizers.example", 0)
    done = typed_in.submit(ACCOUNT_PAGE + path, {**form, "current_password": PASSWORD})
    assert done.status_code == 303


def test_a_name_alone_asks_for_no_password(typed_in: Client, row: Any) -> None:
    assert typed_in.submit(ACCOUNT_PAGE, {"name": "Os", "email": "oscar@organizers.example"}).status_code == 303
    assert row(User).name == "Os"


def test_within_an_hour_of_a_link_nothing_asks_for_the_password(client: Client, clock: FrozenClock, row: Any) -> None:
    clock.advance(minutes=59)
    assert client.submit(f"{ACCOUNT_PAGE}/tokens", TOKEN).status_code == 303
    assert "Your password" not in words(client.get(ACCOUNT_PAGE)).replace("Your password is", "")
    clock.advance(minutes=2)
    assert client.submit(ACCOUNT_PAGE, MOVE).status_code == 400
    assert row(User).email == "oscar@organizers.example"


def test_passwords_asked_for_again_are_bounded_in_a_session_and_no_strangers_tries_count(
    typed_in: Client, visitor: Client, app: Flask, organizer: Person, clock: FrozenClock
) -> None:
    stranger = app.test_client()
    assert isinstance(stranger, Client)
    for _ in range(ACCOUNT.tries + 1):
        stranger.submit("/sign-in", {"email": organizer.email, "password": "wrong"})
    for _ in range(CONFIRM.tries):
        assert typed_in.submit(f"{ACCOUNT_PAGE}/tokens", {**TOKEN, "current_password": "wrong"}).status_code == 400
    answer = typed_in.submit(f"{ACCOUNT_PAGE}/tokens", {**TOKEN, "current_password": PASSWORD})
    assert answer.status_code == 429
    assert typed_in.get(ACCOUNT_PAGE).status_code == 200


def test_the_page_says_that_a_mail_tells_the_old_address(client: Client, row: Any) -> None:
    client.submit(ACCOUNT_PAGE, MOVE)
    page = words(client.get(ACCOUNT_PAGE))
    assert "Your name and address are saved. A mail tells oscar@organizers.example." in page
    assert row(AccountMail).email == "oscar@organizers.example"


@pytest.mark.usefixtures("in_app")
def test_the_old_address_is_told_by_mail_and_links_to_it_end(organizer: Person, row: Any, rows: Any) -> None:
    by, session_id = seeding.acting(organizer), seeding.by_link(organizer)
    sign_in_links.issue(organizer.email, by)
    assert accounts.edit(session_id, "Oscar", "oscar@new.example", by, terms=PLACE) is True
    mail = row(AccountMail)
    assert (mail.kind, mail.email, mail.state) == ("address_changed", "oscar@organizers.example", "queued")
    assert [link.used_at is None for link in rows(SignInLink)] == [False, False]
    assert [entry.detail for entry in rows(AuditEntry) if entry.action == "account_mail.asked"] == [
        {"email": "oscar@organizers.example"}
    ]
    assert accounts.edit(session_id, "Oscar", "oscar@newer.example", by, terms=PLACE) is True
    assert [mail.email for mail in rows(AccountMail)] == ["oscar@organizers.example", "oscar@new.example"]
    assert account_mails.newest(AccountMail.user_id, [organizer.id]) == {}


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("email", ["Oscar@organizers.example", "oscar@organizers.example"])
def test_the_same_mailbox_is_told_nothing(email: str, organizer: Person, count: Any) -> None:
    token = accounts.sign_in(organizer.email, PASSWORD, seeding.acting())
    present = sessions.find(token, seeding.acting().now)
    assert present
    assert accounts.edit(present.session_id, "Os", email, seeding.acting(organizer), terms=PLACE) is None
    assert count(AccountMail) == 0


def test_tokens_are_offered_for_taking_back_with_a_new_password(
    client: Client, rows: Callable[..., list[Any]], visitor: Client
) -> None:
    for name in ("one", "two"):
        client.submit(f"{ACCOUNT_PAGE}/tokens", {"name": name})
    first, _ = rows(ApiToken)
    assert "Take back API tokens too?" in words(client.get(ACCOUNT_PAGE))
    client.submit(f"{ACCOUNT_PAGE}/password", {"password": "another long password", "end_tokens": str(first.id)})
    assert [(row.name, row.revoked_at is None) for row in rows(ApiToken)] == [("one", False), ("two", True)]
    assert "Your password is changed. You are signed out everywhere else. 1 token is taken back." in words(
        client.get(ACCOUNT_PAGE)
    )


def test_a_token_of_somebody_else_is_not_taken_back_and_the_password_stays(
    client: Client, api_for: Any, owner: Person, row: Any, rows: Any
) -> None:
    api_for(owner)
    before = [user.password_hash for user in rows(User)]
    answer = client.submit(
        f"{ACCOUNT_PAGE}/password", {"password": "another long password", "end_tokens": str(row(ApiToken).id)}
    )
    assert answer.status_code == 404
    assert [user.password_hash for user in rows(User)] == before
    assert row(ApiToken).revoked_at is None


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("Password1234!", "This is too easy to guess"),
        ("oscar@organizers.example", "This is made of your own name or address"),
        ("oscar organizer", "This is made of your own name or address"),
    ],
)
def test_a_common_or_own_password_is_refused_in_words(client: Client, password: str, says: str, row: Any) -> None:
    before = row(User).password_hash
    answer = client.submit(f"{ACCOUNT_PAGE}/password", {"password": password})
    assert (answer.status_code, says in words(answer)) == (400, True)
    assert row(User).password_hash == before


# Tokens


def test_a_token_that_only_reads_changes_nothing(client: Client, visitor: Client, event_id: int, row: Any) -> None:
    made = client.post(
        f"{ACCOUNT_PAGE}/tokens",
        data={"csrf_token": client.csrf_token(), "name": "look", "read_only": "yes", "days": ""},
        headers={"Accept": "application/json"},
    )
    bearer = {"Authorization": f"Bearer {made.get_json()['token']}", "Accept": "application/json"}
    assert visitor.get("/admin/events", headers=bearer).status_code == 200
    for method, path in (("POST", "/admin/events"), ("PATCH", f"/admin/events/{event_id}"),
                         ("POST", f"/admin/events/{event_id}/suppressions"),
                         ("DELETE", f"/admin/events/{event_id}/guests/1")):  # fmt: skip
        answer = visitor.open(path, method=method, json={"title": "x"}, headers=bearer)
        assert (path, answer.status_code, answer.get_json()["code"]) == (path, 403, "READ_ONLY_TOKEN")
    assert (row(ApiToken).read_only, row(ApiToken).expires_at) == (True, None)


def test_a_token_ends_on_its_day(typed_in: Client, app: Flask, clock: FrozenClock, row: Any, organizer: Person) -> None:
    form = {"name": "month", "days": "30", "current_password": PASSWORD}
    made = typed_in.post(
        f"{ACCOUNT_PAGE}/tokens",
        data={"csrf_token": typed_in.csrf_token(), **form}, headers={"Accept": "application/json"},
    )  # fmt: skip
    assert row(ApiToken).expires_at == clock.now() + timedelta(days=30)
    program = app.test_client()
    bearer = {"Authorization": f"Bearer {made.get_json()['token']}", "Accept": "application/json"}
    clock.advance(days=30)
    clock.advance(seconds=-1)
    assert program.get("/admin/events", headers=bearer).status_code == 200
    clock.advance(seconds=1)
    assert program.get("/admin/events", headers=bearer).status_code == 401


@pytest.mark.parametrize("days", ["0", "-1", "4000", "soon"])
def test_a_token_for_no_number_of_days_is_not_made(client: Client, days: str, count: Any) -> None:
    assert client.submit(f"{ACCOUNT_PAGE}/tokens", {"name": "x", "days": days}).status_code == 400
    assert count(ApiToken) == 0
