"""A guest leaves in the very moment a reviewed message is sent: those who were looked at get it, or nobody (A4)."""

from collections import Counter
from dataclasses import dataclass

from flask import Flask

from eventmail.db import fresh
from eventmail.domain.audience import resolve, snapshots
from eventmail.domain.guests import edit
from eventmail.domain.mailings import send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AudienceChanged
from eventmail.models import Mailing, Recipient
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.processes import race
from tests.support.seeding import Person

ROUNDS = 100
CRITERIA = {"statuses": ["confirmed"]}
PLACE = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)


@dataclass(frozen=True)
class Scene:
    """By round: the event, its first guest, and the token of a look at both of its guests."""

    organizer: Person
    rounds: tuple[tuple[int, int, str], ...]


def _send(turn: int, scene: Scene) -> str:
    event_id, _, token = scene.rounds[turn]
    message = Message(Text("Hello", "", "Hi"), CRITERIA, token)
    try:
        send.send(event_id, message, key=f"k{turn}", terms=PLACE, by=seeding.acting(scene.organizer))
    except AudienceChanged as changed:
        return f"changed: {changed.left_count} left"
    return "sent"


def _leave(turn: int, scene: Scene) -> str:
    event_id, guest_id, _ = scene.rounds[turn]
    edit.delete(event_id, guest_id, seeding.acting(scene.organizer))
    return "left"


def _scene(organizer: Person) -> Scene:
    rounds = []
    for _ in range(ROUNDS):
        event_id = seeding.add_event(organizer)
        [first, _] = seeding.add_guests(event_id, 2)
        picked = resolve.checked(event_id, CRITERIA, outside=False)
        rounds.append((event_id, first, snapshots.freeze(picked, seeding.acting(organizer))))
    return Scene(organizer, tuple(rounds))


def test_A4_a_send_against_a_leaver_goes_to_who_was_looked_at_or_to_nobody(
    app: Flask, settings: Settings, organizer: Person
) -> None:
    with app.app_context():
        scene = _scene(organizer)

    answers = Counter(told for told, _ in race(settings.instance, [_send, _leave], ROUNDS, scene))

    assert set(answers) <= {"sent", "changed: 1 left"}
    with app.app_context():
        frozen = Counter(row.recipient_count for row in fresh().query(Mailing.recipient_count))
        states = Counter(row.state for row in fresh().query(Recipient.state))
    assert frozen == +Counter({2: answers["sent"]})
    assert states == +Counter(queued=answers["sent"], cancelled=answers["sent"])
