"""The list as of a moment, and who joined or left since (A4)."""

from typing import Any

import pytest

from eventmail.db import fresh, transaction
from eventmail.domain.audience import snapshots
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.guests import edit
from eventmail.errors import InvalidAudience
from eventmail.models import Snapshot, Suppression
from eventmail.states import GuestStatus
from tests.support import seeding
from tests.support.seeding import Person


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass


@pytest.fixture
def everyone(event_id: int) -> Audience:
    return Audience(event_id, (GuestStatus.CONFIRMED,), ())


def taken(audience: Audience, person: Person) -> str:
    return snapshots.freeze(audience, seeding.acting(person))


def looked(audience: Audience, token: str) -> Any:
    """The drift as the next request sees it."""
    fresh().rollback()
    return snapshots.drift(fresh(), audience, snapshots.find(audience.event_id, token))


def drift(audience: Audience, token: str) -> Any:
    found = looked(audience, token)
    return found and ([p.email for p in found.joined], [p.email for p in found.left], found.before, found.now)


def test_A4_an_audience_that_did_not_change_has_no_drift(
    everyone: Audience, add_guests: Any, organizer: Person
) -> None:
    add_guests(
        [{"email": "b@guests.example.net"}, {"email": "a@guests.example.net"}, {"email": "a@guests.example.net"}]
    )
    assert drift(everyone, taken(everyone, organizer)) is None


def test_A4_an_empty_audience_has_no_drift_until_somebody_joins(
    everyone: Audience, add_guest: Any, organizer: Person
) -> None:
    nobody = taken(everyone, organizer)
    assert drift(everyone, nobody) is None
    add_guest("a@guests.example.net")
    assert drift(everyone, nobody) == (["a@guests.example.net"], [], 0, 1)


def test_A4_joiners_and_leavers_are_named_whatever_moved_them(
    everyone: Audience, event_id: int, add_guests: Any, add_guest: Any, organizer: Person
) -> None:
    stays, declines, deleted, _, moves = add_guests(
        [{"email": f"{name}@guests.example.net", "first_name": name, "last_name": ""} for name in
         ("stays", "declines", "deleted", "listed", "moves")]
    )  # fmt: skip
    token = taken(everyone, organizer)
    by = seeding.acting(organizer)
    edit.edit(event_id, declines, {"status": "declined"}, by)
    edit.delete(event_id, deleted, by)
    edit.edit(event_id, moves, {"email": "moved@guests.example.net"}, by)
    with transaction() as tx:
        tx.add(Suppression(address="listed@guests.example.net", scope="all", reason="manual", source="x",
                           created_by=None, created_at=by.now))  # fmt: skip
    add_guest("joins@guests.example.net")

    found = looked(everyone, token)

    assert found is not None
    assert {(person.email, person.full_name) for person in found.joined} == {
        ("moved@guests.example.net", "moves"), ("joins@guests.example.net", "Ada Lovelace"),
    }  # fmt: skip
    assert {(person.email, person.full_name) for person in found.left} == {
        ("declines@guests.example.net", "declines"), ("deleted@guests.example.net", ""),
        ("listed@guests.example.net", "listed"), ("moves@guests.example.net", "moves"),
    }  # fmt: skip
    assert (found.before, found.now, stays in {p.id for p in (*found.joined, *found.left)}) == (5, 3, False)


def test_A4_one_address_with_another_guest_to_greet_is_a_change(
    everyone: Audience, event_id: int, add_guests: Any, organizer: Person
) -> None:
    older, _ = add_guests([{"email": "a@guests.example.net", "first_name": name} for name in ("Older", "Younger")])
    token = taken(everyone, organizer)
    edit.edit(event_id, older, {"status": "declined"}, seeding.acting(organizer))
    found = looked(everyone, token)
    assert found is not None
    assert ([p.first_name for p in found.joined], [p.first_name for p in found.left]) == (["Younger"], ["Older"])


def test_A4_fifty_are_named_and_all_are_counted(everyone: Audience, add_guests: Any, organizer: Person) -> None:
    nobody = taken(everyone, organizer)
    add_guests([{"email": f"g{number}@guests.example.net"} for number in range(60)])
    found = looked(everyone, nobody)
    assert found is not None
    assert (len(found.joined), found.joined_count, found.left_count) == (50, 60, 0)


def test_A4_a_token_of_another_event_or_of_yesterday_is_not_known(
    everyone: Audience, add_event: Any, organizer: Person
) -> None:
    token = snapshots.freeze(everyone, seeding.acting(organizer))
    for event_id, given in ((add_event(), token), (everyone.event_id, token[:-1]), (everyone.event_id, "")):
        with pytest.raises(InvalidAudience, match="Nothing was sent"):
            snapshots.find(event_id, given)


def test_the_newest_ten_looks_of_one_person_are_kept(everyone: Audience, organizer: Person, owner: Person) -> None:
    snapshots.freeze(everyone, seeding.acting(owner))
    tokens = [snapshots.freeze(everyone, seeding.acting(organizer)) for _ in range(12)]
    kept = fresh().query(Snapshot.token).filter_by(created_by=organizer.id).order_by(Snapshot.id)
    assert [row.token for row in kept] == tokens[2:]
    assert fresh().query(Snapshot).count() == 11


def test_a_look_costs_the_same_queries_for_one_guest_and_for_three(
    everyone: Audience, add_guests: Any, organizer: Person, count_queries: Any
) -> None:
    add_guests(1)
    with count_queries() as one:
        drift(everyone, taken(everyone, organizer))
    add_guests([{"email": f"{name}@guests.example.net"} for name in "ab"])
    with count_queries() as three:
        drift(everyone, taken(everyone, organizer))
    assert len(one) == len(three)
