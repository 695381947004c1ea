"""The mark: what may be handed over, decided in one commit."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from eventmail import clock as clock_
from eventmail.models import Recipient
from eventmail.providers.base import Accepted, Mail, Permanent
from eventmail.sending import claim, handover, outcome
from eventmail.sending.drain import _prepare
from eventmail.sending.handover import in_flight
from tests.support.recording import Recording
from tests.support.time import FrozenClock


def test_S11_what_another_worker_claimed_meanwhile_is_not_marked(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")
    slow = claim.claim(run.job, clock.now())
    clock.advance(seconds=claim.CLAIM_LEASE.total_seconds())
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(claim, "owner", lambda: "another:1:process")
        assert [claimed.id for claimed in claim.claim(run.job, clock.now())] == [claimed.id for claimed in slow]

    with in_flight.one_group():
        assert handover.begin(_prepare(run.job, provider, run.settings), slow) == []

    assert run.counts == {"queued": 2}


def test_S11_a_recipient_is_marked_once(send: Callable[..., Any], provider: Recording) -> None:
    run = send("a@guests.example.net")
    [claimed] = claim.claim(run.job, clock_.now())
    sending = _prepare(run.job, provider, run.settings)

    with in_flight.one_group():
        assert handover.begin(sending, [claimed]) == [claimed]
        assert handover.begin(sending, [claimed]) == []


def test_S11_what_another_worker_has_in_hand_by_now_is_not_settled_by_the_one_before(
    send: Callable[..., Any], provider: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = send("a@guests.example.net")
    sending = _prepare(run.job, provider, run.settings)
    with in_flight.one_group():
        [claimed] = handover.begin(sending, claim.claim(run.job, clock_.now()))
    told = handover.Result(claimed, sending.mail(claimed), Permanent("No such user"))

    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(outcome, "owner", lambda: "another:1:process")
        outcome.record(sending, provider, [told], clock_.now())

    assert run.counts == {"sending": 1}
    assert run.attempts == []


def test_S11_one_commit_records_a_group_and_marks_the_next_so_that_never_more_than_one_is_in_hand(
    send: Callable[..., Any], provider: Recording
) -> None:
    run = send(*(f"g{number:02}@guests.example.net" for number in range(50)))
    in_hand: list[int] = []
    provider.before = lambda _mail: in_hand.append(list(run.states.values()).count("sending"))

    run.drain(provider)

    assert in_hand == [20] * 40 + [10] * 10
    assert run.counts == {"sent": 50}


def test_S11_a_process_that_outlived_its_lease_begins_nothing_more(
    send: Callable[..., Any], provider: Recording
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net", "c@guests.example.net")
    claimed = claim.claim(run.job, clock_.now())

    def freeze(_mail: Mail) -> None:
        in_flight.deadline = 0.0

    provider.before = freeze
    sending = _prepare(run.job, provider, run.settings)
    with in_flight.one_group():
        going = handover.begin(sending, claimed)
        results = handover.hand_over(sending, provider, going, until=math.inf)

    assert provider.addresses == ["a@guests.example.net"]
    assert [result.outcome for result in results] == [Accepted("taken"), None, None]


def test_a_recipient_whose_address_cannot_stand_in_an_envelope_fails_and_the_others_go(
    send: Callable[..., Any], provider: Recording, writing: Callable[..., Any]
) -> None:
    run = send("a@guests.example.net", "b@guests.example.net")
    with writing() as tx:
        tx.query(Recipient).filter_by(address="a@guests.example.net").update({"email": "a@guests.example.net\r\nRCPT"})

    run.drain(provider)

    assert provider.addresses == ["b@guests.example.net"]
    assert run.states == {"a@guests.example.net": "failed", "b@guests.example.net": "sent"}
    run.assert_balanced()
