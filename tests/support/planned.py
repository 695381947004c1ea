"""Scheduled messages of a race: one is due in each round, by clocks that the processes of the race set."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app

from eventmail import clock
from eventmail.domain.mailings import schedule
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.domain.terms import SendingTerms
from eventmail.errors import DomainError
from eventmail.models import Content, Job, Mailing, Recipient, Reservation, Schedule
from eventmail.sending import due
from tests.support.scene import PEOPLE, ROUNDS, Scene

FIRST = datetime(2027, 6, 1, 9, 0, tzinfo=UTC)  # due in the first round
SECOND = timedelta(seconds=1)
LATER = timedelta(days=1)  # beyond all rounds
TEXT = Text("Doors at six", "", "Hi {guest.firstName}")
EVERYBODY = {"statuses": ["confirmed"]}


def due_in(turn: int) -> datetime:
    """When the message of a round is due."""
    return FIRST + turn * timedelta(minutes=1)


def plan(at: datetime) -> Plan:
    """The plan for that instant."""
    return Plan(f"{at:%Y-%m-%dT%H:%M:%S}", "UTC")


PLANS = [plan(due_in(turn)) for turn in range(ROUNDS)]


def terms(scene: Scene, cutoff: timedelta = timedelta(0)) -> SendingTerms:
    """The terms of the scene; a message is locked so long before its time."""
    return replace(scene.terms, edit_cutoff=cutoff)


def set_clock(at: datetime) -> None:
    """From now on it is `at` in this process."""
    clock.now = lambda: at


def scheduled(scene: Scene, plans: Sequence[Plan], cutoff: timedelta = timedelta(0)) -> Scene:
    """A message to everybody for each of `plans`, locked so long before its time."""
    made = [
        schedule.create(scene.event_id, Message(TEXT, EVERYBODY, plan=one), key=f"round-{turn}",
                        terms=terms(scene, cutoff), by=scene.by)
        for turn, one in enumerate(plans)
    ]  # fmt: skip
    return replace(scene, mailings=tuple(sent.mailing_id for sent in made))


def start(turn: int, scene: Scene) -> list[int]:
    """What the worker does when the message of a round is due: the runs it begins."""
    set_clock(due_in(turn))
    return due.start_all(terms(scene), current_app.extensions["settings"])


def code_of(command: Callable[[], object]) -> str:
    """The code of the refusal, “done” without one."""
    try:
        command()
    except DomainError as refusal:
        return refusal.code
    return "done"


@contextmanager
def complaints() -> Iterator[list[str]]:
    """What this process logs meanwhile as a warning or worse."""
    ear = _Ear(logging.WARNING)
    logging.getLogger("eventmail").addHandler(ear)
    try:
        yield ear.heard
    finally:
        logging.getLogger("eventmail").removeHandler(ear)


class _Ear(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@dataclass(frozen=True)
class Told:
    """All that the rows say of one scheduled message: `places` as (reserved, consumed, refunded, due at)."""

    state: str
    not_sent: str | None
    subject: str
    audience: dict[str, list[str]]
    send_at: datetime
    cutoff: datetime
    revision: int
    counted: int
    to: dict[str, str]
    places: tuple[int, int, int, datetime]
    jobs: tuple[tuple[str, datetime], ...] = ()


def told(rows: Callable[..., list[Any]]) -> dict[int, Told]:
    """What the rows say of every message that was ever scheduled, by its id."""
    subjects = {content.id: content.subject for content in rows(Content)}
    held = {one.mailing_id: one for one in rows(Schedule)}
    places = {entry.mailing_id: entry for entry in rows(Reservation)}
    to: dict[int, dict[str, str]] = {id_: {} for id_ in held}
    jobs: dict[int, tuple[tuple[str, datetime], ...]] = dict.fromkeys(held, ())
    for recipient in rows(Recipient):
        to[recipient.mailing_id][recipient.address] = recipient.state
    for job in rows(Job):
        jobs[job.mailing_id] += ((job.state, job.starts_at),)
    return {
        mailing.id: Told(
            mailing.state, one.not_sent, subjects[mailing.content_id], mailing.audience, mailing.send_at,
            one.edit_cutoff_at, one.revision, one.scheduled_count, to[mailing.id],
            (entry.reserved, entry.consumed, entry.refunded, entry.due_at), jobs[mailing.id],
        )
        for mailing in rows(Mailing, Mailing.id.in_(held))
        for one, entry in [(held[mailing.id], places[mailing.id])]
    }  # fmt: skip


def begun(before: Told, at: datetime) -> Told:
    """The same message to the same people after its run began."""
    return replace(before, state="sending", places=(PEOPLE, 0, 0, at), jobs=(("running", at),))
