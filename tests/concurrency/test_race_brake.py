"""Two workers on one run: the brake counts the answers of both, and what one got taken is proof for the other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from eventmail import clock
from eventmail.db import fresh
from eventmail.models import Job, Mailing, Suppression
from eventmail.providers.base import Accepted, Mail, Permanent
from eventmail.providers.one_at_a_time import OneAtATime
from eventmail.sending.finish import finish
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.budgets import budget
from tests.support.handing import work_on
from tests.support.processes import race
from tests.support.scene import Scene, send
from tests.support.seeding import Person

EACH = 5
ROUNDS = budget(20, soaked=10)


class Answering:
    """A mail service that takes everything, or refuses everybody in the words of a bad address."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes

    def send(self, mail: Mail) -> Accepted:
        """See providers.one_at_a_time.Sends."""
        if self.takes:
            return Accepted("taken")
        raise Permanent(f"Invalid recipient: <{mail.to}>", code="550", hard=True)


def _answering(*, takes: bool) -> OneAtATime:
    return OneAtATime(Answering(takes=takes), "answering", outside=False)


def _refuse(turn: int, scene: Scene) -> None:
    work_on(fresh().get_one(Job, scene.jobs[turn]), _answering(takes=False), EACH)


def _take(turn: int, scene: Scene) -> None:
    work_on(fresh().get_one(Job, scene.jobs[turn]), _answering(takes=True), EACH)


def _sent(scene: Scene) -> Scene:
    made = [send(scene, f"round-{turn}") for turn in range(ROUNDS)]
    return replace(scene, jobs=tuple(sent.job_id or 0 for sent in made))


@pytest.fixture
def ten_and_two(app: Flask, event_id: int, organizer: Person) -> Scene:
    """A mailing to twelve guests for each round."""
    with app.app_context():
        seeding.add_guests(event_id, 2 * EACH + 2)
        return _sent(Scene(event_id, organizer))


@pytest.fixture
def ten(app: Flask, event_id: int, organizer: Person) -> Scene:
    """A mailing to ten guests of its own for each round: who was listed in one would be missing in the next."""
    with app.app_context():
        people = [str(guest_id) for guest_id in seeding.add_guests(event_id, 2 * EACH * ROUNDS)]
        scene = Scene(event_id, organizer)
        made = [send(scene, f"round-{turn}", guests=people[turn::ROUNDS]) for turn in range(ROUNDS)]
        return replace(scene, jobs=tuple(sent.job_id or 0 for sent in made))


def test_F5_the_refusals_of_two_workers_are_counted_together(
    settings: Settings, ten_and_two: Scene, rows: Callable[..., list[Any]]
) -> None:
    race(settings.instance, _refuse, ROUNDS, ten_and_two)

    assert {(job.answered, job.alike, job.accepted, job.brake) for job in rows(Job)} == {(10, 10, 0, "alike")}
    assert {(mailing.n_failed, mailing.n_queued) for mailing in rows(Mailing)} == {(10, 2)}
    assert rows(Suppression) == []


def test_F5_what_one_worker_got_taken_is_proof_for_what_the_other_was_refused(
    app: Flask, settings: Settings, ten: Scene, rows: Callable[..., list[Any]]
) -> None:
    race(settings.instance, [_refuse, _take], ROUNDS, ten)

    assert {(job.answered, job.accepted, job.looked_dead, job.brake) for job in rows(Job)} == {(10, 5, 5, None)}
    with app.app_context():
        assert all(finish(job_id, clock.now()) for job_id in ten.jobs)
    assert {mailing.n_failed for mailing in rows(Mailing)} == {5}
    assert len(rows(Suppression)) == EACH * ROUNDS
