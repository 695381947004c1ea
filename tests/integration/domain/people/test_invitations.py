"""An owner invites, somebody joins, once."""

from datetime import timedelta
from typing import Any

import pytest

from eventmail import signing
from eventmail.domain.people import accounts, colleagues, invitations, sessions
from eventmail.errors import AlreadyRegistered, InvalidInput, LinkExpired, NotFound, RateLimited, RoleTooLow
from eventmail.models import AuditEntry, Invitation, User
from eventmail.models.account import Role
from tests.support.seeding import PASSWORD, Person, acting, by_link
from tests.support.time import FrozenClock

ADA = "Ada@organizers.example"


def accept(token: str, name: str = "Ada Lovelace", password: str = PASSWORD) -> str:
    return invitations.accept(token, name=name, password=password, by=acting())


def who(session: str) -> tuple[str, str, str] | None:
    found = sessions.find(session, acting().now)
    return (found.user.name, found.user.email, found.user.role) if found else None


@pytest.mark.parametrize("role", Role)
def test_whoever_opens_an_invitation_joins_with_its_address_and_role(owner: Person, role: Role, count: Any) -> None:
    made = invitations.invite(ADA, role, acting(owner))
    session = accept(made.token)
    assert who(session) == ("Ada Lovelace", ADA, role)
    assert who(accounts.sign_in(ADA, PASSWORD, acting())) == ("Ada Lovelace", ADA, role)
    assert count(Invitation) == 0


def test_an_invitation_works_once(owner: Person, count: Any) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    accept(made.token)
    with pytest.raises(LinkExpired):
        accept(made.token, name="Eve")
    assert count(User) == 2


def test_an_invitation_works_for_seven_days(owner: Person, clock: FrozenClock) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    clock.advance(days=7)
    with pytest.raises(LinkExpired):
        accept(made.token)
    assert [row.email for row in invitations.pending()] == [ADA]
    clock.advance(seconds=-1)
    assert accept(made.token)


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [(" \x00", PASSWORD, "name"), ("A" * 101, PASSWORD, "name"), ("Ada", "x", "password")],
)
def test_a_form_that_needs_a_correction_leaves_the_invitation_good(
    owner: Person, name: str, password: str, field: str
) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    with pytest.raises(InvalidInput) as refused:
        accept(made.token, name, password)
    assert [error.field for error in refused.value.fields] == [field]
    assert accept(made.token)


def test_a_second_invitation_to_one_mailbox_replaces_the_first(owner: Person, row: Any) -> None:
    first = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    second = invitations.invite(ADA.upper(), Role.OWNER, acting(owner))
    assert row(Invitation).role == Role.OWNER
    with pytest.raises(LinkExpired):
        accept(first.token)
    assert accept(second.token)


def test_an_invitation_that_is_taken_back_opens_nothing(owner: Person, count: Any) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    invitations.revoke(made.id, acting(owner))
    with pytest.raises(LinkExpired):
        accept(made.token)
    with pytest.raises(NotFound):
        invitations.revoke(made.id, acting(owner))
    assert count(User) == 1


def test_only_an_owner_invites_and_takes_back(owner: Person, organizer: Person, count: Any) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    for by in (acting(organizer), acting()):
        with pytest.raises(RoleTooLow):
            invitations.invite("eve@organizers.example", Role.OWNER, by)
        with pytest.raises(RoleTooLow):
            invitations.revoke(made.id, by)
    assert count(Invitation) == 1


def test_a_colleague_is_not_invited_again(owner: Person, organizer: Person, count: Any) -> None:
    with pytest.raises(AlreadyRegistered) as refused:
        invitations.invite(organizer.email.upper(), Role.OWNER, acting(owner))
    assert [error.field for error in refused.value.fields] == ["email"]
    assert count(Invitation) == 0


def test_an_address_that_somebody_took_meanwhile_is_not_theirs_twice(
    owner: Person, organizer: Person, row: Any
) -> None:
    made = invitations.invite(ADA, Role.OWNER, acting(owner))
    accounts.edit(by_link(organizer), "Oscar", ADA, acting(organizer))
    with pytest.raises(AlreadyRegistered):
        accept(made.token)
    assert row(User, User.address == ADA.lower()).id == organizer.id


def test_who_was_removed_comes_back_as_the_same_person_with_nothing_old_that_lets_in(
    owner: Person, organizer: Person
) -> None:
    old = accounts.sign_in(organizer.email, PASSWORD, acting())
    colleagues.remove(organizer.id, acting(owner))
    made = invitations.invite(organizer.email, Role.OWNER, acting(owner))
    session = accept(made.token, "Oscar Again", "another long password")
    found = sessions.find(session, acting().now)
    assert found
    assert (found.user.id, found.user.name, found.user.role) == (organizer.id, "Oscar Again", Role.OWNER)
    assert who(old) is None
    assert accounts.sign_in(organizer.email, "another long password", acting())


def test_the_list_names_who_invited_whom_without_the_token(owner: Person, rows: Any) -> None:
    made = invitations.invite(ADA, Role.ORGANIZER, acting(owner))
    assert [(row.email, row.role, row.inviter, row.expires_at - row.created_at) for row in invitations.pending()] == [
        (ADA, "organizer", "Olive Owner", timedelta(days=7))
    ]
    assert [row.token_hash for row in rows(Invitation)] == [signing.hashed(made.token)]
    assert [(entry.action, entry.detail) for entry in rows(AuditEntry)][-1] == (
        "invitation.made", {"email": ADA, "role": "organizer"},
    )  # fmt: skip


@pytest.mark.parametrize("token", ["", "x", "\udcff"])
def test_a_made_up_invitation_opens_nothing(owner: Person, token: str) -> None:
    with pytest.raises((LinkExpired, RateLimited)):
        accept(token)
