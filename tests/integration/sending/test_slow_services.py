"""A mail service that takes its time to be ready: nobody is marked, nobody waits for it, and it says so (S11a)."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

from flask import Flask

from eventmail.db import fresh
from eventmail.doctor import at_work
from eventmail.doctor.finding import Finding, Level
from eventmail.domain.mailings import control
from eventmail.domain.people import invitations
from eventmail.models import Recipient, Worker
from eventmail.models.account import Role
from eventmail.providers.base import Waits
from eventmail.sending import drain, heartbeat, progress
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.account_mail import ADA, PLACE
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

A, B = "a@guests.example.net", "b@guests.example.net"
GREET = "the mail server mail.example to greet"


class Slow(Recording):
    """It is at hand after it was asked so many times."""

    def __init__(self, asked_first: int = 10**9) -> None:
        super().__init__()
        self.asked_first = asked_first
        self.spared = 0

    def stands(self, who: str, seconds: float) -> bool:
        self.asked_first -= 1
        return self.asked_first < 0

    def spare(self, who: str) -> None:
        self.spared += 1

    def waits(self) -> Waits | None:
        return Waits(GREET, 90.0) if self.asked_first >= 0 else None


def test_S11a_while_a_connection_is_being_opened_nobody_is_claimed_or_marked(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    provider, run = Slow(), send(A, B)

    assert run.drain(provider) == clock.now() + drain.LOOK_AGAIN

    assert run.counts == {"queued": 2}
    assert [recipient.claim_owner for recipient in run.recipients] == [None, None]
    assert (provider.mails, run.attempts) == ([], [])


def test_S6_a_run_that_is_cancelled_meanwhile_leaves_nothing_and_needs_no_connection(send: Callable[..., Any]) -> None:
    provider, run = Slow(), send(A, B)
    run.drain(provider)

    control.cancel(run.mailing.event_id, run.mailing.id, seeding.acting())
    provider.asked_first = 0

    assert run.drain(provider) is None
    assert (run.counts, provider.mails, provider.spared) == ({"cancelled": 2}, [], 1)


def test_S11a_a_connection_that_ends_between_two_groups_leaves_the_second_in_the_queue(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    provider, run = Slow(asked_first=-1), send(*(f"guest{number}@guests.example.net" for number in range(25)))

    def ends_after_the_first(_mail: object) -> None:
        provider.asked_first = 10**9

    provider.before = ends_after_the_first

    assert run.drain(provider) == clock.now() + drain.LOOK_AGAIN
    assert run.counts == {"queued": 5, "sent": 20}
    assert {recipient.claim_owner for recipient in run.recipients} == {None}


def test_S11a_the_tracker_says_what_a_run_waits_for_and_since_when(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    provider, run = Slow(), send(A)
    run.drain(provider)
    heartbeat.beat(clock.now(), provider.waits())

    waits = progress.progress(run.mailing, clock.now()).waits
    assert waits == heartbeat.Waiting(GREET, clock.now() - timedelta(seconds=90))

    heartbeat.beat(clock.now(), Waits(GREET, 2.0))
    assert progress.progress(run.mailing, clock.now()).waits is None, "a moment is no news"

    heartbeat.beat(clock.now(), provider.waits())
    later = clock.advance(seconds=heartbeat.ALIVE.total_seconds() + 1)
    assert progress.progress(run.mailing, later).waits is None, "nobody knows what a dead worker waits for"
    assert fresh().query(Worker).count() == 1


def test_S11a_doctor_says_what_a_run_waits_for_and_since_when(
    send: Callable[..., Any], clock: FrozenClock, settings: Settings
) -> None:
    send(A)
    now = clock.advance(minutes=5)
    heartbeat.beat(now, Waits(GREET, 90.0))
    with closing(sqlite3.connect(settings.database)) as connection:
        found = at_work.waiting(connection, now, Finding("A worker is running"))
        heartbeat.beat(now, Waits(GREET, 30.0))
        assert at_work.waiting(connection, now, Finding("A worker is running")).level is Level.OK, (
            "not for a minute yet"
        )
    since = now - timedelta(seconds=90)
    assert found.what == f"No mail leaves: the worker is waiting for {GREET}, since {since:%Y-%m-%d %H:%M} UTC"
    assert found.level is Level.WRONG


def test_S11a_doctor_says_the_same_when_only_mails_about_accounts_wait(
    app: Flask, owner: Person, clock: FrozenClock, settings: Settings
) -> None:
    invitations.mail(ADA, Role.ORGANIZER, PLACE, seeding.acting(owner))
    now = clock.advance(minutes=5)
    heartbeat.beat(now, Waits(GREET, 90.0))
    with closing(sqlite3.connect(settings.database)) as connection:
        found = at_work.waiting(connection, now, Finding("A worker is running"))
        nobody = at_work.waiting(connection, now, at_work.worker(connection, now + timedelta(hours=1)))
    assert found.what.startswith(f"No mail leaves: the worker is waiting for {GREET}, since ")
    since = now - timedelta(minutes=5)
    what = f"1 mail to your team waits, the oldest since {since:%Y-%m-%d %H:%M} UTC, and nobody is sending"
    assert (nobody.what, nobody.level) == (what, Level.WRONG)


def test_S11a_a_run_with_nothing_due_opens_no_connection(send: Callable[..., Any]) -> None:
    provider, run = Slow(asked_first=0), send(A)
    assert run.drain(provider) is None
    provider.asked_first = 10**9
    assert run.drain(provider) is None
    assert provider.asked_first == 10**9


def test_S11a_one_turn_that_talks_to_a_slow_server_takes_up_one_thread(
    send: Callable[..., Any], clock: FrozenClock, monkeypatch: Any
) -> None:
    provider, run = Recording(), send(A)

    with drain._talking, monkeypatch.context() as patch:
        patch.setattr(drain, "TURN_SECONDS", 0.05)
        assert run.drain(provider) == clock.now()

    assert (run.counts, provider.mails) == ({"queued": 1}, [])
    assert fresh().query(Recipient.claim_owner).one() == (None,)
    assert run.drain(provider) is None
