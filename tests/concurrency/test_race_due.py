"""Workers that look at the same due message, and organizers who stop it meanwhile: a hundred rounds each, one winner.

Started together at a barrier. Each process has a clock of its own: a worker's says that the message is due, an
organizer's stands a second before, so that the rows alone decide who was first.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask, current_app

from eventmail import tasks
from eventmail.domain.events import lifecycle
from eventmail.domain.mailings import control
from eventmail.errors import AlreadySent
from eventmail.models import AuditEntry
from eventmail.sending import drain, due
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.handing import outbox
from tests.support.planned import (
    PLANS,
    SECOND,
    Told,
    begun,
    code_of,
    complaints,
    due_in,
    scheduled,
    set_clock,
    start,
    terms,
    told,
)  # fmt: skip
from tests.support.processes import race
from tests.support.scene import PEOPLE, ROUNDS, Scene
from tests.support.seeding import Person
from tests.support.time import FrozenClock

LATE = due_in(ROUNDS) + timedelta(hours=2)


@pytest.fixture
def joined(planned: Scene, add_guest: Callable[..., int]) -> Scene:
    """As `planned`; one more guest came since."""
    add_guest("late@guests.example.net")
    return planned


def _look(turn: int, scene: Scene) -> list[str]:
    """What a ring of a worker does."""
    set_clock(due_in(turn))
    with complaints() as heard:
        current_app.extensions["ring_due"].call_local()
    return heard


def _tick(turn: int, scene: Scene) -> list[str]:
    """What `eventmail tick` does, and a worker once a minute."""
    set_clock(due_in(turn))
    with complaints() as heard:
        tasks.tick(current_app)
    return heard


@pytest.mark.parametrize(("workers", "rounds"), [
    ([_look] * 2, ROUNDS),
    pytest.param([_look] * 4, ROUNDS, marks=pytest.mark.soak),
    ([_look, _tick], 20),  # a tick looks at all runs, so it takes the longer the more there are
], ids=["two", "four", "one and a tick"])  # fmt: skip
def test_H5_G29_however_many_look_at_a_due_message_one_run_of_it_starts_and_nobody_stumbles(
    settings: Settings, joined: Scene, rows: Any, assert_sound: Any, workers: list[Any], rounds: int
) -> None:
    before = told(rows)

    answers = race(settings.instance, workers, rounds, joined)

    assert answers == [[[] for _ in workers]] * rounds
    after, due = told(rows), dict(enumerate(joined.mailings[:rounds]))
    people = {**before[due[0]].to, "late@guests.example.net": "queued"}
    assert [after[id_] for id_ in due.values()] == [
        replace(begun(before[id_], due_in(turn)), to=people, places=(PEOPLE + 1, 0, 0, due_in(turn)))
        for turn, id_ in due.items()
    ]
    started = rows(AuditEntry, AuditEntry.action == "mailing.started")
    assert [entry.subject for entry in started] == [f"mailing:{id_}" for id_ in due.values()]
    assert_sound()


def _work(turn: int, scene: Scene) -> int:
    """The worker starts what is due, and hands it over: how many runs."""
    jobs = start(turn, scene)
    for job in jobs:
        drain.drain(job, outbox(), current_app.extensions["settings"])
    return len(jobs)


def _cancel(turn: int, scene: Scene) -> int | str:
    set_clock(due_in(turn) - SECOND)
    try:
        return control.cancel(scene.event_id, scene.mailings[turn], scene.by)
    except AlreadySent as refusal:
        return refusal.code


def _fate(after: Told, at: datetime) -> str:
    """What became of a message and all of its mails; one fate, never something in between."""
    all_sent, all_cancelled = dict.fromkeys(after.to, "sent"), dict.fromkeys(after.to, "cancelled")
    found = (after.state, after.to, after.places, after.jobs)
    fates = {
        "sent": ("finished", all_sent, (PEOPLE, PEOPLE, 0, at), (("finished", at),)),
        "cancelled before its run": ("cancelled", all_cancelled, (PEOPLE, 0, PEOPLE, at), ()),
        "cancelled in its run": ("cancelled", all_cancelled, (PEOPLE, 0, PEOPLE, at), (("cancelled", at),)),
        "stopped when all were in hand": ("cancelled", all_sent, (PEOPLE, PEOPLE, 0, at), (("cancelled", at),)),
    }
    return next((fate for fate, rows in fates.items() if rows == found), f"in between: {after}")


def test_H4_G30_a_cancellation_against_start_and_hand_over_one_of_them_wins(
    settings: Settings, planned: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_cancel, _work], ROUNDS, planned)

    after = told(rows)
    fates = [_fate(after[mailing], due_in(turn)) for turn, mailing in enumerate(planned.mailings)]
    assert {(*answers, fate) for answers, fate in zip(rounds, fates, strict=True)} <= {
        (PEOPLE, 0, "cancelled before its run"), (PEOPLE, 1, "cancelled in its run"),
        (0, 1, "stopped when all were in hand"), ("ALREADY_SENT", 1, "sent"),
    }  # fmt: skip
    assert_sound()


@pytest.fixture
def scenes(organizer: Person, staged: Callable[..., list[Scene]]) -> list[Scene]:
    """By round an event of its own, its three guests and the message to them."""

    def make() -> list[Scene]:
        found = []
        for turn in range(ROUNDS):
            event_id = seeding.add_event(organizer)
            guests = seeding.add_guests(event_id, PEOPLE)
            found.append(scheduled(Scene(event_id, organizer, tuple(guests)), [PLANS[turn]]))
        return found

    return staged("events-scheduled", make)


def _cancel_event(turn: int, scenes: list[Scene]) -> int:
    set_clock(due_in(turn) - SECOND)
    return lifecycle.cancel(scenes[turn].event_id, scenes[turn].by)


def _work_on(turn: int, scenes: list[Scene]) -> int:
    return _work(turn, scenes[turn])


def test_G25_a_cancelled_event_against_start_and_hand_over_every_guest_has_one_fate(
    settings: Settings, scenes: list[Scene], rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_cancel_event, _work_on], ROUNDS, scenes)

    after = told(rows)
    fates = [_fate(after[scene.mailings[0]], due_in(turn)) for turn, scene in enumerate(scenes)]
    assert {(*answers, fate) for answers, fate in zip(rounds, fates, strict=True)} <= {
        (PEOPLE, 0, "cancelled before its run"), (PEOPLE, 1, "cancelled in its run"),
        (0, 1, "stopped when all were in hand"), (0, 1, "sent"),
    }  # fmt: skip
    assert_sound()


@pytest.fixture
def missed(planned: Scene, settings: Settings, app: Flask, clock: FrozenClock) -> Scene:
    """As `planned`; nobody looked before all messages were late."""
    clock.set(LATE)
    with app.app_context():
        due.start_all(terms(planned), settings)
    return planned


def _send_now(turn: int, scene: Scene) -> str:
    set_clock(LATE)
    return code_of(lambda: control.retry(scene.event_id, scene.mailings[turn], terms(scene), scene.by, people=PEOPLE))


def test_G32_two_who_send_a_missed_message_now_begin_one_run(
    settings: Settings, missed: Scene, rows: Any, assert_sound: Any
) -> None:
    before = told(rows)
    assert {(one.state, one.not_sent) for one in before.values()} == {("missed", "late")}

    rounds = race(settings.instance, _send_now, ROUNDS, missed)

    assert [sorted(answers) for answers in rounds] == [["NOTHING_TO_DO", "done"]] * ROUNDS
    assert told(rows) == {id_: replace(begun(was, LATE), not_sent=None) for id_, was in before.items()}
    assert_sound()
