"""The end of an event against those who send, claim and hand over, a hundred rounds each: one winner, sums right.

Each round has an event of its own.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask, current_app

from eventmail.domain.events import lifecycle
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.errors import EventArchived, MessagesWaiting
from eventmail.models import Event, Job, Mailing, Recipient, Reservation
from eventmail.providers.outbox import kept
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.budgets import budget, in_soak
from tests.support.handing import claimed_before, outbox
from tests.support.processes import race
from tests.support.seeding import Person

ROUNDS = budget(20, soaked=10)
PEOPLE = 3


@dataclass(frozen=True)
class Scene:
    """By round: the event of that round, and its job where a message was sent before the race."""

    organizer: Person
    events: tuple[int, ...]
    jobs: tuple[int, ...] = ()

    @property
    def by(self) -> Any:
        return seeding.acting(self.organizer)


def send(scene: Scene, event_id: int) -> mailing_send.Sent:
    message = Message(Text("Hello", "", "Hi {guest.firstName}"), {"statuses": ["confirmed"]})
    terms = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
    return mailing_send.send(event_id, message, key=f"event-{event_id}", terms=terms, by=scene.by)


def _events(organizer: Person) -> Scene:
    events = tuple(seeding.add_event(organizer) for _ in range(ROUNDS))
    for event_id in events:
        seeding.add_guests(event_id, PEOPLE)
    return Scene(organizer, events)


@pytest.fixture
def scene(organizer: Person, staged: Callable[..., Scene]) -> Scene:
    """An event with three guests for each round, nothing sent."""
    return staged("events", lambda: _events(organizer))


@pytest.fixture
def scene_sent(organizer: Person, staged: Callable[..., Scene]) -> Scene:
    """The same, a message to all three sent in each."""

    def make() -> Scene:
        scene = _events(organizer)
        return replace(scene, jobs=tuple(send(scene, event_id).job_id or 0 for event_id in scene.events))

    return staged("events-sent", make)


@pytest.fixture
def assert_sound(settings: Settings, rows: Callable[..., list[Any]]) -> Callable[[], None]:
    """assert_sound(): counters are the rows, the ledger balances, one mail in the outbox of each who was sent to."""

    def look() -> None:
        states: dict[int, Counter[str]] = {mailing.id: Counter() for mailing in rows(Mailing)}
        for recipient in rows(Recipient):
            states[recipient.mailing_id][recipient.state] += 1
        for mailing in rows(Mailing):
            assert {str(state): number for state, number in mailing.counts.items() if number} == states[mailing.id]
        for entry in rows(Reservation):
            theirs = states[entry.mailing_id]
            assert (entry.reserved, entry.consumed, entry.refunded) == (PEOPLE, theirs["sent"], theirs["cancelled"])
        keys = {mailing.id: mailing.key for mailing in rows(Mailing)}
        sent = [f"{keys[r.mailing_id]}-{r.id}" for r in rows(Recipient) if r.state == "sent"]
        assert sorted(mail.key for mail in kept(settings.outbox)) == sorted(sent)

    return look


def _cancel_event(turn: int, scene: Scene) -> int:
    return lifecycle.cancel(scene.events[turn], scene.by)


def _archive_with_all(turn: int, scene: Scene) -> int:
    return lifecycle.archive(scene.events[turn], scene.by, cancel_waiting=True)


def _archive(turn: int, scene: Scene) -> str:
    try:
        lifecycle.archive(scene.events[turn], scene.by)
    except MessagesWaiting:
        return "waiting"
    return "archived"


def _work(turn: int, scene: Scene) -> None:
    drain.drain(scene.jobs[turn], outbox(), current_app.extensions["settings"])


def _claimed_before(turn: int, scene: Scene) -> int | None:
    return claimed_before(turn, scene.jobs)


def _cancel_odd(turn: int, scene: Scene) -> int | None:
    return _cancel_event(turn // 2, scene) if turn % 2 else None


def _send(turn: int, scene: Scene) -> str:
    try:
        send(scene, scene.events[turn])
    except EventArchived:
        return "refused"
    return "sent"


@pytest.mark.parametrize("end", [_cancel_event, *in_soak(_archive_with_all)], ids=["cancel", "archive"])
def test_S6_the_end_of_an_event_against_the_worker_each_recipient_has_one_fate(
    *, end: Any, app: Flask, settings: Settings, scene_sent: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [end, _work], ROUNDS, scene_sent)

    by_job = [[r.state for r in rows(Recipient, Recipient.mailing_id == job.mailing_id)] for job in rows(Job)]
    for [cancelled, _], states in zip(rounds, by_job, strict=True):  # a group of three is marked whole or not at all
        assert Counter(states) == (Counter(cancelled=PEOPLE) if cancelled else Counter(sent=PEOPLE))
    assert {mailing.state for mailing in rows(Mailing)} <= {"finished", "cancelled"}
    assert {job.state for job in rows(Job)} <= {"finished", "cancelled"}
    assert_sound()


def test_S6_S11_cancelling_the_event_against_the_mark_of_claimed_recipients_has_one_winner(
    *, app: Flask, settings: Settings, scene_sent: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_cancel_odd, _claimed_before], 2 * ROUNDS, scene_sent)[1::2]

    assert {tuple(answers) for answers in rounds} <= {(PEOPLE, 0), (0, PEOPLE)}
    assert Counter(r.state for r in rows(Recipient)) == Counter(
        cancelled=sum(cancelled for cancelled, _ in rounds), sent=sum(marked for _, marked in rounds)
    ) + Counter()  # fmt: skip
    assert_sound()


def test_archiving_against_sending_has_one_winner(
    *, app: Flask, settings: Settings, scene: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, [_archive, _send], ROUNDS, scene)

    assert {tuple(answers) for answers in rounds} <= {("archived", "refused"), ("waiting", "sent")}
    sent = [answers[1] == "sent" for answers in rounds]
    assert [event.archived_at is None for event in rows(Event)] == sent
    assert len(rows(Mailing)) == sum(sent)
    assert_sound()
