"""Mailings to race for, and what must hold of them afterwards."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.models import Job, Mailing, Recipient, Reservation
from eventmail.providers.outbox import kept
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.scene import PEOPLE, ROUNDS, Scene, sent_each
from tests.support.seeding import Person


@pytest.fixture
def scene(app: Flask, event_id: int, organizer: Person) -> Scene:
    """Three guests, and a mailing to all of them for each round."""
    with app.app_context():
        seeding.add_guests(event_id, PEOPLE)
        return sent_each(Scene(event_id, organizer))


@pytest.fixture
def scene_of_one(app: Flask, event_id: int, organizer: Person) -> Scene:
    """A guest for each round, and a mailing to that one alone."""
    with app.app_context():
        people = tuple(seeding.add_guests(event_id, ROUNDS))
        return sent_each(Scene(event_id, organizer, people))


@pytest.fixture
def assert_sound(settings: Settings, rows: Callable[..., list[Any]]) -> Callable[..., None]:
    """assert_sound(): counters are the rows, the ledger balances, the outbox holds one mail of each who was sent to."""

    def look(*, mailed: frozenset[str] = frozenset({"sent"})) -> None:
        recipients: dict[int, list[Any]] = {mailing.id: [] for mailing in rows(Mailing)}
        for recipient in rows(Recipient):
            recipients[recipient.mailing_id].append(recipient)
        open_ = Counter[int]()
        mailing_of = {job.id: job.mailing_id for job in rows(Job)}
        for entry in rows(Reservation):
            assert entry.consumed + entry.refunded <= entry.reserved
            open_[mailing_of[entry.job_id]] += entry.reserved - entry.consumed - entry.refunded
        keys = []
        for mailing in rows(Mailing):
            theirs = recipients[mailing.id]
            by_state = Counter(recipient.state for recipient in theirs)
            assert {str(state): number for state, number in mailing.counts.items() if number} == by_state
            assert len(theirs) == mailing.recipient_count
            assert open_[mailing.id] == by_state["queued"] + by_state["sending"]
            keys += [f"{mailing.key}-{recipient.id}" for recipient in theirs if recipient.state in mailed]
        assert sorted(mail.key for mail in kept(settings.outbox)) == sorted(keys)

    return look
