"""Doubt, and a true answer that comes after somebody counted it out."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import update

from eventmail import records
from eventmail.db import transaction
from eventmail.domain.mailings import control
from eventmail.domain.mailings.control import Decision
from eventmail.domain.terms import SendingTerms
from eventmail.models import Attempt, Recipient
from eventmail.providers.base import Mail, Transient
from eventmail.sending import claim
from eventmail.sending.finish import finish
from eventmail.sending.settle import settle
from eventmail.states import RecipientState
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

A = "a@guests.example.net"
PLACE = SendingTerms("https://mail.example.org", b"0" * 32, outside=False)


def test_S5_a_truth_that_comes_late_replaces_its_own_attempt_only(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, event_id: int, organizer: Person, rows: Any
) -> None:
    run = send(A)
    recipient_id = run.recipients[0].id

    def counted_out_and_tried_again(_mail: Mail) -> None:
        provider.before = lambda _mail: None
        settle(provider, clock.advance(minutes=1))
        with transaction() as tx:  # the next run had an unclear end too
            tx.execute(update(Recipient).values(attempts=2))
            tx.add(Attempt(**_unclear(recipient_id, clock)))

    provider.before = counted_out_and_tried_again
    run.drain(provider)

    assert run.counts == {"sent": 1}
    assert sorted(run.attempts) == [(A, 1, "accepted"), (A, 2, "unclear")]


def _unclear(recipient_id: int, clock: FrozenClock) -> dict[str, Any]:
    told = {"request_id": "r.2", "provider": "recording", "outcome": "unclear", "code": "", "detail": "lost"}
    return {"recipient_id": recipient_id, "number": 2, "at": clock.now(), **told}


def test_S5_a_decision_to_send_again_outlives_a_truth_that_comes_late(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, event_id: int, organizer: Person
) -> None:
    run = send(A)

    def counted_out_and_decided(_mail: Mail) -> None:
        provider.before = lambda _mail: None
        settle(provider, clock.advance(minutes=1))
        finish(run.job_id, clock.now())
        by = seeding.acting(organizer)
        control.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=by)

    provider.before = counted_out_and_decided
    run.drain(provider)

    assert run.counts == {"queued": 1}
    assert run.attempts == [(A, 1, "unclear")]


def test_S5_S11_a_late_outcome_does_not_touch_what_another_worker_has_in_hand(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, event_id: int, organizer: Person
) -> None:
    run = send(A)

    def another_worker_hands_it_over_again(_mail: Mail) -> None:
        settle(provider, clock.advance(minutes=1))
        finish(run.job_id, clock.now())
        by = seeding.acting(organizer)
        control.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, terms=PLACE, by=by)
        with transaction() as tx:
            held = {"claim_owner": "another:1:process", "claim_until": clock.now() + claim.LEASE}
            records.move_recipients(tx, [], RecipientState.QUEUED, RecipientState.SENDING, **held)

    provider.before, provider.answers[A] = another_worker_hands_it_over_again, Transient("later")
    run.drain(provider)

    assert run.counts == {"sending": 1}
    assert run.recipients[0].claim_owner == "another:1:process"
