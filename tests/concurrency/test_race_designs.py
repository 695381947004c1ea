"""Two organizers on one design at the same instant: numbers without gaps, one winner, no word lost, no loose end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from eventmail import clock
from eventmail.domain.designs import edit, lifecycle, revisions
from eventmail.domain.designs.edit import DesignVersion
from eventmail.domain.mailings import drafts, send, test_sends
from eventmail.domain.mailings.drafts import Written
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.errors import DesignArchived, DesignInUse, DomainError, InvalidInput, StaleRevision
from eventmail.models import Content, Design, DesignRevision, Job, Mailing, Recipient
from eventmail.records import Acting
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.budgets import budget
from tests.support.designing import WRITTEN, design
from tests.support.processes import race
from tests.support.seeding import Person
from tests.support.written import PLACE

ROUNDS = budget(20, soaked=10)
CONFIRMED = {"statuses": ["confirmed"]}


@dataclass(frozen=True)
class Scene:
    """What every process needs to know: the event, two people, and a design for each round."""

    event_id: int
    oscar: Person
    anna: Person
    designs: tuple[int, ...] = ()


def by(person: Person) -> Acting:
    return replace(seeding.acting(person), now=clock.now())


@pytest.fixture
def scene(app: Flask, event_id: int, organizer: Person, add_person: Any) -> Scene:
    """A hundred designs at revision 1, none of them published."""
    anna = add_person("Anna Other", "anna@organizers.example")
    with app.app_context():
        made = [design(event_id, by(organizer), name=f"Round {turn:03}") for turn in range(ROUNDS)]
    return Scene(event_id, organizer, anna, tuple(made))


@pytest.fixture
def published(app: Flask, scene: Scene) -> Scene:
    """The same, each published as version 1."""
    with app.app_context():
        for design_id in scene.designs:
            revisions.publish(scene.event_id, design_id, by(scene.oscar))
    return scene


def answer(command: Callable[[], object]) -> str:
    """What `command` says, or the code of its refusal."""
    try:
        return str(command())
    except DomainError as refusal:
        return refusal.code


def _publish(turn: int, scene: Scene) -> str:
    def command() -> str:
        seen = DesignVersion(1)
        made, new = revisions.publish(scene.event_id, scene.designs[turn], by(scene.oscar), read=seen)
        return f"{made.number} {new}"

    return answer(command)


def test_D3_of_two_publications_of_one_draft_one_makes_the_revision(
    settings: Settings, scene: Scene, rows: Any
) -> None:
    rounds = race(settings.instance, _publish, ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [["1 False", "1 True"]] * ROUNDS
    assert [(one.design_id, one.number) for one in rows(DesignRevision)] == [(one, 1) for one in scene.designs]
    assert {one.published for one in rows(Design)} == {1}


def _write_and_publish(turn: int, scene: Scene, person: Person) -> str:
    """Save a text of one's own on the first design, and publish what was saved."""
    design_id = scene.designs[0]

    def command() -> str:
        seen = DesignVersion(edit.find(scene.event_id, design_id).revision)
        text = {"body": f"{person.name} {turn}"}
        saved = edit.save(scene.event_id, design_id, seen, text, by(person))
        made, _ = revisions.publish(scene.event_id, design_id, by(person), read=DesignVersion(saved))
        return f"{made.number:03} {made.text.body}"

    return answer(command)


def _oscar_publishes(turn: int, scene: Scene) -> str:
    return _write_and_publish(turn, scene, scene.oscar)


def _anna_publishes(turn: int, scene: Scene) -> str:
    return _write_and_publish(turn, scene, scene.anna)


def test_D3_two_who_publish_without_end_get_each_number_once_and_none_is_missing(
    settings: Settings, scene: Scene, rows: Any
) -> None:
    rounds = race(settings.instance, [_oscar_publishes, _anna_publishes], ROUNDS, scene)

    told = sorted(said for answers in rounds for said in answers if said != StaleRevision.code)
    stored = [f"{one.number:03} {one.body}" for one in rows(DesignRevision)]
    assert stored == told
    assert [int(said[:3]) for said in told] == list(range(1, len(told) + 1))
    assert all(any(said != StaleRevision.code for said in answers) for answers in rounds), "nobody won a round"
    [first] = rows(Design, Design.id == scene.designs[0])
    assert first.published == len(told)


def _save(turn: int, scene: Scene, person: Person) -> str:
    def command() -> int:
        text = {"body": person.name}
        return edit.save(scene.event_id, scene.designs[turn], DesignVersion(1, person.name), text, by(person))

    return answer(command)


def _oscar_saves(turn: int, scene: Scene) -> str:
    return _save(turn, scene, scene.oscar)


def _anna_saves(turn: int, scene: Scene) -> str:
    return _save(turn, scene, scene.anna)


def test_D5_of_two_who_save_one_revision_one_wins_and_the_other_is_told(
    settings: Settings, scene: Scene, rows: Any
) -> None:
    rounds = race(settings.instance, [_oscar_saves, _anna_saves], ROUNDS, scene)

    assert [sorted(answers) for answers in rounds] == [["2", StaleRevision.code]] * ROUNDS
    winners = ["Oscar Organizer" if oscar == "2" else "Anna Other" for oscar, _ in rounds]
    assert [(one.revision, one.body) for one in rows(Design)] == [(2, winner) for winner in winners]


