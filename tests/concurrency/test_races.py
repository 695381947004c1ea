"""Two processes on one database file, started together at a barrier, a hundred rounds each."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask, current_app

from eventmail import clock
from eventmail.db import fresh
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.models import Job, Mailing, Recipient
from eventmail.providers import registry
from eventmail.sending import claim, drain
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
    job_ids: tuple[int, ...] = ()


def send(scene: Scene, key: str) -> mailing_send.Sent:
    by = replace(seeding.acting(scene.organizer), now=clock.now())
    message = Message(Text("Hello", "", "Hi {guest.firstName}"), {"statuses": ["confirmed"]})
    return mailing_send.send(
        scene.event_id, message, key=key, terms=SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False), by=by
    )  # fmt: skip


@pytest.fixture
def scene(app: Flask, event_id: int, organizer: Person) -> Scene:
    with app.app_context():
        return Scene(event_id, organizer)


def _send_with_one_key(turn: int, scene: Scene) -> tuple[int, bool]:
    sent = send(scene, f"round-{turn}")
    return sent.mailing_id, sent.job_id is not None


def test_S1_two_sends_with_one_key_are_one_mailing(
    app: Flask, settings: Settings, scene: Scene, add_guests: Any, count: Any
) -> None:
    add_guests(5)

    rounds = race(settings.instance, _send_with_one_key, ROUNDS, scene)

    assert [one[0] == other[0] for one, other in rounds] == [True] * ROUNDS
    assert [sorted([one[1], other[1]]) for one, other in rounds] == [[False, True]] * ROUNDS
    assert (count(Mailing), count(Job), count(Recipient)) == (ROUNDS, ROUNDS, 5 * ROUNDS)


def _claim(turn: int, scene: Scene) -> list[int]:
    job = fresh().get_one(Job, scene.job_ids[turn])
    return [claimed.id for claimed in claim.claim(job, clock.now(), limit=6)]


def test_S11_two_claims_share_no_recipient(
    app: Flask, settings: Settings, scene: Scene, add_guests: Any, rows: Any
) -> None:
    add_guests(10)
    with app.app_context():
        scene = replace(scene, job_ids=tuple(send(scene, f"round-{n}").job_id or 0 for n in range(ROUNDS)))

    rounds = race(settings.instance, _claim, ROUNDS, scene)

    assert [sorted(map(len, claims)) for claims in rounds] == [[4, 6]] * ROUNDS
    assert [len(set(one) | set(other)) for one, other in rounds] == [10] * ROUNDS
    assert {recipient.state for recipient in rows(Recipient)} == {"queued"}


def _drain(turn: int, scene: Scene) -> None:
    settings: Settings = current_app.extensions["settings"]
    drain.drain(scene.job_ids[turn], registry.opened(settings), settings)


def test_S11_two_workers_hand_over_every_mail_of_a_job_once(
    app: Flask, settings: Settings, scene: Scene, add_guests: Any, rows: Any
) -> None:
    add_guests(10)
    with app.app_context():
        scene = replace(scene, job_ids=tuple(send(scene, f"round-{n}").job_id or 0 for n in range(ROUNDS)))

    race(settings.instance, _drain, ROUNDS, scene)

    keys = sorted(path.name.split(".")[1] for path in settings.outbox.glob("*.eml"))
    mailing_keys = {mailing.id: mailing.key for mailing in rows(Mailing)}
    assert keys == sorted(f"{mailing_keys[r.mailing_id]}-{r.id}" for r in rows(Recipient))
    assert [mailing.n_sent for mailing in rows(Mailing)] == [10] * ROUNDS
    assert {mailing.state for mailing in rows(Mailing)} == {"finished"}
