"""Two presses of the test button that reach two processes at the same instant, a hundred rounds."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from eventmail import clock
from eventmail.domain.mailings import test_sends
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.domain.terms import SendingTerms
from eventmail.errors import IdempotencyKeyReused
from eventmail.models import IdempotencyRecord, Job, Mailing, Recipient, Reservation
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.processes import race
from tests.support.seeding import Person

ROUNDS = 100


@dataclass(frozen=True)
class Scene:
    """What every process needs to know."""

    event_id: int
    organizer: Person


@pytest.fixture
def scene(event_id: int, organizer: Person) -> Scene:
    return Scene(event_id, organizer)


def _press(turn: int, scene: Scene, body: str = "Hi {guest.firstName}") -> tuple[int, bool]:
    by = replace(seeding.acting(scene.organizer), now=clock.now())
    terms = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
    wanted = Wanted(Text("Hello", "", body), ("a@x.org", "b@x.org"))
    sent = test_sends.send(scene.event_id, wanted, key=f"round-{turn}", terms=terms, by=by)
    return sent.mailing_id, sent.job_id is not None


def _press_edited(turn: int, scene: Scene) -> tuple[int, bool]:
    return _press(turn, scene, "Something else")


def _pressed(play: Any, turn: int, scene: Scene) -> str:
    try:
        play(turn, scene)
    except IdempotencyKeyReused:
        return "asked"
    return "sent"


def _one_text(turn: int, scene: Scene) -> str:
    return _pressed(_press, turn, scene)


def _other_text(turn: int, scene: Scene) -> str:
    return _pressed(_press_edited, turn, scene)


def test_E1_two_test_sends_with_one_key_are_one_mailing(
    app: Flask, settings: Settings, scene: Scene, count: Any
) -> None:
    rounds = race(settings.instance, _press, ROUNDS, scene)

    assert [one[0] == other[0] for one, other in rounds] == [True] * ROUNDS
    assert [sorted([one[1], other[1]]) for one, other in rounds] == [[False, True]] * ROUNDS
    assert (count(Mailing), count(Job), count(Reservation), count(IdempotencyRecord)) == (ROUNDS,) * 4
    assert count(Recipient) == 2 * ROUNDS


def test_E3_two_texts_under_one_key_are_one_mailing_and_one_question(
    app: Flask, settings: Settings, scene: Scene, count: Any
) -> None:
    rounds = race(settings.instance, [_one_text, _other_text], ROUNDS, scene)

    assert [sorted(pressed) for pressed in rounds] == [["asked", "sent"]] * ROUNDS
    assert (count(Mailing), count(Job), count(Recipient)) == (ROUNDS, ROUNDS, 2 * ROUNDS)
