"""A clock that was set back by an hour: what was written before does not make anybody wait for that hour."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from eventmail.db import transaction
from eventmail.models import Worker
from eventmail.providers.base import Transient
from eventmail.sending import drain, heartbeat, pace
from tests.support.recording import Recording
from tests.support.time import FrozenClock

A, B = "a@guests.example.net", "b@guests.example.net"


def is_due(run: Any, clock: FrozenClock) -> bool:
    due = drain.next_due(run.job_id)
    return due is not None and due <= clock.now()


def test_S4_a_retry_that_was_due_soon_is_due_at_once(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send(A)
    clock.advance(seconds=30)
    provider.answers = {A: Transient("Later", code="451", retry_after=120)}
    run.drain(provider)
    assert run.counts == {"queued": 1}
    provider.answers = {}

    clock.advance(hours=-1)

    assert is_due(run, clock)
    assert run.drain(provider) is None
    assert (run.counts, provider.addresses) == ({"sent": 1}, [A, A])


def test_S4_a_retry_keeps_its_distance_while_the_clock_goes_on(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send(A)
    clock.advance(seconds=30)
    provider.answers = {A: Transient("Later", code="451", retry_after=3600)}
    run.drain(provider)
    due = clock.now() + timedelta(hours=1)

    clock.advance(seconds=-30)  # as a clock that is put right now and then

    assert drain.next_due(run.job_id) == due
    run.drain(provider)
    assert provider.addresses == [A]


def test_S7_an_undo_period_does_not_last_for_hours(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send(A, B)
    clock.advance(seconds=-30)
    run.drain(provider)
    assert provider.addresses == []

    clock.advance(hours=-1)

    assert is_due(run, clock)
    run.drain(provider)
    assert provider.addresses == [A, B]


def test_S10_the_pace_goes_on(clock: FrozenClock, in_app: object) -> None:
    pace.take(1, 5.0, clock.now())

    clock.advance(hours=-1)

    assert [pace.take(9, 5.0, clock.now()) for _ in range(2)] == [(0, 0.2), (0, 0.2)]
    clock.advance(seconds=1)
    assert pace.take(9, 5.0, clock.now())[0] == 1


def test_T1_a_worker_that_died_before_is_not_alive_for_an_hour(clock: FrozenClock, in_app: object) -> None:
    with transaction() as tx:
        tx.add(Worker(owner="dead", started_at=clock.now(), seen_at=clock.now()))
    assert heartbeat.alive(clock.now())

    clock.advance(hours=-1)

    assert not heartbeat.alive(clock.now())
    heartbeat.beat(clock.now())
    assert heartbeat.age(clock.now()) == 0
