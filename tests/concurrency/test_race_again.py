"""Two who try again, decide, or take the last places of the quota at once, a hundred rounds each: one winner."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Flask, current_app

from eventmail import clock
from eventmail.domain.mailings import control, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.control import Decision
from eventmail.domain.mailings.send import Message
from eventmail.errors import NothingToDo, QuotaExceeded
from eventmail.models import Job, Recipient, Reservation
from eventmail.providers.base import Permanent, Unclear
from eventmail.providers.outbox import kept
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support.handing import outbox
from tests.support.processes import race
from tests.support.recording import Recording
from tests.support.scene import PEOPLE, ROUNDS, Scene, work
from tests.support.seeding import Person


def _retry(turn: int, scene: Scene) -> str:
    try:
        return f"job {control.retry(scene.event_id, scene.mailings[turn], scene.terms, scene.by)}"
    except NothingToDo:
        return "nothing"


def test_S8_retry_against_retry_is_one_new_run(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    failing = Recording(answers={f"guest-{n:03}@guests.example.net": Permanent("full") for n in range(1, PEOPLE + 1)})
    with app.app_context():
        for turn in range(ROUNDS):
            work(scene, turn, failing)

    rounds = race(settings.instance, _retry, ROUNDS, scene)

    assert [sum(answer == "nothing" for answer in answers) for answers in rounds] == [1] * ROUNDS
    assert Counter(job.mailing_id for job in rows(Job)) == dict.fromkeys(scene.mailings, 2)
    assert {recipient.state for recipient in rows(Recipient)} == {"queued"}
    assert_sound()


def _send_again(turn: int, scene: Scene) -> int | None:
    try:
        job_id = control.decide(
            scene.event_id, scene.mailings[turn], Decision.SEND_AGAIN, None, terms=scene.terms, by=scene.by
        )
    except NothingToDo:
        return None
    assert job_id is not None
    drain.drain(job_id, outbox(), current_app.extensions["settings"])
    return job_id


def _lost(app: Flask, scene: Scene) -> None:
    lost = Recording(answers={f"guest-{n:03}@guests.example.net": Unclear("lost") for n in range(1, ROUNDS + 1)})
    with app.app_context():
        for turn in range(ROUNDS):
            work(scene, turn, lost)


def test_S5_deciding_to_send_again_twice_is_one_run_and_one_mail(
    app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    _lost(app, scene)

    rounds = race(settings.instance, _send_again, ROUNDS, scene)

    assert [answers.count(None) for answers in rounds] == [1] * ROUNDS
    assert Counter(job.mailing_id for job in rows(Job)) == dict.fromkeys(scene.mailings, 2)
    assert {recipient.state for recipient in rows(Recipient)} == {"sent"}
    assert_sound()


def _count_as_sent(turn: int, scene: Scene) -> str:
    try:
        control.decide(scene.event_id, scene.mailings[turn], Decision.SENT, None, terms=scene.terms, by=scene.by)
    except NothingToDo:
        return "nothing"
    return "counted"


def test_S5_counting_as_sent_against_sending_again_has_one_winner(
    app: Flask, settings: Settings, scene_of_one: Scene, rows: Any
) -> None:
    _lost(app, scene_of_one)

    rounds = race(settings.instance, [_count_as_sent, _send_again], ROUNDS, scene_of_one)

    assert [(counted == "counted") != (job_id is not None) for counted, job_id in rounds] == [True] * ROUNDS
    again = sum(job_id is not None for _, job_id in rounds)
    assert (len(rows(Job)), len(kept(settings.outbox))) == (ROUNDS + again, again)
    assert {recipient.state for recipient in rows(Recipient)} == {"sent"}


def _send_the_last(turn: int, scene: Scene) -> str:
    # each round a day of its own; one of the two read its clock a little earlier than it got to write
    by = replace(scene.by, now=clock.now() + timedelta(days=2 * turn) - timedelta(milliseconds=clock.now().microsecond))
    message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
    try:
        send.send(scene.event_id, message, key=by.request_id, terms=scene.terms, by=by)
    except QuotaExceeded:
        return "over"
    return "sent"


def test_S9_the_last_places_of_the_quota_are_given_once(
    app: Flask, settings: Settings, event_id: int, organizer: Person, add_guests: Any, rows: Any
) -> None:
    add_guests(PEOPLE)
    scene = Scene(event_id, organizer, limit=2 * PEOPLE - 1)

    rounds = race(settings.instance, _send_the_last, ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [["over", "sent"]] * ROUNDS
    assert [entry.reserved for entry in rows(Reservation)] == [PEOPLE] * ROUNDS
