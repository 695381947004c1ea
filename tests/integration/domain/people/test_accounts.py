"""What lets a person in works once, or until it is taken back."""

import sqlite3
from typing import Any

import pytest

from eventmail import signing
from eventmail.db import transaction
from eventmail.domain.people import accounts, api_tokens, sessions, sign_in_links
from eventmail.errors import AlreadyRegistered, BadCredentials, InvalidInput, LinkExpired, NotFound
from eventmail.models import ApiToken, AuditEntry, LoginSession, SignInLink, User
from eventmail.models.account import Role
from eventmail.settings import Settings
from tests.support.seeding import PASSWORD, Person, acting, add_api_token, by_link
from tests.support.time import FrozenClock

ADA: dict[str, Any] = {"name": "Ada Lovelace", "email": "Ada@Organizers.example", "password": PASSWORD}


def who(token: str) -> str | None:
    found = sessions.find(token, acting().now)
    return found.user.email if found else None


def test_a_sign_in_link_works_once(organizer: Person) -> None:
    token = sign_in_links.issue(organizer.email, acting())
    assert who(sign_in_links.open_(token, acting())) == organizer.email
    with pytest.raises(LinkExpired):
        sign_in_links.open_(token, acting())


def test_a_sign_in_link_finds_the_address_however_it_is_typed(organizer: Person) -> None:
    token = sign_in_links.issue(f"  {organizer.email.upper()} ", acting())
    assert who(sign_in_links.open_(token, acting())) == organizer.email


def test_a_sign_in_link_ends_after_an_hour(organizer: Person, clock: FrozenClock) -> None:
    first = sign_in_links.issue(organizer.email, acting())
    clock.advance(minutes=59, seconds=59)
    sign_in_links.open_(first, acting())
    second = sign_in_links.issue(organizer.email, acting())
    clock.advance(hours=1)
    with pytest.raises(LinkExpired):
        sign_in_links.open_(second, acting())


def test_a_new_sign_in_link_ends_the_earlier_one(organizer: Person, owner: Person) -> None:
    first, others = sign_in_links.issue(organizer.email, acting()), sign_in_links.issue(owner.email, acting())
    second = sign_in_links.issue(organizer.email, acting())
    with pytest.raises(LinkExpired):
        sign_in_links.open_(first, acting())
    assert who(sign_in_links.open_(second, acting())) == organizer.email
    assert who(sign_in_links.open_(others, acting())) == owner.email


def test_a_stranger_gets_no_sign_in_link(count: Any) -> None:
    with pytest.raises(NotFound, match=r"Nobody here has the address x@organizers\.example\."):
        sign_in_links.issue("x@organizers.example", acting())
    assert count(SignInLink) == 0


@pytest.mark.parametrize("token", ["", "x", "\udcff"])
def test_a_made_up_link_opens_nothing(token: str, organizer: Person) -> None:
    with pytest.raises(LinkExpired):
        sign_in_links.open_(token, acting())


def test_the_first_link_makes_its_opener_the_owner(row: Any) -> None:
    token = sign_in_links.issue_first(acting()) or ""
    assert sign_in_links.is_first(token, acting())
    session = accounts.become_owner(token, **ADA, by=acting())
    user = row(User)
    assert (user.name, user.email, user.address, user.role) == (
        "Ada Lovelace", "Ada@Organizers.example", "ada@organizers.example", Role.OWNER,
    )  # fmt: skip
    assert who(session) == "Ada@Organizers.example"
    assert who(accounts.sign_in("ada@organizers.example", PASSWORD, acting())) == "Ada@Organizers.example"


def test_the_first_link_is_of_no_use_to_open_link() -> None:
    token = sign_in_links.issue_first(acting()) or ""
    with pytest.raises(LinkExpired):
        sign_in_links.open_(token, acting())
    assert sign_in_links.is_first(token, acting())


def test_there_is_one_first_owner(count: Any) -> None:
    first, second = sign_in_links.issue_first(acting()) or "", sign_in_links.issue_first(acting()) or ""
    accounts.become_owner(first, **ADA, by=acting())
    with pytest.raises(AlreadyRegistered):
        accounts.become_owner(second, **{**ADA, "email": "eve@organizers.example"}, by=acting())
    assert count(User) == 1
    assert sign_in_links.issue_first(acting()) is None


