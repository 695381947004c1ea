"""Organizers who change a scheduled message, against its start, its cutoff and each other: a hundred rounds each.

Started together at a barrier. Each process has a clock of its own: an organizer's stands a second before the message is
due and locked, so that the rows alone decide who was first.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

import eventmail.clock
from eventmail.db import transaction
from eventmail.domain.mailings import schedule, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import DraftText, Event, Mailing, Schedule
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.planned import (
    EVERYBODY,
    FIRST,
    LATER,
    SECOND,
    Told,
    begun,
    code_of,
    due_in,
    plan,
    scheduled,
    set_clock,
    start,
    terms,
    told,
)  # fmt: skip
from tests.support.processes import race
from tests.support.scene import PEOPLE, ROUNDS, Scene
from tests.support.seeding import Person

CUTOFF = timedelta(minutes=15)
STARTS = datetime(2027, 6, 19, 16, 0, tzinfo=UTC)  # of the Fixture Gala
NEW, NEWER = Text("Doors at <b>seven</b>", "", "Hi {guest.firstName}"), Text("Doors at eight", "", "Hi")


def _new(scene: Scene, text: Text, at: datetime, guest: int = 0) -> Message:
    """Another text, to one guest alone, at another time."""
    return Message(text, {"guests": [str(scene.guests[guest])]}, plan=plan(at))


def _change(turn: int, scene: Scene, message: Message, revision: int | None = None) -> str:
    id_ = scene.mailings[turn]
    return code_of(
        lambda: schedule.change(scene.event_id, id_, message, terms=terms(scene), by=scene.by, revision=revision)
    )


def _edit(turn: int, scene: Scene) -> str:
    set_clock(due_in(turn) - SECOND)
    return _change(turn, scene, _new(scene, NEW, due_in(turn) + LATER))


def _start(turn: int, scene: Scene) -> int:
    return len(start(turn, scene))


def _compile_and_start(turn: int, scene: Scene) -> int:
    """An edit compiles its text first; this process takes as long, so that both arrive together."""
    send.prepare(scene.event_id, _new(scene, NEW, due_in(turn)), terms(scene))
    return _start(turn, scene)


def _edited(before: Told, text: Text, at: datetime, guest: int, cutoff: timedelta = timedelta(0)) -> Told:
    address = f"guest-{guest:03}@guests.example.net"
    picked = {**{part: [] for part in before.audience}, "guests": [str(guest)]}
    return replace(before, subject=text.subject, audience=picked, send_at=at, cutoff=at - cutoff, revision=2, counted=1,
                   to={address: "queued"}, places=(1, 0, 0, at))  # fmt: skip


def test_H3_H5_an_edit_against_the_start_one_of_them_wins_whole(
    settings: Settings, planned: Scene, rows: Any, assert_sound: Any
) -> None:
    before = told(rows)

    rounds = race(settings.instance, [_edit, _compile_and_start], ROUNDS, planned)

    after = told(rows)
    assert {tuple(answers) for answers in rounds} <= {("done", 0), ("PAST_EDIT_WINDOW", 1)}
    for turn, ([edit, _], mailing) in enumerate(zip(rounds, planned.mailings, strict=True)):
        was, at = before[mailing], due_in(turn)
        assert after[mailing] == (_edited(was, NEW, at + LATER, 1) if edit == "done" else begun(was, at))
    assert_sound()


def _edit_first(turn: int, scene: Scene) -> str:
    set_clock(due_in(turn) - SECOND)
    return _change(turn, scene, _new(scene, NEW, due_in(turn), 1), revision=1)


def _edit_second(turn: int, scene: Scene) -> str:
    set_clock(due_in(turn) - SECOND)
    return _change(turn, scene, _new(scene, NEWER, due_in(turn) + LATER, 2), revision=1)


def test_H3_two_edits_of_one_revision_one_of_them_is_kept_whole(
    settings: Settings, planned: Scene, rows: Any, assert_sound: Any
) -> None:
    before = told(rows)

    rounds = race(settings.instance, [_edit_first, _edit_second], ROUNDS, planned)

    after = told(rows)
    assert [sorted(answers) for answers in rounds] == [["STALE_REVISION", "done"]] * ROUNDS
    for turn, ([first, _], mailing) in enumerate(zip(rounds, planned.mailings, strict=True)):
        text, at, guest = (NEW, due_in(turn), 2) if first == "done" else (NEWER, due_in(turn) + LATER, 3)
        assert after[mailing] == _edited(before[mailing], text, at, guest)
    assert_sound()


@dataclass(frozen=True)
class Clock:
    """One clock for all processes of a race, in a file. It goes from one cutoff to the next."""

    file: Path

    def now(self) -> datetime:
        return datetime.fromisoformat(self.file.read_text())

    def set(self, at: datetime) -> None:
        draft = self.file.with_suffix(".new")
        draft.write_text(at.isoformat())
        draft.replace(self.file)


@pytest.fixture
def locked(planned: Scene, writing: Callable[[], Any]) -> Scene:
    """As `planned`; each message is locked a quarter of an hour before its time."""
    with writing() as tx:
        for held in tx.scalars(select(Schedule)):
            held.edit_cutoff_at -= CUTOFF
    return planned


def _edit_by_the_clock(turn: int, told: tuple[Scene, Clock]) -> str:
    scene, the_clock = told
    eventmail.clock.now = the_clock.now
    message = _new(scene, NEW, due_in(turn) + LATER)
    return code_of(
        lambda: schedule.change(scene.event_id, scene.mailings[turn], message, terms=terms(scene, CUTOFF), by=scene.by)
    )


def _cutoff_passes(turn: int, told: tuple[Scene, Clock]) -> int:
    """The cutoff is there while nobody can write; returns the revision until then."""
    scene, the_clock = told
    eventmail.clock.now = the_clock.now
    send.prepare(scene.event_id, _new(scene, NEW, due_in(turn)), terms(scene))
    with transaction() as tx:
        revision: int = tx.scalars(select(Schedule.revision).where(Schedule.mailing_id == scene.mailings[turn])).one()
        the_clock.set(due_in(turn) - CUTOFF)
    return revision


def test_H3_an_edit_against_its_cutoff_is_in_time_or_changes_nothing(
    settings: Settings, locked: Scene, rows: Any, assert_sound: Any, tmp_path: Path
) -> None:
    the_clock = Clock(tmp_path / "clock")
    the_clock.set(FIRST - CUTOFF - SECOND)
    before = told(rows)

    rounds = race(settings.instance, [_edit_by_the_clock, _cutoff_passes], ROUNDS, (locked, the_clock))

    after = told(rows)
    assert {tuple(answers) for answers in rounds} <= {("done", 2), ("PAST_EDIT_WINDOW", 1)}
    for turn, ([edit, _], mailing) in enumerate(zip(rounds, locked.mailings, strict=True)):
        was, later = before[mailing], due_in(turn) + LATER
        assert after[mailing] == (_edited(was, NEW, later, 1, CUTOFF) if edit == "done" else was)
    assert_sound()


def _reopen(turn: int, scene: Scene) -> str:
    set_clock(due_in(turn) - SECOND)
    return code_of(lambda: schedule.reopen(scene.event_id, scene.mailings[turn], scene.by))


def test_H3_to_write_it_anew_against_the_start_leaves_a_draft_or_a_run(
    settings: Settings, planned: Scene, rows: Any, assert_sound: Any
) -> None:
    before = told(rows)

    rounds = race(settings.instance, [_reopen, _start], ROUNDS, planned)

    after = told(rows)
    assert {tuple(answers) for answers in rounds} <= {("done", 0), ("ALREADY_SENT", 1)}
    for turn, ([reopened, _], mailing) in enumerate(zip(rounds, planned.mailings, strict=True)):
        was, at = before[mailing], due_in(turn)
        cancelled = replace(was, state="cancelled", to=dict.fromkeys(was.to, "cancelled"), places=(3, 0, 3, at))
        assert after[mailing] == (cancelled if reopened == "done" else begun(was, at))
    written = sum(1 for reopened, _ in rounds if reopened == "done")
    drafts = [draft.id for draft in rows(Mailing, Mailing.state == "draft")]
    assert (len(drafts), [text.mailing_id for text in rows(DraftText)]) == (written, drafts)
    assert_sound()


@pytest.fixture
def moved(event_id: int, organizer: Person, staged: Callable[..., Scene]) -> Scene:
    """As `planned`, relative to the start of the event, which has moved to the next day since."""

    def make() -> Scene:
        guests = seeding.add_guests(event_id, PEOPLE)
        minutes = [int((due_in(turn) - STARTS).total_seconds() // 60) for turn in range(ROUNDS)]
        plans = [Plan(relative={"anchor": "starts", "minutes": number}) for number in minutes]
        scene = scheduled(Scene(event_id, organizer, tuple(guests)), plans)
        day_after = {"starts_wall": datetime(2027, 6, 20, 18), "ends_wall": datetime(2027, 6, 20, 23)}  # noqa: DTZ001
        with transaction() as tx:
            tx.execute(update(Event).where(Event.id == event_id).values(**day_after))
        return scene

    return staged("scheduled-and-moved", make)


def _accept(turn: int, scene: Scene) -> str:
    set_clock(due_in(turn) - SECOND)
    return code_of(
        lambda: schedule.accept(scene.event_id, scene.mailings[turn], terms(scene), scene.by, due_in(turn) + LATER)
    )


def test_H6a_to_take_the_new_time_against_the_old_one_moves_it_or_finds_it_missed(
    settings: Settings, moved: Scene, rows: Any, assert_sound: Any
) -> None:
    before = told(rows)

    rounds = race(settings.instance, [_accept, _start], ROUNDS, moved)

    after = told(rows)
    assert {tuple(answers) for answers in rounds} <= {("done", 0), ("PAST_EDIT_WINDOW", 0)}
    for turn, ([accepted, _], mailing) in enumerate(zip(rounds, moved.mailings, strict=True)):
        was, new = before[mailing], due_in(turn) + LATER
        taken = replace(was, send_at=new, cutoff=new, revision=2, places=(PEOPLE, 0, 0, new))
        missed = replace(was, state="missed", not_sent="event_moved")
        assert after[mailing] == (taken if accepted == "done" else missed)
    assert_sound()


def _schedule(turn: int, scene: Scene) -> tuple[int, bool]:
    set_clock(FIRST - LATER)
    message = Message(NEW, EVERYBODY, plan=plan(due_in(turn)))
    sent = schedule.create(scene.event_id, message, key=f"pressed-{turn}", terms=terms(scene), by=scene.by)
    return sent.mailing_id, sent.replayed


def test_S1_schedule_pressed_twice_is_one_message(
    settings: Settings, planned: Scene, rows: Any, assert_sound: Any
) -> None:
    rounds = race(settings.instance, _schedule, ROUNDS, planned)

    assert [one[0] == other[0] for one, other in rounds] == [True] * ROUNDS
    assert [sorted([one[1], other[1]]) for one, other in rounds] == [[False, True]] * ROUNDS
    after = told(rows)
    assert sorted(after) == sorted([*planned.mailings, *(one[0] for one, _ in rounds)])
    assert [after[one[0]].send_at for one, _ in rounds] == [due_in(turn) for turn in range(ROUNDS)]
    assert_sound()
