"""Organizers and workers on one database file, started together at a barrier, a hundred rounds each: one winner.

Each round has a mailing of its own. Where the worker needs a claim first, it makes it in a round before the race.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain.guests import edit
from eventmail.domain.mailings import control
from eventmail.errors import AlreadyCancelled, AlreadySent
from eventmail.models import AuditEntry, Mailing, Recipient, Suppression
from eventmail.settings import Settings
from tests.support.handing import claimed_before
from tests.support.processes import race
from tests.support.scene import PEOPLE, ROUNDS, Scene, work


def _cancel(turn: int, scene: Scene) -> int | str:
    try:
        return control.cancel(scene.event_id, scene.mailings[turn], scene.by)
    except (AlreadyCancelled, AlreadySent) as error:
        return error.code


def _work(turn: int, scene: Scene) -> None:
    work(scene, turn)


def test_S6_H4_cancel_against_the_worker_each_recipient_has_one_fate(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_cancel, _work], ROUNDS, scene)

    by_mailing = [[r.state for r in rows(Recipient, Recipient.mailing_id == id_)] for id_ in scene.mailings]
    for [cancelled, _], states in zip(rounds, by_mailing, strict=True):
        assert Counter(states) == (
            Counter(cancelled=PEOPLE) if cancelled == PEOPLE else Counter(sent=PEOPLE)
        )  # a group of three is marked whole or not at all
    assert {mailing.state for mailing in rows(Mailing)} <= {"finished", "cancelled"}
    assert_sound()


def test_S6_cancel_against_cancel_one_of_them_is_told_so(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, _cancel, ROUNDS, scene)

    assert [sorted(map(str, answers)) for answers in rounds] == [[str(PEOPLE), "ALREADY_CANCELLED"]] * ROUNDS
    assert {recipient.state for recipient in rows(Recipient)} == {"cancelled"}
    assert len(rows(AuditEntry, AuditEntry.action == "mailing.cancelled")) == ROUNDS
    assert_sound()


def _claimed_before(turn: int, scene: Scene) -> int | None:
    return claimed_before(turn, scene.jobs)


def _odd(play: Callable[[int, Scene], Any], turn: int, scene: Scene) -> Any:
    return play(turn // 2, scene) if turn % 2 else None


def _cancel_odd(turn: int, scene: Scene) -> Any:
    return _odd(_cancel, turn, scene)


def test_S6_S11_cancel_against_the_mark_of_claimed_recipients_has_one_winner(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_cancel_odd, _claimed_before], 2 * ROUNDS, scene)[1::2]

    # three cancelled and nothing marked, or the other way round
    assert {tuple(answers) for answers in rounds} <= {(PEOPLE, 0), (0, PEOPLE), ("ALREADY_SENT", PEOPLE)}
    assert Counter(r.state for r in rows(Recipient)) == Counter(
        cancelled=PEOPLE * sum(1 for answers in rounds if answers[1] == 0),
        sent=PEOPLE * sum(1 for answers in rounds if answers[1]),
    ) + Counter()  # fmt: skip
    assert_sound()


def _delete_odd(turn: int, scene: Scene) -> Any:
    return _odd(lambda round_, told: edit.delete(told.event_id, told.guests[round_], told.by), turn, scene)


def test_S6_deleting_a_guest_against_the_mark_has_one_winner(
    app: Flask, settings: Settings, scene_of_one: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_delete_odd, _claimed_before], 2 * ROUNDS, scene_of_one)[1::2]

    assert {tuple(answers) for answers in rounds} <= {(1, 0), (0, 1)}
    fates = ["sent" if marked else "cancelled" for _, marked in rounds]
    assert [recipient.state for recipient in rows(Recipient)] == fates
    assert {r.last_error for r in rows(Recipient, Recipient.state == "cancelled")} <= {"guest deleted"}
    assert_sound()


def _suppress_odd(turn: int, scene: Scene) -> Any:
    """In odd rounds the state of the recipient in the transaction that put the address on the list."""
    if turn % 2:
        with transaction() as tx:
            state = tx.scalar(select(Recipient.state).where(Recipient.mailing_id == scene.mailings[turn // 2]))
            tx.add(
                Suppression(address=f"guest-{turn // 2 + 1:03}@guests.example.net", scope="all", reason="complaint",
                            source="test", created_by=None, created_at=clock.now())
            )  # fmt: skip
        return state
    return None


def test_A6_an_entry_on_the_do_not_mail_list_against_the_mark_has_one_winner(
    app: Flask, settings: Settings, scene_of_one: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_suppress_odd, _claimed_before], 2 * ROUNDS, scene_of_one)[1::2]

    fates = ["suppressed" if then == "queued" else "sent" for then, _ in rounds]
    assert [marked for _, marked in rounds] == [int(fate == "sent") for fate in fates]
    assert [recipient.state for recipient in rows(Recipient)] == fates
    assert len(rows(Suppression)) == ROUNDS
    assert_sound()
