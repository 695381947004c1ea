"""Who is here, as what, and who no longer is."""

from typing import Any

import pytest

from eventmail.db import transaction
from eventmail.domain.people import accounts, api_tokens, colleagues, invitations, sessions, sign_in_links, users
from eventmail.errors import BadCredentials, LastOwner, LinkExpired, NotFound, RoleTooLow
from eventmail.models import AuditEntry, Event, EventMember, Invitation, User
from eventmail.models.account import Role
from tests.support import seeding
from tests.support.seeding import PASSWORD, Person, acting
from tests.support.time import FrozenClock


@pytest.fixture
def second(add_person: Any) -> Person:
    found: Person = add_person("Ove Owner", "ove@organizers.example", Role.OWNER)
    return found


def signed_in(session: str) -> bool:
    return sessions.find(session, acting().now) is not None


def role_of(person: Person, row: Any) -> str:
    found: str = row(User, User.id == person.id).role
    return found


def test_a_role_changes_and_the_sessions_begin_anew(owner: Person, organizer: Person, row: Any) -> None:
    session, token = accounts.sign_in(organizer.email, PASSWORD, acting()), seeding.add_api_token(organizer)
    colleagues.change_role(organizer.id, Role.OWNER, acting(owner))
    assert role_of(organizer, row) == Role.OWNER
    assert not signed_in(session)
    bearer = api_tokens.find(token, acting().now)
    assert bearer
    assert bearer.user.role == Role.OWNER


def test_the_same_role_again_signs_nobody_out(owner: Person, organizer: Person) -> None:
    session = accounts.sign_in(organizer.email, PASSWORD, acting())
    colleagues.change_role(organizer.id, Role.ORGANIZER, acting(owner))
    assert signed_in(session)


def test_the_last_owner_stays_one(owner: Person, organizer: Person, row: Any) -> None:
    session = accounts.sign_in(owner.email, PASSWORD, acting())
    with pytest.raises(LastOwner):
        colleagues.change_role(owner.id, Role.ORGANIZER, acting(owner))
    with pytest.raises(LastOwner):
        colleagues.remove(owner.id, acting(owner))
    assert role_of(owner, row) == Role.OWNER
    assert signed_in(session)


def test_a_removed_owner_does_not_count_as_another(owner: Person, second: Person, row: Any) -> None:
    colleagues.remove(second.id, acting(owner))
    with pytest.raises(LastOwner):
        colleagues.remove(owner.id, acting(owner))
    assert row(User, User.removed_at.is_(None)).id == owner.id


def test_one_of_two_owners_may_go(owner: Person, second: Person, row: Any) -> None:
    colleagues.remove(owner.id, acting(owner))
    assert users.find(owner.email) is None


def test_everything_that_lets_somebody_in_ends_when_they_are_removed(owner: Person, organizer: Person) -> None:
    session, link = (
        accounts.sign_in(organizer.email, PASSWORD, acting()),
        sign_in_links.issue(organizer.email, acting()),
    )
    token = seeding.add_api_token(organizer)
    colleagues.remove(organizer.id, acting(owner))
    assert not signed_in(session)
    assert api_tokens.find(token, acting().now) is None
    with pytest.raises(LinkExpired):
        sign_in_links.open_(link, acting())
    with pytest.raises(BadCredentials):
        accounts.sign_in(organizer.email, PASSWORD, acting())
    with pytest.raises(NotFound):
        sign_in_links.issue(organizer.email, acting())
    with pytest.raises(NotFound):
        colleagues.issue_link(organizer.id, acting(owner))


@pytest.mark.parametrize("left", ["session", "token", "link", "password"])
def test_nothing_lets_in_who_is_removed_whatever_row_was_left_over(
    owner: Person, organizer: Person, clock: FrozenClock, left: str
) -> None:
    session, link = (
        accounts.sign_in(organizer.email, PASSWORD, acting()),
        sign_in_links.issue(organizer.email, acting()),
    )
    token = seeding.add_api_token(organizer)
    with transaction() as tx:
        tx.get_one(User, organizer.id).removed_at = clock.now()
    if left == "session":
        assert not signed_in(session)
    elif left == "token":
        assert api_tokens.find(token, acting().now) is None
    elif left == "link":
        with pytest.raises(LinkExpired):
            sign_in_links.open_(link, acting())
    else:
        with pytest.raises(BadCredentials):
            accounts.sign_in(organizer.email, PASSWORD, acting())


