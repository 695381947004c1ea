"""Changes of many guests against each other: two undos, an undo and an edit, two who paste the same list."""

from dataclasses import dataclass
from typing import Any

from flask import Flask

from eventmail.domain.guests import bulk_change, edit, paste
from eventmail.domain.guests.bulk_change import Ticked
from eventmail.domain.guests.paste import Given
from eventmail.errors import UndoOver
from eventmail.models import AuditEntry, Guest, GuestBefore
from eventmail.settings import Settings
from eventmail.states import ChangeKind
from tests.support import seeding
from tests.support.budgets import budget
from tests.support.processes import race

ROUNDS = budget(20, soaked=10)


@dataclass(frozen=True)
class Scene:
    """Guests, and the changes that were made of them: one of each for each round."""

    event_id: int
    guests: tuple[int, ...]
    changes: tuple[int, ...] = ()


def _scene(app: Flask, event_id: int) -> Scene:
    """Each guest was invited and is declined since, in a change of its own."""
    with app.app_context():
        ids = seeding.add_guests(event_id, ROUNDS, status="invited")
        changes = [
            bulk_change.change(event_id, Ticked((guest,)), ChangeKind.STATUS, "declined", seeding.acting())
            for guest in ids
        ]
        return Scene(event_id, tuple(ids), tuple(changes))


def _undo(turn: int, scene: Scene) -> int | None:
    try:
        return bulk_change.undo(scene.event_id, scene.changes[turn], seeding.acting()).restored
    except UndoOver:
        return None


def _edit(turn: int, scene: Scene) -> None:
    edit.edit(scene.event_id, scene.guests[turn], {"status": "confirmed"}, seeding.acting())


def _paste(turn: int, scene: Scene) -> int:
    text = f"one-{turn}@guests.example.net, two-{turn}@guests.example.net"
    return len(paste.add(scene.event_id, text, Given(), seeding.acting()).new)


def test_of_two_undos_one_wins(app: Flask, settings: Settings, event_id: int, rows: Any, count: Any) -> None:
    scene = _scene(app, event_id)
    rounds = race(settings.instance, _undo, ROUNDS, scene)
    assert [sorted(told, key=str) for told in rounds] == [[1, None]] * ROUNDS
    assert {guest.status for guest in rows(Guest)} == {"invited"}
    assert count(AuditEntry, AuditEntry.action == "guests.change_undone") == ROUNDS


def test_an_undo_never_takes_back_what_somebody_else_chose_meanwhile(
    app: Flask, settings: Settings, event_id: int, rows: Any, count: Any
) -> None:
    """Whoever comes first, the guest ends as the colleague said."""
    scene = _scene(app, event_id)
    rounds = race(settings.instance, [_undo, _edit], ROUNDS, scene)
    assert {guest.status for guest in rows(Guest)} == {"confirmed"}
    restored = [told[0] for told in rounds]
    assert [before.restored for before in rows(GuestBefore)] == [number == 1 for number in restored]


def test_two_who_paste_the_same_list_add_each_guest_once(
    app: Flask, settings: Settings, event_id: int, rows: Any
) -> None:
    rounds = race(settings.instance, _paste, ROUNDS, Scene(event_id, ()))
    assert [sorted(told) for told in rounds] == [[0, 2]] * ROUNDS
    addresses = [guest.address for guest in rows(Guest)]
    assert len(addresses) == len(set(addresses)) == 2 * ROUNDS
