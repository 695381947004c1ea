"""A new password, a new name, a new address."""

import importlib.util
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import extract_parameters

from eventmail.domain.people import accounts, passwords, sessions, sign_in_links
from eventmail.domain.people.throttle import CONFIRM
from eventmail.errors import AlreadyRegistered, BadCredentials, InvalidInput, LinkExpired, NotSignedIn, RateLimited
from eventmail.models import AuditEntry, User
from tests.support.seeding import PASSWORD, Person, acting, by_link
from tests.support.time import FrozenClock

NEW = "another long password"


def session_id(token: str) -> int:
    found = sessions.find(token, acting().now)
    assert found
    return found.session_id


def change(person: Person, token: str, old: str = PASSWORD, new: str = NEW) -> str:
    return accounts.change_password(session_id(token), old, new, acting(person))


def test_a_new_password_replaces_the_old_one_and_ends_every_other_session_and_link(
    organizer: Person, owner: Person, rows: Any
) -> None:
    here, there = (accounts.sign_in(organizer.email, PASSWORD, acting()) for _ in range(2))
    theirs = accounts.sign_in(owner.email, PASSWORD, acting())
    link = sign_in_links.issue(organizer.email, acting())
    now = change(organizer, here)
    assert [sessions.find(token, acting().now) is None for token in (here, there, theirs, now)] == [
        True, True, False, False,
    ]  # fmt: skip
    with pytest.raises(LinkExpired):
        sign_in_links.open_(link, acting())
    with pytest.raises(BadCredentials):
        accounts.sign_in(organizer.email, PASSWORD, acting())
    assert accounts.sign_in(organizer.email, NEW, acting())
    assert "password.changed" in [entry.action for entry in rows(AuditEntry)]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("not it", NEW, "old_password"), ("", NEW, "old_password"), (PASSWORD, "x" * 11, "password")],
)
def test_a_wrong_old_or_a_short_new_password_changes_nothing(organizer: Person, old: str, new: str, field: str) -> None:
    token = accounts.sign_in(organizer.email, PASSWORD, acting())
    with pytest.raises(InvalidInput) as refused:
        change(organizer, token, old, new)
    assert [error.field for error in refused.value.fields] == [field]
    assert session_id(token)
    assert accounts.sign_in(organizer.email, PASSWORD, acting())


def test_the_old_password_cannot_be_tried_without_end(organizer: Person, clock: FrozenClock) -> None:
    token = accounts.sign_in(organizer.email, PASSWORD, acting())
    for _ in range(CONFIRM.tries):
        with pytest.raises(InvalidInput):
            change(organizer, token, "not it")
    with pytest.raises(RateLimited):
        change(organizer, token)


def test_who_came_by_a_one_time_link_needs_no_old_password_for_an_hour(organizer: Person, clock: FrozenClock) -> None:
    token = sign_in_links.open_(sign_in_links.issue(organizer.email, acting()), acting())
    clock.advance(minutes=59, seconds=59)
    again = change(organizer, token, old="")
    with pytest.raises(InvalidInput):  # the session it gave is one of the password again
        change(organizer, again, old="")
    late = sign_in_links.open_(sign_in_links.issue(organizer.email, acting()), acting())
    clock.advance(hours=1)
    with pytest.raises(InvalidInput):
        change(organizer, late, old="")


def test_two_changes_at_once_have_one_winner(organizer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (accounts.sign_in(organizer.email, PASSWORD, acting()) for _ in range(2))
    ids = session_id(first), session_id(second)
    hashed = passwords.hashed

    def meanwhile(password: str) -> str:
        monkeypatch.setattr(passwords, "hashed", hashed)
        accounts.change_password(ids[1], PASSWORD, "somebody was faster", acting(organizer))
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", meanwhile)
    with pytest.raises(NotSignedIn):
        accounts.change_password(ids[0], PASSWORD, NEW, acting(organizer))
    assert accounts.sign_in(organizer.email, "somebody was faster", acting())


def test_a_password_that_changes_while_it_is_checked_lets_nobody_in(
    organizer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = accounts.sign_in(organizer.email, PASSWORD, acting())
    here, matches = session_id(token), passwords.matches

    def meanwhile(stored: str | None, password: str) -> bool:
        monkeypatch.setattr(passwords, "matches", matches)
        accounts.change_password(here, PASSWORD, NEW, acting(organizer))
        return matches(stored, password)

    monkeypatch.setattr(passwords, "matches", meanwhile)
    with pytest.raises(BadCredentials):
        accounts.sign_in(organizer.email, PASSWORD, acting())


def test_an_unknown_address_costs_a_whole_password_check(organizer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(passwords, "_hasher", SimpleNamespace(verify=lambda stored, _given: checked.append(stored)))
    with pytest.raises(BadCredentials):
        accounts.sign_in("nobody@organizers.example", PASSWORD, acting())
    assert checked == [passwords._NOBODY]


def test_the_hash_that_nobody_has_costs_as_much_as_a_real_one() -> None:
    spec = importlib.util.find_spec("eventmail.domain.people.passwords")
    assert spec
    assert spec.loader
    real = importlib.util.module_from_spec(spec)  # a copy that the tests made no cheaper
    spec.loader.exec_module(real)
    assert extract_parameters(real._NOBODY) == extract_parameters(real.hashed("x"))


def test_a_name_and_an_address_change_and_sign_in_by_the_new_one(organizer: Person, rows: Any) -> None:
    accounts.edit(by_link(organizer), " Ós\x00car\n <b>O</b> ", "Oscar@new.example", acting(organizer))
    user = next(row for row in rows(User) if row.id == organizer.id)
    assert (user.name, user.email, user.address) == ("Óscar <b>O</b>", "Oscar@new.example", "oscar@new.example")
    assert accounts.sign_in("oscar@NEW.example", PASSWORD, acting())
    with pytest.raises(BadCredentials):
        accounts.sign_in(organizer.email, PASSWORD, acting())
    assert [entry.detail for entry in rows(AuditEntry) if entry.action == "user.edited"] == [
        {"before": {"name": "Oscar Organizer", "email": "oscar@organizers.example"},
         "after": {"name": "Óscar <b>O</b>", "email": "Oscar@new.example"}}
    ]  # fmt: skip


def test_an_address_of_a_colleague_cannot_be_taken(organizer: Person, owner: Person, rows: Any) -> None:
    with pytest.raises(AlreadyRegistered) as refused:
        accounts.edit(by_link(organizer), "Oscar", owner.email.upper(), acting(organizer))
    assert [error.field for error in refused.value.fields] == ["email"]
    assert sorted(row.email for row in rows(User)) == ["olive@organizers.example", "oscar@organizers.example"]


@pytest.mark.parametrize(("name", "email", "field"), [("", "o@x.example", "name"), ("Oscar", "oscar@", "email")])
def test_a_name_or_an_address_that_cannot_be_changes_nothing(
    organizer: Person, name: str, email: str, field: str, row: Any
) -> None:
    with pytest.raises(InvalidInput) as refused:
        accounts.edit(by_link(organizer), name, email, acting(organizer))
    assert [error.field for error in refused.value.fields] == [field]
    assert (row(User).name, row(User).email) == (organizer.name, organizer.email)