def _restore(turn: int, scene: Scene) -> str:
    return answer(lambda: revisions.restore(scene.event_id, scene.designs[turn], 1, by(scene.oscar)))


def _anna_saves_after_one(turn: int, scene: Scene) -> str:
    def command() -> int:
        text = {"body": "Anna's second"}
        return edit.save(scene.event_id, scene.designs[turn], DesignVersion(2), text, by(scene.anna))

    return answer(command)


def test_D5_a_restore_against_a_save_loses_neither_text(
    app: Flask, settings: Settings, published: Scene, rows: Any
) -> None:
    with app.app_context():
        for design_id in published.designs:
            edit.save(published.event_id, design_id, DesignVersion(1), {"body": "First"}, by(published.anna))

    rounds = race(settings.instance, [_restore, _anna_saves_after_one], ROUNDS, published)

    texts = {one.id: {one.body} for one in rows(Design)}
    for one in rows(DesignRevision):
        texts[one.design_id].add(one.body)
    for (restored, saved), design_id in zip(rounds, published.designs, strict=True):
        assert restored == "None"
        written = {"Anna's second"} if saved == "3" else {"First"}
        assert (saved in ("3", StaleRevision.code), texts[design_id]) == (True, {WRITTEN["body"], *written})


def _delete(turn: int, scene: Scene) -> str:
    return answer(lambda: lifecycle.delete(scene.event_id, scene.designs[turn], by(scene.oscar)))


def _use(turn: int, scene: Scene) -> str:
    def command() -> str:
        text, origin = revisions.snapshot(edit.find(scene.event_id, scene.designs[turn]), "published")
        drafts.create(scene.event_id, Written(text, CONFIRMED, origin=origin), key=f"k{turn}", by=by(scene.anna))
        return "used"

    return answer(command)


def _test(turn: int, scene: Scene) -> str:
    def command() -> str:
        text, origin = revisions.snapshot(edit.find(scene.event_id, scene.designs[turn]), "published")
        wanted = Wanted(text, ("a@x.org",), origin=origin)
        test_sends.send(scene.event_id, wanted, key=f"k{turn}", terms=PLACE, by=by(scene.anna))
        return "tested"

    return answer(command)


def test_D3_a_deletion_against_a_use_leaves_no_message_without_its_design(
    settings: Settings, published: Scene, rows: Any
) -> None:
    rounds = race(settings.instance, [_delete, _use], ROUNDS, published)

    possible = {("None", InvalidInput.code), ("None", "NOT_FOUND"), (DesignInUse.code, "used")}
    assert {tuple(answers) for answers in rounds} <= possible
    used = [one for one, answers in zip(published.designs, rounds, strict=True) if answers[1] == "used"]
    assert [one.id for one in rows(Design)] == used
    assert sorted(one.design_id for one in rows(Mailing)) == used


def test_E1_a_deletion_against_a_test_leaves_no_test_of_a_design_that_is_gone(
    settings: Settings, published: Scene, rows: Any
) -> None:
    rounds = race(settings.instance, [_delete, _test], ROUNDS, published)

    assert {deleted for deleted, _ in rounds} == {"None"}  # a test holds nothing back
    assert {tested for _, tested in rounds} <= {"tested", InvalidInput.code, "NOT_FOUND"}
    assert rows(Design) == []
    assert {(one.design_id, one.design_digest) for one in rows(Mailing)} <= {(None, None)}
    assert len(rows(Mailing)) == [tested for _, tested in rounds].count("tested")


def _archive(turn: int, scene: Scene) -> str:
    return answer(lambda: lifecycle.archive(scene.event_id, scene.designs[turn], by(scene.oscar)))


def _send(turn: int, scene: Scene) -> str:
    def command() -> str:
        text, origin = revisions.snapshot(edit.find(scene.event_id, scene.designs[turn]), "published")
        message = Message(text, CONFIRMED, origin=origin)
        send.send(scene.event_id, message, key=f"k{turn}", terms=PLACE, by=by(scene.anna))
        return "sent"

    return answer(command)


def test_D3_an_archiving_against_a_send_leaves_a_whole_message_or_none(
    settings: Settings, published: Scene, add_guests: Any, rows: Any, count: Any
) -> None:
    add_guests(2)

    rounds = race(settings.instance, [_archive, _send], ROUNDS, published)

    assert {archived for archived, _ in rounds} == {"None"}
    assert {sent for _, sent in rounds} <= {"sent", DesignArchived.code}
    sent = [one for one, answers in zip(published.designs, rounds, strict=True) if answers[1] == "sent"]
    assert sorted((one.design_id, one.design_number) for one in rows(Mailing)) == [(one, 1) for one in sent]
    assert (count(Job), count(Recipient)) == (len(sent), 2 * len(sent))
    assert {one.body for one in rows(Content)} <= {WRITTEN["body"]}
    assert all(one.archived_at for one in rows(Design))
