"""Two organizers on one draft at the same instant: one wins, the other is told, nothing is lost or sent twice."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from eventmail import clock
from eventmail.domain.mailings import drafts, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Written
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadySent, DomainError, PastEditWindow, StaleRevision
from eventmail.models import DraftText, Job, Mailing, Recipient
from eventmail.records import Acting
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.processes import race
from tests.support.seeding import Person

ROUNDS = 100
HERE = SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)


@dataclass(frozen=True)
class Scene:
    """What every process needs to know."""

    event_id: int
    oscar: Person
    anna: Person
    drafts: tuple[int, ...] = ()


def by(person: Person) -> Acting:
    return replace(seeding.acting(person), now=clock.now())


@pytest.fixture
def scene(app: Flask, event_id: int, organizer: Person, add_person: Any) -> Scene:
    """A hundred drafts at revision 1."""
    anna = add_person("Anna Other", "anna@organizers.example")
    begun = Written(Text("Hello", "", "Begun"), {"statuses": ["confirmed"]})
    with app.app_context():
        made = [drafts.create(event_id, begun, key=f"k{turn}", by=by(organizer)).mailing_id for turn in range(ROUNDS)]
    return Scene(event_id, organizer, anna, tuple(made))


def _save(turn: int, scene: Scene, person: Person) -> str:
    what = Written(Text("Hello", "", person.name), {"statuses": ["confirmed"]})
    try:
        drafts.save(scene.event_id, DraftVersion(scene.drafts[turn], 1), what, by(person))
    except DomainError as error:
        return error.code
    return "saved"


def _oscar_saves(turn: int, scene: Scene) -> str:
    return _save(turn, scene, scene.oscar)


def _anna_saves(turn: int, scene: Scene) -> str:
    return _save(turn, scene, scene.anna)


def test_D5_of_two_saves_at_one_revision_one_wins(settings: Settings, scene: Scene, rows: Any) -> None:
    rounds = race(settings.instance, [_oscar_saves, _anna_saves], ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [[StaleRevision.code, "saved"]] * ROUNDS
    winners = ["Oscar Organizer" if oscar == "saved" else "Anna Other" for oscar, _ in rounds]
    assert [(text.revision, text.body) for text in rows(DraftText)] == [(2, winner) for winner in winners]


def _send(turn: int, scene: Scene, person: Person) -> str:
    message = Message(Text("Hello", "", "Begun"), {"statuses": ["confirmed"]})
    seen = DraftVersion(scene.drafts[turn], 1)
    try:
        sent = send.send(scene.event_id, message, key=f"send-{turn}", terms=HERE, by=by(person), draft=seen)
    except DomainError as error:
        return error.code
    return f"sent {sent.mailing_id}"


def _oscar_sends(turn: int, scene: Scene) -> str:
    return _send(turn, scene, scene.oscar)


def _anna_sends(turn: int, scene: Scene) -> str:
    return _send(turn, scene, scene.anna)


def test_S1_of_two_who_send_one_draft_one_wins(
    settings: Settings, scene: Scene, add_guests: Any, count: Any, rows: Any
) -> None:
    add_guests(2)

    rounds = race(settings.instance, [_oscar_sends, _anna_sends], ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [[AlreadySent.code, f"sent {draft}"] for draft in scene.drafts]
    assert (count(Mailing), count(Job), count(Recipient), count(DraftText)) == (ROUNDS, ROUNDS, 2 * ROUNDS, 0)
    assert {mailing.state for mailing in rows(Mailing)} == {"sending"}


def test_D5_a_save_against_the_sending_is_in_it_or_told_of_it(
    settings: Settings, scene: Scene, add_guests: Any, count: Any, rows: Any
) -> None:
    add_guests(2)

    rounds = race(settings.instance, [_oscar_sends, _anna_saves], ROUNDS, scene)

    sent = [one.startswith("sent") for one, _ in rounds]
    assert [answers for answers, won in zip(rounds, sent, strict=True) if not won] == [
        [StaleRevision.code, "saved"] for won in sent if not won
    ]
    assert {answers[1] for answers, won in zip(rounds, sent, strict=True) if won} <= {PastEditWindow.code}
    assert [text.body for text in rows(DraftText)] == ["Anna Other"] * sent.count(False)
    assert (count(Job), count(Recipient)) == (sent.count(True), 2 * sent.count(True))


def _first_save(turn: int, scene: Scene) -> int:
    what = Written(Text("Hello", "", "Hi"), {})
    saved = drafts.save(scene.event_id, DraftVersion(page=f"page-{turn}"), what, by(scene.oscar))
    return saved.mailing_id if saved else 0


def test_D5_two_first_saves_of_one_page_are_one_draft(settings: Settings, scene: Scene, count: Any) -> None:
    rounds = race(settings.instance, _first_save, ROUNDS, scene)

    assert [one == other for one, other in rounds] == [True] * ROUNDS
    assert count(Mailing) == 2 * ROUNDS
