"""A database that can't be written for longer than outcomes wait: doubt, named, and nobody twice."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from eventmail import tasks
from eventmail.db import fresh
from eventmail.providers.base import Mail
from eventmail.sending import claim, drain, outcome
from eventmail.sending.settle import settle
from tests.support.recording import Recording
from tests.support.time import FrozenClock

A, B = "a@guests.example.net", "b@guests.example.net"


def test_S5_what_left_and_could_not_be_noted_in_time_is_in_doubt_and_never_leaves_again(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "RECORD_SECONDS", 0.0)
    run = send(A, B)
    fresh().connection().exec_driver_sql("PRAGMA busy_timeout=1")
    with closing(sqlite3.connect(run.settings.database, isolation_level=None)) as other:

        def lock(mail: Mail) -> None:
            if mail.to == B:
                other.execute("BEGIN IMMEDIATE")

        provider.before = lock
        with pytest.raises(OperationalError):
            run.drain(provider)
        other.rollback()
    assert (run.counts, provider.addresses) == ({"sending": 2}, [A, B])

    clock.advance(seconds=claim.LEASE.total_seconds())
    settle(provider, clock.now())
    provider.before = lambda _mail: None

    assert run.drain(provider) is None
    assert (run.counts, provider.addresses) == ({"unknown": 2}, [A, B])
    run.assert_balanced()


def test_nothing_leaves_while_the_mark_can_not_be_written(send: Callable[..., Any], provider: Recording) -> None:
    run = send(A, B)
    fresh().connection().exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(OperationalError):
        run.drain(provider)

    assert (run.counts, provider.addresses) == ({"queued": 2}, [])
    assert run.drain(provider) is None  # the connection that refused is not asked again
    assert (run.counts, provider.addresses) == ({"sent": 2}, [A, B])


def test_a_turn_that_a_database_refused_is_taken_again(
    send: Callable[..., Any], provider: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run, real, refusals = send(A), drain.drain, iter([True, True])

    def refusing(*arguments: Any) -> Any:
        if next(refusals, False):
            raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))
        return real(*arguments)

    monkeypatch.setattr(drain, "drain", refusing)
    monkeypatch.setattr(tasks, "PAUSE_SECONDS", 0.0)

    assert tasks._turn(run.job_id, provider, run.settings) is None
    assert run.counts == {"sent": 1}
    assert caplog.text.count("a turn broke off, the database refused: database or disk is full") == 2