def test_a_token_and_a_link_do_not_come_back_with_their_person(owner: Person, organizer: Person) -> None:
    token, link = seeding.add_api_token(organizer), sign_in_links.issue(organizer.email, acting())
    session = accounts.sign_in(organizer.email, PASSWORD, acting())
    colleagues.remove(organizer.id, acting(owner))
    made = invitations.invite(organizer.email, Role.ORGANIZER, acting(owner))
    invitations.accept(made.token, name="Oscar", password="another long password", by=acting())
    assert api_tokens.find(token, acting().now) is None
    assert not signed_in(session)
    with pytest.raises(LinkExpired):
        sign_in_links.open_(link, acting())
    with pytest.raises(BadCredentials):
        accounts.sign_in(organizer.email, PASSWORD, acting())


def test_what_a_removed_colleague_made_stays_under_their_name(
    owner: Person, organizer: Person, event_id: int, row: Any, rows: Any
) -> None:
    colleagues.remove(organizer.id, acting(owner))
    assert row(Event).created_by == organizer.id
    made = [entry for entry in rows(AuditEntry) if entry.action == "event.created"]
    assert [(entry.actor, entry.user_id) for entry in made] == [("Oscar Organizer", organizer.id)]
    assert rows(AuditEntry)[-1].detail == {
        "name": "Oscar Organizer", "email": "oscar@organizers.example", "role": "organizer", "sessions": 0, "tokens": 0,
    }  # fmt: skip


def test_removal_takes_memberships_and_invitations_nobody_opened(
    owner: Person, second: Person, event_id: int, count: Any, row: Any
) -> None:
    seeding.add_member(event_id, second)
    for inviter, email in ((second, "eve@organizers.example"), (owner, "ada@organizers.example")):
        invitations.invite(email, Role.ORGANIZER, acting(inviter))
    colleagues.remove(second.id, acting(owner))
    assert count(EventMember) == 0
    assert row(Invitation).email == "ada@organizers.example"


def test_only_an_owner_changes_people(owner: Person, organizer: Person, second: Person, row: Any) -> None:
    for by in (acting(organizer), acting()):
        for act in (
            colleagues.remove,
            colleagues.issue_link,
            lambda who, by: colleagues.change_role(who, Role.ORGANIZER, by),
        ):
            with pytest.raises(RoleTooLow):
                act(second.id, by)
    assert (role_of(second, row), row(User, User.id == second.id).removed_at) == (Role.OWNER, None)


def test_who_was_removed_or_demoted_a_moment_ago_changes_nothing_more(
    owner: Person, second: Person, organizer: Person, row: Any
) -> None:
    colleagues.remove(second.id, acting(owner))
    with pytest.raises(RoleTooLow):
        colleagues.remove(owner.id, acting(second))
    assert row(User, User.id == owner.id).removed_at is None


def test_who_is_gone_cannot_be_removed_again(owner: Person, organizer: Person) -> None:
    colleagues.remove(organizer.id, acting(owner))
    for act in (colleagues.remove, lambda who, by: colleagues.change_role(who, Role.OWNER, by)):
        with pytest.raises(NotFound):
            act(organizer.id, acting(owner))
    with pytest.raises(NotFound):
        colleagues.find(organizer.id)


def test_a_sign_in_link_by_an_owner_ends_the_earlier_one_and_is_in_the_log(
    owner: Person, organizer: Person, rows: Any
) -> None:
    first, second = (colleagues.issue_link(organizer.id, acting(owner)) for _ in range(2))
    with pytest.raises(LinkExpired):
        sign_in_links.open_(first, acting())
    assert signed_in(sign_in_links.open_(second, acting()))
    issued = [entry for entry in rows(AuditEntry) if entry.action == "sign_in_link.issued"]
    assert [(entry.actor, entry.subject) for entry in issued] == [("Olive Owner", f"user:{organizer.id}")] * 2


def test_the_list_is_by_name_owners_first_without_who_left(
    owner: Person, organizer: Person, add_person: Any, clock: FrozenClock, count_queries: Any
) -> None:
    with count_queries() as two:
        colleagues.listed(page=1, size=50)
    accounts.sign_in(organizer.email, PASSWORD, acting())
    gone = add_person("Gone", "gone@organizers.example")
    colleagues.remove(gone.id, acting(owner))
    add_person("ada", "ada@organizers.example")
    with count_queries() as four:
        page = colleagues.listed(page=1, size=50)
    assert [(row.name, row.seen_at) for row in page.items] == [
        ("Olive Owner", None), ("ada", None), ("Oscar Organizer", clock.now()),
    ]  # fmt: skip
    assert (len(two), len(four)) == (3, 3)


def test_the_demo_brings_its_own_people_back(owner: Person, add_person: Any) -> None:
    again = add_person("Oscar", "again@organizers.example")
    colleagues.remove(again.id, acting(owner))
    back = seeding.add_person("Oscar Back", "again@organizers.example")
    assert back.id == again.id
