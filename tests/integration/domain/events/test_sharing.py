"""Who sees an event, who decides it, and that nobody locks themselves out unawares."""

from typing import Any

import pytest

from eventmail.domain.events import edit, sharing
from eventmail.domain.people import colleagues
from eventmail.errors import InvalidInput, NotFound, RoleTooLow
from eventmail.models import AuditEntry, Event, EventMember
from tests.support import seeding
from tests.support.seeding import Person, acting, user


def members(rows: Any) -> list[int]:
    return sorted(member.user_id for member in rows(EventMember))


@pytest.fixture
def mia(add_person: Any) -> Person:
    return add_person("Mia Member", "mia@organizers.example")


def test_who_made_it_restricts_it_to_members(
    *, event_id: int, organizer: Person, owner: Person, mia: Person, add_person: Any, rows: Any
) -> None:
    stranger = add_person("Stan Stranger", "stan@organizers.example")
    sharing.share(event_id, {organizer.id, mia.id}, restricted=True, by=acting(organizer))
    for person in (organizer, mia, owner):
        assert edit.visible(event_id, user(person)).id == event_id
    with pytest.raises(NotFound):
        edit.visible(event_id, user(stranger))
    entry = rows(AuditEntry)[-1]
    assert (entry.actor, entry.action, entry.event_id, entry.detail) == (
        organizer.name, "event.shared", event_id,
        {
            "before": {"restricted": False, "members": []},
            "after": {"restricted": True, "members": ["Mia Member", "Oscar Organizer"]},
        },
    )  # fmt: skip


def test_an_owner_may_restrict_it_and_keeps_seeing_it(event_id: int, owner: Person, mia: Person, row: Any) -> None:
    sharing.share(event_id, {mia.id}, restricted=True, by=acting(owner))
    assert row(Event).restricted
    assert edit.visible(event_id, user(owner)).id == event_id


def test_nobody_else_decides_not_even_a_member(
    *, event_id: int, organizer: Person, mia: Person, rows: Any, count: Any
) -> None:
    sharing.share(event_id, {organizer.id, mia.id}, restricted=True, by=acting(organizer))
    logged = count(AuditEntry)
    with pytest.raises(RoleTooLow, match="Only an owner, or whoever made this event"):
        sharing.share(event_id, {mia.id}, restricted=False, by=acting(mia))
    assert (members(rows), rows(Event)[0].restricted, count(AuditEntry)) == ([organizer.id, mia.id], True, logged)


def test_one_cannot_lock_oneself_out_without_a_word(event_id: int, organizer: Person, mia: Person, rows: Any) -> None:
    with pytest.raises(InvalidInput, match="you would not see this event any more") as refused:
        sharing.share(event_id, {mia.id}, restricted=True, by=acting(organizer))
    assert [(error.field, error.code) for error in refused.value.fields] == [("without_me", "LOCKS_YOU_OUT")]
    assert (members(rows), rows(Event)[0].restricted) == ([], False)
    sharing.share(event_id, {mia.id}, restricted=True, by=acting(organizer), without_me=True)
    with pytest.raises(NotFound):
        edit.visible(event_id, user(organizer))


def test_members_are_added_and_taken_off(event_id: int, organizer: Person, mia: Person, rows: Any) -> None:
    sharing.share(event_id, {organizer.id, mia.id}, restricted=True, by=acting(organizer))
    sharing.share(event_id, {organizer.id}, restricted=True, by=acting(organizer))
    assert members(rows) == [organizer.id]
    with pytest.raises(NotFound):
        edit.visible(event_id, user(mia))


def test_opening_an_event_keeps_its_members_for_the_next_time(
    event_id: int, organizer: Person, mia: Person, rows: Any
) -> None:
    both = {organizer.id, mia.id}
    sharing.share(event_id, both, restricted=True, by=acting(organizer))
    sharing.share(event_id, both, restricted=False, by=acting(organizer))
    assert (members(rows), rows(Event)[0].restricted) == (sorted(both), False)


def test_somebody_who_is_no_colleague_is_refused(
    *, event_id: int, organizer: Person, owner: Person, mia: Person, rows: Any
) -> None:
    colleagues.remove(mia.id, acting(owner))
    for nobody in (mia.id, 999_999, 0):
        with pytest.raises(InvalidInput, match="do not belong to the team any more"):
            sharing.share(event_id, {organizer.id, nobody}, restricted=True, by=acting(organizer))
    assert (members(rows), rows(Event)[0].restricted) == ([], False)


def test_saving_what_is_there_already_is_no_change(event_id: int, organizer: Person, count: Any) -> None:
    sharing.share(event_id, {organizer.id}, restricted=True, by=acting(organizer))
    logged = count(AuditEntry)
    sharing.share(event_id, {organizer.id}, restricted=True, by=acting(organizer))
    assert count(AuditEntry) == logged


def test_the_team_is_listed_by_name_in_one_query(
    *, event_id: int, organizer: Person, owner: Person, mia: Person, count_queries: Any
) -> None:
    seeding.add_member(event_id, mia)
    with count_queries() as queries:
        team = sharing.colleagues(event_id)
    assert len(queries) == 1
    assert [(one.user.name, one.member, one.owner) for one in team] == [
        ("Mia Member", True, False), ("Olive Owner", False, True), ("Oscar Organizer", False, False),
    ]  # fmt: skip
