"""Many guests changed at once, and the undo of it."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.db import transaction
from eventmail.domain.guests import bulk_change, edit, listing
from eventmail.domain.guests.bulk_change import Everybody, Ticked, Undone
from eventmail.domain.guests.filters import Filter
from eventmail.errors import InvalidInput, ListChanged, NotFound, NothingToDo, UndoOver
from eventmail.models import AuditEntry, Guest, GuestBefore, GuestChange, GuestTag, Recipient
from eventmail.states import ChangeKind
from tests.support import seeding
from tests.support.time import FrozenClock

STATUS, ADD, REMOVE = ChangeKind.STATUS, ChangeKind.ADD_TAG, ChangeKind.REMOVE_TAG


def statuses(event_id: int) -> dict[str, str]:
    return {guest.first_name: guest.status.value for guest in listing.listing(event_id).items}


def tags(event_id: int) -> dict[str, tuple[str, ...]]:
    return {guest.first_name: guest.tags for guest in listing.listing(event_id).items if guest.tags}


def change(event_id: int, chosen: Any, kind: ChangeKind, value: str) -> int:
    return bulk_change.change(event_id, chosen, kind, value, seeding.acting())


def test_the_ticked_guests_get_the_status_and_the_undo_gives_back_what_each_had(
    event_id: int, five: dict[str, int], row: Any
) -> None:
    before = statuses(event_id)
    chosen = Ticked((five["Ana"], five["Ben"], five["Cem"]))
    change_id = change(event_id, chosen, STATUS, "confirmed")
    assert statuses(event_id) == {**before, "Ben": "confirmed", "Cem": "confirmed"}
    made = row(GuestChange)
    assert (made.id, made.kind, made.value, made.picked, made.changed, made.actor) == (
        change_id, "status", "confirmed", 3, 2, "cli",
    )  # fmt: skip
    entry = row(AuditEntry, AuditEntry.action == "guests.changed")
    assert (entry.subject, entry.event_id, entry.detail) == (
        f"guest_change:{change_id}", event_id, {"kind": "status", "value": "confirmed", "picked": 3, "changed": 2},
    )  # fmt: skip
    assert bulk_change.undo(event_id, change_id, seeding.acting()) == Undone(2, 0)
    assert statuses(event_id) == before
    entry = row(AuditEntry, AuditEntry.action == "guests.change_undone")
    assert entry.detail == {"kind": "status", "value": "confirmed", "restored": 2, "left": 0}


def test_an_undo_leaves_who_was_changed_or_removed_meanwhile(event_id: int, five: dict[str, int], rows: Any) -> None:
    by = seeding.acting()
    change_id = change(event_id, Everybody(Filter.ALL, "", 5), STATUS, "declined")
    edit.edit(event_id, five["Ben"], {"status": "confirmed"}, by)
    edit.delete(event_id, five["Dan"], by)
    assert bulk_change.undo(event_id, change_id, by) == Undone(2, 2)
    assert statuses(event_id) == {"Ana": "confirmed", "Ben": "confirmed", "Cem": "declined", "Eva": "invited"}
    assert {before.guest_id: before.restored for before in rows(GuestBefore)} == {
        five["Ana"]: True, five["Ben"]: False, five["Eva"]: True,
    }  # fmt: skip


def test_an_undo_works_once_and_for_a_day(event_id: int, five: dict[str, int], clock: FrozenClock, count: Any) -> None:
    once = change(event_id, Ticked((five["Ben"],)), STATUS, "declined")
    bulk_change.undo(event_id, once, seeding.acting())
    edit.edit(event_id, five["Ben"], {"status": "declined"}, seeding.acting())
    entries = count(AuditEntry)
    with pytest.raises(UndoOver, match="cli undid this change already"):
        bulk_change.undo(event_id, once, seeding.acting())
    late = change(event_id, Ticked((five["Dan"],)), STATUS, "declined")
    clock.advance(days=1, seconds=-1)
    assert bulk_change.can_be_undone(bulk_change.get(event_id, late), clock.now())
    clock.advance(seconds=1)
    assert not bulk_change.can_be_undone(bulk_change.get(event_id, late), clock.now())
    with pytest.raises(UndoOver, match="too long ago"):
        bulk_change.undo(event_id, late, seeding.acting())
    assert (statuses(event_id)["Ben"], statuses(event_id)["Dan"], count(AuditEntry)) == (
        "declined", "declined", entries + 1,
    )  # fmt: skip


def test_a_tag_is_added_to_those_without_it_whatever_its_case_and_undone(
    event_id: int, five: dict[str, int], row: Any
) -> None:
    edit.edit(event_id, five["Ana"], {"tags": ["VIP"]}, seeding.acting())
    change_id = change(event_id, Everybody(Filter.ALL, "", 5), ADD, " vip ")
    assert tags(event_id) == {"Ana": ("VIP",), **dict.fromkeys(("Ben", "Cem", "Dan", "Eva"), ("vip",))}
    assert (row(GuestChange).picked, row(GuestChange).changed) == (5, 4)
    edit.edit(event_id, five["Cem"], {"tags": []}, seeding.acting())
    assert bulk_change.undo(event_id, change_id, seeding.acting()) == Undone(3, 1)
    assert tags(event_id) == {"Ana": ("VIP",)}


def test_a_removed_tag_comes_back_as_it_was_spelt(event_id: int, five: dict[str, int]) -> None:
    by = seeding.acting()
    for name, given in (("Ana", ["VIP", "press"]), ("Ben", ["vip"]), ("Cem", ["press"])):
        edit.edit(event_id, five[name], {"tags": given}, by)
    change_id = change(event_id, Everybody(Filter.ALL, "", 5), REMOVE, "Vip")
    assert tags(event_id) == {"Ana": ("press",), "Cem": ("press",)}
    edit.edit(event_id, five["Ben"], {"tags": ["ViP"]}, by)
    assert bulk_change.undo(event_id, change_id, by) == Undone(1, 1)
    assert tags(event_id) == {"Ana": ("VIP", "press"), "Ben": ("ViP",), "Cem": ("press",)}


def test_nobody_gets_more_than_50_tags_by_a_change_or_by_its_undo(
    event_id: int, five: dict[str, int], row: Any, count: Any
) -> None:
    by, many = seeding.acting(), [f"tag {n}" for n in range(50)]
    edit.edit(event_id, five["Ana"], {"tags": many}, by)
    change(event_id, Ticked((five["Ana"], five["Ben"])), ADD, "one more")
    assert (row(GuestChange).changed, count(GuestTag, GuestTag.guest_id == five["Ana"])) == (1, 50)
    removed = change(event_id, Ticked((five["Ana"],)), REMOVE, "tag 7")
    edit.edit(event_id, five["Ana"], {"tags": [*many[:7], *many[8:], "another"]}, by)
    assert bulk_change.undo(event_id, removed, by) == Undone(0, 1)
    assert count(GuestTag, GuestTag.guest_id == five["Ana"]) == 50


@pytest.mark.parametrize(
    ("status", "q", "found"),
    [(Filter.INVITED, "", {"Ben", "Dan", "Eva"}), (Filter.ALL, "ad", {"Dan"}), (Filter.NO_ADDRESS, "", {"Eva"})],
)
def test_everybody_means_whom_the_filter_finds_with_the_search(
    event_id: int, five: dict[str, int], status: Filter, q: str, found: set[str]
) -> None:
    change(event_id, Everybody(status, q, len(found)), ADD, "vip")
    assert set(tags(event_id)) == found


def test_another_number_than_the_list_showed_changes_nobody(event_id: int, five: dict[str, int], count: Any) -> None:
    entries = count(AuditEntry)
    with pytest.raises(ListChanged, match="4 guests matched when you looked, now it is 5"):
        change(event_id, Everybody(Filter.ALL, "", 4), STATUS, "declined")
    assert (count(GuestChange), count(AuditEntry), statuses(event_id)["Ana"]) == (0, entries, "confirmed")


@pytest.mark.parametrize(
    ("kind", "value", "field", "code"),
    [
        (STATUS, "maybe", "status", "INVALID_STATUS"), (STATUS, "", "status", "INVALID_STATUS"),
        (ADD, " \u200b ", "tag", "INVALID_TAGS"), (ADD, "a,b", "tag", "INVALID_TAGS"),
        (REMOVE, "x" * 101, "tag", "INVALID_TAGS"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_is_refused(
    event_id: int, five: dict[str, int], kind: ChangeKind, value: str, field: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        change(event_id, Ticked((five["Ana"],)), kind, value)
    assert [(error.field, error.code) for error in refusal.value.fields] == [(field, code)]


def test_a_change_that_would_change_nobody_is_refused_and_leaves_no_trace(
    event_id: int, five: dict[str, int], count: Any
) -> None:
    entries = count(AuditEntry)
    for chosen, kind, value in (
        (Ticked((five["Ana"],)), STATUS, "confirmed"), (Ticked((five["Ana"],)), REMOVE, "vip"),
        (Ticked((10**9,)), STATUS, "invited"), (Everybody(Filter.BOUNCED, "", 0), STATUS, "invited"),
    ):  # fmt: skip
        with pytest.raises(NothingToDo):
            change(event_id, chosen, kind, value)
    with pytest.raises(InvalidInput, match="Tick the guests first"):
        change(event_id, Ticked(()), STATUS, "invited")
    assert (count(GuestChange), count(GuestBefore), count(AuditEntry)) == (0, 0, entries)


def test_guests_of_another_event_are_out_of_reach(
    event_id: int, five: dict[str, int], add_event: Callable[..., int]
) -> None:
    other = add_event()
    stranger = seeding.add_guest(other, "x@guests.example.net", first_name="Stranger")
    change_id = change(event_id, Ticked((five["Ana"], stranger)), STATUS, "declined")
    change(event_id, Everybody(Filter.ALL, "", 5), ADD, "vip")
    assert (statuses(other), tags(other)) == ({"Stranger": "confirmed"}, {})
    with pytest.raises(NotFound):
        bulk_change.undo(other, change_id, seeding.acting())
    with pytest.raises(NotFound):
        bulk_change.get(other, change_id)


def test_S6_a_change_of_the_status_leaves_waiting_mails_alone(
    event_id: int, five: dict[str, int], queued_mail: Callable[..., int], rows: Any
) -> None:
    queued_mail(event_id, [five["Ana"], five["Ben"]], ["queued", "queued"])
    change(event_id, Everybody(Filter.ALL, "", 5), STATUS, "declined")
    assert [(r.guest_id, r.state) for r in rows(Recipient)] == [(five["Ana"], "queued"), (five["Ben"], "queued")]


@pytest.mark.parametrize(("kind", "value"), [(STATUS, "declined"), (ADD, "press"), (REMOVE, "vip")])
def test_a_change_and_its_undo_cost_the_same_queries_for_1_and_30_guests(
    event_id: int, kind: ChangeKind, value: str, count_queries: Any
) -> None:
    costs = []
    for number in (1, 30):
        other = seeding.add_event()
        seeding.add_guests(other, number, tags=("vip",))
        with count_queries() as queries:
            change_id = change(other, Everybody(Filter.ALL, "", number), kind, value)
            assert bulk_change.undo(other, change_id, seeding.acting()) == Undone(number, 0)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_change_that_fails_midway_changes_nobody(
    event_id: int, five: dict[str, int], monkeypatch: pytest.MonkeyPatch, count: Any
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("disk full")

    before = statuses(event_id)
    monkeypatch.setattr("eventmail.records.audit", broken)
    with pytest.raises(RuntimeError):
        change(event_id, Everybody(Filter.ALL, "", 5), STATUS, "declined")
    assert (statuses(event_id), count(GuestChange), count(GuestBefore)) == (before, 0, 0)


def test_the_change_marks_the_guests_as_changed_now(event_id: int, five: dict[str, int], clock: FrozenClock) -> None:
    later = clock.advance(minutes=5)
    change_id = change(event_id, Ticked((five["Ben"],)), ADD, "vip")
    with transaction() as tx:
        assert tx.get_one(Guest, five["Ben"]).updated_at == later
        assert tx.get_one(Guest, five["Ana"]).updated_at < later
    latest = clock.advance(minutes=5)
    bulk_change.undo(event_id, change_id, seeding.acting())
    with transaction() as tx:
        assert tx.get_one(Guest, five["Ben"]).updated_at == latest