def test_C4_a_name_turns_and_hides_nothing_around_it(organizer: Person, row: Any) -> None:
    accounts.edit(by_link(organizer), " O\u202escar\u2066\n\u200bOrga\x00nizer ", organizer.email, acting(organizer))
    assert row(User).name == "Oscar Organizer"
    with pytest.raises(InvalidInput):
        accounts.edit(by_link(organizer), "\u202e\u200b", organizer.email, acting(organizer))


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": "  "}, "name", "REQUIRED"),
        ({"password": "x" * 11}, "password", "TOO_SHORT"),
        ({"email": "ada"}, "email", "INVALID_EMAIL"),
    ],
)
def test_a_first_form_that_needs_a_correction_leaves_the_link_good(
    change: dict[str, str], field: str, code: str, count: Any
) -> None:
    token = sign_in_links.issue_first(acting()) or ""
    with pytest.raises(InvalidInput) as refused:
        accounts.become_owner(token, **{**ADA, **change}, by=acting())
    assert [(error.field, error.code) for error in refused.value.fields] == [(field, code)]
    assert count(User) == 0
    accounts.become_owner(token, **ADA, by=acting())


def test_address_and_password_sign_in(organizer: Person) -> None:
    assert who(accounts.sign_in(organizer.email.upper(), PASSWORD, acting())) == organizer.email


@pytest.mark.parametrize(
    ("email", "password"),
    [("oscar@organizers.example", PASSWORD + "x"), ("oscar@organizers.example", ""), ("x@y.example", PASSWORD)],
)
def test_a_wrong_password_and_an_unknown_address_read_the_same(
    email: str, password: str, organizer: Person, count: Any
) -> None:
    with pytest.raises(BadCredentials) as refused:
        accounts.sign_in(email, password, acting())
    assert refused.value.detail == BadCredentials.sentence
    assert count(LoginSession) == 0


def test_a_colleague_without_a_password_cannot_use_one(organizer: Person, writing: Any) -> None:
    with writing() as tx:
        tx.get_one(User, organizer.id).password_hash = None
    for password in ("", PASSWORD, "None"):
        with pytest.raises(BadCredentials):
            accounts.sign_in(organizer.email, password, acting())


def test_signing_out_ends_this_session_and_no_other(organizer: Person) -> None:
    here, there = (accounts.sign_in(organizer.email, PASSWORD, acting()) for _ in range(2))
    sessions.sign_out(here, acting())
    sessions.sign_out(here, acting())
    assert [who(here), who(there)] == [None, organizer.email]


def test_a_session_ends_after_thirty_days(organizer: Person, clock: FrozenClock) -> None:
    token = accounts.sign_in(organizer.email, PASSWORD, acting())
    for _ in range(5):
        clock.advance(days=6)
        clock.advance(seconds=-1)
        present = sessions.find(token, clock.now())
        assert present
        sessions.seen(present, clock.now())
        clock.advance(seconds=1)
    assert who(token) is None


def test_a_token_acts_for_its_person_until_it_is_revoked(organizer: Person, clock: FrozenClock) -> None:
    token = add_api_token(organizer)
    found = api_tokens.find(token, acting().now)
    assert found is not None
    assert found.user.id == organizer.id
    with transaction() as tx:
        tx.query(ApiToken).one().revoked_at = clock.now()
    assert api_tokens.find(token, acting().now) is None


def test_a_session_is_no_token_and_a_token_is_no_session(organizer: Person) -> None:
    assert api_tokens.find(accounts.sign_in(organizer.email, PASSWORD, acting()), acting().now) is None
    assert who(add_api_token(organizer)) is None


def test_nothing_that_lets_one_in_is_kept_readable(organizer: Person, settings: Settings, rows: Any) -> None:
    link = sign_in_links.issue(organizer.email, acting())
    session = sign_in_links.open_(link, acting())
    token = add_api_token(organizer)
    with sqlite3.connect(settings.database) as connection:
        kept = "\n".join(connection.iterdump())
    assert [secret for secret in (link, session, token, PASSWORD) if secret in kept] == []
    assert [row.token_hash for model in (SignInLink, LoginSession, ApiToken) for row in rows(model)] == [
        signing.hashed(secret) for secret in (link, session, token)
    ]
    assert rows(User)[0].password_hash.startswith("$argon2id$")


def test_who_came_in_and_how_is_in_the_log(organizer: Person, rows: Any) -> None:
    sign_in_links.open_(sign_in_links.issue(organizer.email, acting()), acting(request_id="req_1"))
    entries = [(entry.actor, entry.action, entry.subject) for entry in rows(AuditEntry)]
    assert entries == [
        ("cli", "user.added", f"user:{organizer.id}"),
        ("cli", "sign_in_link.issued", f"user:{organizer.id}"),
        ("cli", "session.began", f"user:{organizer.id}"),
    ]
    assert rows(AuditEntry)[2].request_id == "req_1"
