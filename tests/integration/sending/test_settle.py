"""What a dead worker left between the mark and the record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import Reservation
from eventmail.providers.base import Mail
from eventmail.sending import claim, heartbeat
from eventmail.sending.dead_worker_journal import WORDS
from eventmail.sending.settle import settle
from eventmail.sending.sweep import sweep
from tests.support.recording import Killed, Recording
from tests.support.time import FrozenClock


@pytest.fixture
def left_behind(send: Callable[..., Any], provider: Recording, clock: FrozenClock) -> Any:
    """A run whose worker died while handing over its second mail of three."""
    run = send("a@guests.example.net", "b@guests.example.net", "c@guests.example.net")

    def die_at_b(mail: Mail) -> None:
        if mail.to.startswith("b@"):
            raise Killed

    provider.before = die_at_b
    with pytest.raises(Killed):
        run.drain(provider)
    provider.before = lambda _mail: None
    return run


def test_S11_nothing_is_touched_while_the_lease_lasts(
    left_behind: Any, provider: Recording, clock: FrozenClock
) -> None:
    assert settle(provider, clock.advance(seconds=claim.LEASE.total_seconds() - 1)) == 0
    assert left_behind.counts == {"sending": 3}


def test_S5_after_the_lease_every_marked_recipient_is_in_doubt_and_explained(
    left_behind: Any, provider: Recording, clock: FrozenClock
) -> None:
    assert settle(provider, clock.advance(seconds=claim.LEASE.total_seconds())) == 3

    assert left_behind.counts == {"unknown": 3}
    assert {recipient.last_error for recipient in left_behind.recipients} == {WORDS}
    assert left_behind.attempts == [(address, 1, "unclear") for address in left_behind.states]
    left_behind.assert_balanced()


def test_S5_doubt_is_never_handed_over_again(left_behind: Any, provider: Recording, clock: FrozenClock) -> None:
    clock.advance(minutes=5)
    assert left_behind.drain(provider) is None

    assert provider.addresses == ["a@guests.example.net"]
    assert (left_behind.mailing.state, left_behind.job.state) == ("finished", "finished")


def test_S5_where_keys_are_honoured_the_same_key_goes_again(
    left_behind: Any, provider: Recording, clock: FrozenClock
) -> None:
    provider.honours_keys = True
    clock.advance(minutes=5)
    while left_behind.drain(provider) is not None:
        clock.advance(minutes=5)

    assert left_behind.counts == {"sent": 3}
    assert len({mail.key for mail in provider.mails}) == 3


def test_S5_a_worker_that_was_only_frozen_still_brings_the_true_answer(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")

    def counted_out_meanwhile(mail: Mail) -> None:
        if mail.to.startswith("a@"):
            settle(provider, clock.advance(minutes=1))

    provider.before = counted_out_meanwhile
    run.drain(provider)

    assert run.counts == {"sent": 2}
    assert run.attempts == [("a@guests.example.net", 1, "accepted"), ("b@guests.example.net", 1, "accepted")]
    run.assert_balanced()


def test_S11_claims_of_a_dead_worker_that_were_not_marked_are_taken_up_after_their_lease(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(claim, "owner", lambda: "another:1:process")
        assert len(claim.claim(run.job, clock.now())) == 2

    assert run.drain(provider) == clock.now() + claim.CLAIM_LEASE
    assert provider.addresses == []
    clock.advance(seconds=claim.CLAIM_LEASE.total_seconds())
    assert run.drain(provider) is None
    assert provider.addresses == ["a@guests.example.net", "b@guests.example.net"]


def test_the_sweep_names_every_running_job_and_when_it_has_work(
    left_behind: Any, send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    fresh = send("d@guests.example.net")

    waiting = {job.job_id: job.due for job in sweep(provider, clock.now())}

    assert set(waiting) == {left_behind.job_id, fresh.job_id}
    assert waiting[left_behind.job_id] == clock.now() + claim.LEASE
    assert waiting[fresh.job_id] <= clock.now()


def test_S11_a_long_hand_over_keeps_its_lease_while_the_process_lives(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send("a@guests.example.net")

    def slow(_mail: Mail) -> None:
        for _ in range(10):
            heartbeat.beat(clock.advance(seconds=10))
            settled.append(settle(provider, clock.now()))

    settled: list[int] = []
    provider.before = slow
    run.drain(provider)

    assert settled == [0] * 10
    assert run.counts == {"sent": 1}


def test_a_worker_counts_as_alive_for_a_while_after_its_last_sign(clock: FrozenClock) -> None:
    assert heartbeat.age(clock.now()) is None
    heartbeat.beat(clock.now())
    assert heartbeat.alive(clock.advance(seconds=heartbeat.ALIVE.total_seconds())) is True
    assert heartbeat.alive(clock.advance(seconds=1)) is False
    assert heartbeat.age(clock.now()) == (heartbeat.ALIVE + timedelta(seconds=1)).total_seconds()


def test_S11_a_message_whose_numbers_contradict_each_other_holds_up_no_other(
    left_behind: Any, send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    other = send("d@guests.example.net")
    with transaction() as tx:  # as no code of ours leaves it
        tx.execute(update(Reservation).where(Reservation.mailing_id == left_behind.mailing_id).values(refunded=3))
    run = [left_behind, other]

    def die(_mail: Mail) -> None:
        raise Killed

    provider.before = die
    with pytest.raises(Killed):
        other.drain(provider)

    clock.advance(minutes=1)
    waiting = sweep(provider, clock.now())

    assert [each.counts for each in run] == [{"sending": 3}, {"unknown": 4}]
    assert {each.job_id for each in waiting} == {each.job_id for each in run}
