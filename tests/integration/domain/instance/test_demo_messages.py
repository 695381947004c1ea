"""The demo's scheduled messages: what they are, that nothing leaves, and that repeating adds nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from eventmail import doctor, outbox, tasks
from eventmail.db import Base, fresh
from eventmail.doctor import Level
from eventmail.domain.instance import demo, demo_messages
from eventmail.domain.mailings import control, query, scheduled_list
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.domain.people import users
from eventmail.models import (
    AccountMail,
    Attempt,
    AuditEntry,
    Content,
    Event,
    Job,
    Mailing,
    Recipient,
    Reservation,
    Schedule,
)
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.web import Client, words
from tests.support.written import PLACE

VIP = ["ada.lovelace", "grace.hopper", "lior.cohen", "fatima.alzahrani", "misaki.sato", "nakamura"]
BORING = datetime(2026, 11, 2, 9, 30, 12, 345678, tzinfo=UTC)
TIMES = [
    BORING,
    datetime(2026, 10, 25, 3, 30, 0, tzinfo=UTC),  # the missed one was due when Berlin showed 02:30 again
    datetime(2026, 10, 24, 19, 30, 0, tzinfo=UTC),  # and so is the locked one
    datetime(2026, 3, 28, 19, 30, 0, tzinfo=UTC),  # that night, Berlin has no 02:30
]


@pytest.fixture(params=TIMES, ids=[f"{at:%Y-%m-%d %H:%M}" for at in TIMES])
def now(request: pytest.FixtureRequest, clock: FrozenClock) -> datetime:
    return clock.set(request.param)


def load(now: datetime) -> int:
    return demo.load(replace(seeding.acting(), now=now), PLACE).event_id


def messages(event_id: int) -> dict[str, tuple[Mailing, Schedule]]:
    """(mailing, schedule) by the first word of the subject that tells which it is."""
    rows = select(Content.subject, Mailing, Schedule).join(Mailing, Mailing.content_id == Content.id)
    found = fresh().execute(rows.join(Schedule, Schedule.mailing_id == Mailing.id).where(Mailing.event_id == event_id))
    names = {demo_messages.BEFORE.subject: "before", demo_messages.INSIDE.subject: "inside",
             demo_messages.PAST.subject: "past", demo_messages.FINISHED.subject: "finished"}  # fmt: skip
    return {names[subject]: (mailing, held) for subject, mailing, held in found}


def test_it_has_one_that_can_be_changed_one_that_is_locked_one_that_was_missed_and_one_that_went_out(
    now: datetime,
) -> None:
    event_id = load(now)
    found = messages(event_id)
    minute = timedelta(minutes=1)

    before, held = found["before"]
    assert before.state == "scheduled"
    assert timedelta(0) <= (before.send_at or now) - now - timedelta(days=14) <= minute
    assert held.edit_cutoff_at == (before.send_at or now) - timedelta(minutes=15)

    inside, held = found["inside"]
    assert inside.state == "scheduled"
    assert timedelta(0) <= (inside.send_at or now) - now - timedelta(hours=6) <= minute
    assert now - timedelta(hours=1) <= held.edit_cutoff_at < now

    past, held = found["past"]
    assert (past.state, held.not_sent) == ("missed", "late")
    assert timedelta(0) <= now - timedelta(hours=2) - (past.send_at or now) <= minute

    finished, held = found["finished"]
    assert (finished.state, finished.n_sent, held.not_sent) == ("finished", 6, None)
    assert (finished.send_at or now) < now - timedelta(days=6)


def test_each_goes_to_the_six_vips_and_is_written_by_the_organizer(now: datetime) -> None:
    event_id = load(now)
    organizer = users.find(demo.ORGANIZER)
    assert organizer
    for mailing, held in messages(event_id).values():
        listed = select(Recipient.address).where(Recipient.mailing_id == mailing.id).order_by(Recipient.id)
        assert fresh().scalars(listed).all() == [f"{name}@example.com" for name in VIP]
        assert (mailing.audience["segment_names"], mailing.created_by, held.scheduled_by, held.scheduled_count) == (
            ["VIP"], organizer.id, organizer.id, 6,
        )  # fmt: skip
        wall = datetime.fromisoformat(f"{held.wall}").replace(tzinfo=held.zone, fold=held.fold)
        assert (wall.astimezone(UTC), held.timezone) == (mailing.send_at, "Europe/Berlin")


def test_they_stand_in_every_group_of_the_list(clock: FrozenClock) -> None:
    event_id = load(clock.set(BORING))
    assert scheduled_list.summary(event_id, clock.now()).counts == dict.fromkeys(Group, 1)


def test_what_went_out_has_its_attempts_its_run_and_its_places_in_practice_mode(clock: FrozenClock) -> None:
    event_id = load(clock.set(BORING))
    finished, _ = messages(event_id)["finished"]
    job = query.last_job(finished.id)
    assert job
    assert (job.state, job.run, job.provider, job.answered, job.accepted) == ("finished", 1, "outbox", 6, 6)
    assert job.started_at == job.finished_at == finished.send_at == finished.created_at
    attempts = fresh().execute(
        select(Attempt.number, Attempt.provider, Attempt.outcome, func.count()).group_by(Attempt.outcome)
    )
    assert [tuple(row) for row in attempts] == [(1, "outbox", "accepted", 6)]
    held = fresh().scalars(select(Reservation).where(Reservation.mailing_id == finished.id)).one()
    assert (held.reserved, held.consumed, held.refunded, held.provider) == (6, 6, 0, "outbox")
    told = select(AuditEntry.actor, AuditEntry.action).where(AuditEntry.subject == f"mailing:{finished.id}")
    assert [tuple(row) for row in fresh().execute(told)] == [
        ("cli", "mailing.scheduled"),
        ("worker", "mailing.started"),
    ]


def test_nothing_leaves_for_six_hours_and_nobody_is_written_to(
    app: Flask, clock: FrozenClock, settings: Settings
) -> None:
    event_id = load(clock.set(BORING))
    states = {name: mailing.state for name, (mailing, _) in messages(event_id).items()}
    app.extensions["huey"].immediate = True
    for hours in (0, 5.999):
        clock.set(BORING + timedelta(hours=hours))
        tasks.tick(app)
    fresh().rollback()
    assert {name: mailing.state for name, (mailing, _) in messages(event_id).items()} == states
    assert fresh().scalars(select(AccountMail.id)).all() == []
    assert outbox.everything(settings.outbox) == []
    clock.set(BORING + timedelta(hours=6, minutes=1))
    tasks.tick(app)
    assert len([mail for mail in outbox.everything(settings.outbox) if mail.mailing_id]) == 6


def test_repeating_adds_no_message_and_changes_none(clock: FrozenClock) -> None:
    event_id = load(clock.set(BORING))
    by = seeding.acting()
    control.cancel(event_id, messages(event_id)["before"][0].id, by)
    tables: tuple[type[Base], ...] = (Mailing, Schedule, Recipient, Job, Reservation, Attempt, Content)
    numbers = [fresh().scalar(select(func.count()).select_from(table)) for table in tables]
    clock.advance(days=3)
    assert load(clock.now()) == event_id
    assert [fresh().scalar(select(func.count()).select_from(table)) for table in tables] == numbers
    assert messages(event_id)["before"][0].state == "cancelled"


def test_a_demo_of_before_there_were_messages_stays_as_it_is(
    clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(demo_messages, "add", lambda *_: None)
        event_id = load(clock.set(BORING))
    assert load(clock.now()) == event_id
    assert fresh().scalars(select(Mailing.id)).all() == []


def test_a_message_that_cannot_be_made_leaves_nothing_of_the_demo_behind(
    clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(demo_messages, "_send", broken)
    with pytest.raises(RuntimeError):
        load(clock.now())
    assert fresh().scalars(select(Event.id)).all() == []


def test_the_quota_and_a_mail_service_outside_do_not_keep_the_demo_from_loading(clock: FrozenClock) -> None:
    terms = replace(PLACE, outside=True, connected=True, limits=replace(PLACE.limits, per_day=1), hindrances=("No.",))
    event_id = demo.load(seeding.acting(), terms).event_id
    assert [mailing.recipient_count for mailing, _ in messages(event_id).values()] == [6] * 4


def test_doctor_finds_nothing_wrong_with_it_and_remarks_upon_the_missed_one(
    clock: FrozenClock, settings: Settings
) -> None:
    assert settings.secret
    load(clock.now())
    fresh().rollback()
    findings = doctor.examine(settings, clock.now())
    assert [finding.what for finding in findings if finding.level is Level.WRONG] == []
    assert len([finding for finding in findings if "Pictures of past galas" in finding.what]) == 1
    with closing(sqlite3.connect(settings.database)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_its_pages_can_be_opened(clock: FrozenClock, app: Flask, client_for: Callable[..., Client]) -> None:
    event_id = load(clock.now())
    organizer = users.find(demo.ORGANIZER)
    client = client_for(organizer)
    for mailing, _ in messages(event_id).values():
        page = client.get(f"/admin/events/{event_id}/mailings/{mailing.id}")
        assert page.status_code == 200
        assert "ada.lovelace@example.com" in words(page)
    assert "6 recipients" in words(client.get(f"/admin/events/{event_id}"))
