"""What goes wrong beside mail: clocks, locks, faults of our own code, a full disk, guests who left meanwhile."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from eventmail import clock as clock_
from eventmail import records, tasks
from eventmail.db import fresh, transaction
from eventmail.domain import guests, runs
from eventmail.domain.merge import Place
from eventmail.domain.runs import Decision
from eventmail.errors import Permanent, QuotaExceeded, Refused, Transient, Unclear
from eventmail.models import Attempt, Guest, Job, Mailing, Recipient, Reservation
from eventmail.providers.base import Accepted, Mail
from eventmail.providers.outbox import Outbox, kept
from eventmail.records import Limits, reserve
from eventmail.sending import claim, outcome
from eventmail.sending.finish import finish
from eventmail.sending.settle import settle
from eventmail.sending.sweep import sweep
from eventmail.states import RecipientState
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")
PLACE = Place("https://mail.example.org", b"0" * 32, outside=False)


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the worker sees it coming."""


def raising(error: BaseException) -> Callable[[Mail], Accepted]:
    def answer(_mail: Mail) -> Accepted:
        raise error

    return answer


def many(number: int) -> list[str]:
    return [f"g{n:02}@guests.example.net" for n in range(number)]


# Faults of our own code


def test_S5_a_fault_of_the_connector_puts_one_mail_in_doubt_and_the_others_keep_their_outcome(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers[B] = raising(RuntimeError("a fault"))
    run = send(A, B, C)

    assert run.drain(provider) is None

    assert run.states == {A: "sent", B: "unknown", C: "sent"}
    assert provider.addresses == [A, B, C]
    assert run.recipients[1].last_error == "The hand-over broke off; nobody can say whether this mail left"
    run.assert_balanced()


def test_S5_a_connector_that_answers_for_too_few_leaves_one_in_doubt_not_all(send: Callable[..., Any]) -> None:
    class Silent(Recording):
        def hand_over(self, mails: Any, may_begin: Any) -> Iterator[Any]:  # type: ignore[override]
            yield from list(super().hand_over(mails, may_begin))[:1]

    run = send(A, B)

    run.drain(Silent())

    assert run.states == {A: "sent", B: "unknown"}


def test_a_guest_whose_mail_cannot_be_built_fails_and_does_not_hold_up_the_others(
    send: Callable[..., Any], provider: Recording, writing: Any
) -> None:
    run = send(A, B)
    with writing() as tx:
        tx.execute(update(Guest).where(Guest.address == A).values(attributes={"firstName": "x"}, first_name=b"\xff"))

    run.drain(provider)

    assert run.states == {A: "failed", B: "sent"}
    assert run.recipients[0].last_error == "This mail could not be put together"
    run.assert_balanced()


# The database


def test_S5_outcomes_that_meet_a_locked_database_are_recorded_when_it_is_free_again(
    send: Callable[..., Any], provider: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    run = send(A, B)
    fresh().connection().exec_driver_sql("PRAGMA busy_timeout=50")
    with closing(sqlite3.connect(run.settings.database, isolation_level=None)) as other:

        def lock(mail: Mail) -> None:
            if mail.to == B:
                other.execute("BEGIN IMMEDIATE")

        class Unlock(logging.Handler):
            def emit(self, _record: logging.LogRecord) -> None:
                other.rollback()

        provider.before = lock
        handler = Unlock()
        outcome.log.addHandler(handler)
        try:
            run.drain(provider)
        finally:
            outcome.log.removeHandler(handler)

    assert "outcomes could not be recorded yet" in caplog.text
    assert run.states == {A: "sent", B: "sent"}
    assert provider.addresses == [A, B]


# The clock


def test_S11_a_clock_set_back_does_not_let_the_leases_of_a_dead_worker_live_for_hours(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock
) -> None:
    run = send(*many(25))
    clock.advance(hours=4)
    provider.answers = {address: raising(Killed()) for address in many(1)}
    with pytest.raises(Killed):
        run.drain(provider)
    with transaction() as tx:  # the others were only claimed, by the one who died
        claimed = (Recipient.mailing_id == run.mailing_id, Recipient.state == "queued")
        tx.execute(update(Recipient).where(*claimed).values(claim_owner="x", claim_until=clock.now() + claim.LEASE))

    clock.advance(hours=-3)

    assert [waiting.due <= clock.now() for waiting in sweep(provider, clock.now())] == [True]
    assert run.counts == {"unknown": 20, "queued": 5}
    assert run.drain(provider) is None
    assert run.counts == {"unknown": 20, "sent": 5}


# Stopped and cancelled


def test_S12_a_refusal_is_met_once_and_the_claimed_are_not_tried_one_after_the_other(
    send: Callable[..., Any], provider: Recording
) -> None:
    provider.answers = {address: Refused("Authentication failed", code="535 5.7.8") for address in many(50)}
    run = send(*many(50))

    assert run.drain(provider) is None

    assert len(provider.mails) == 1
    assert run.counts == {"queued": 50}
    assert {(recipient.claim_owner, recipient.state) for recipient in run.recipients} == {(None, "queued")}


@pytest.mark.parametrize("death", [Unclear("lost"), Killed()], ids=["unclear", "killed"])
def test_S5_S6_doubt_in_a_cancelled_message_stays_doubt_where_keys_are_honoured(
    send: Callable[..., Any], clock: FrozenClock, event_id: int, organizer: Person, death: BaseException
) -> None:
    run = send(*many(21))
    provider = Recording(honours_keys=True, answers={many(1)[0]: raising(death)})
    if isinstance(death, Unclear):
        provider.answers = {many(1)[0]: death}

    def cancel(_mail: Mail) -> None:
        provider.before = lambda _mail: None
        assert runs.cancel(event_id, run.mailing_id, seeding.acting(organizer)) == 1

    provider.before = cancel
    try:
        run.drain(provider)
    except Killed:
        settle(provider, clock.advance(seconds=claim.LEASE.total_seconds()))

    in_doubt = 1 if isinstance(death, Unclear) else 20
    assert run.counts == {"unknown": in_doubt, "cancelled": 1, **({"sent": 19} if in_doubt == 1 else {})}
    run.assert_balanced()


def test_S6_who_was_deleted_during_hand_over_is_not_tried_again(
    send: Callable[..., Any], provider: Recording, clock: FrozenClock, event_id: int, organizer: Person, row: Any
) -> None:
    run = send(A)
    guest_id = row(Guest).id
    provider.answers[A] = Transient("later")

    def delete(_mail: Mail) -> None:
        guests.delete(event_id, guest_id, seeding.acting(organizer))

    provider.before = delete
    run.drain(provider)
    provider.before = lambda _mail: None
    assert run.counts == {"queued": 1}

    clock.advance(minutes=5)
    run.drain(provider)
    assert run.drain(provider) is None

    assert len(provider.mails) == 1
    assert run.counts == {"cancelled": 1}
    assert run.recipients[0].last_error == "guest deleted"
    run.assert_balanced()


def test_S8_a_deleted_guest_is_not_retried(
    send: Callable[..., Any], provider: Recording, event_id: int, organizer: Person, rows: Any
) -> None:
    provider.answers = {A: Permanent("full"), B: Permanent("full")}
    run = send(A, B)
    run.drain(provider)
    by = seeding.acting(organizer)
    guests.delete(event_id, rows(Guest)[0].id, by)
    provider.answers, provider.mails = {}, []

    again = runs.retry(event_id, run.mailing_id, PLACE, by)
    type(run)(run.app, run.settings, run.mailing_id, again).drain(provider)

    assert provider.addresses == [B]
    assert run.states == {A: "cancelled", B: "sent"}
    assert [(entry.reserved, entry.consumed, entry.refunded) for entry in rows(Reservation)] == [(2, 0, 2), (2, 1, 1)]


# Doubt and truth


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
        runs.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, place=PLACE, by=by)

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
        runs.decide(event_id, run.mailing_id, Decision.SEND_AGAIN, None, place=PLACE, by=by)
        with transaction() as tx:
            held = {"claim_owner": "another:1:process", "claim_until": clock.now() + claim.LEASE}
            records.move_recipients(tx, [], RecipientState.QUEUED, RecipientState.SENDING, **held)

    provider.before, provider.answers[A] = another_worker_hands_it_over_again, Transient("later")
    run.drain(provider)

    assert run.counts == {"sending": 1}
    assert run.recipients[0].claim_owner == "another:1:process"


# The schema


def test_the_database_takes_no_second_row_for_an_address_of_a_mailing(send: Callable[..., Any]) -> None:
    run = send(A)
    with (
        pytest.raises(IntegrityError, match=r"UNIQUE .*recipient\.mailing_id, recipient\.address"),
        transaction() as tx,
    ):
        tx.add(Recipient(mailing_id=run.mailing_id, address=A, email=A, state="queued", updated_at=clock_.now()))


def test_S2_the_database_takes_no_counters_that_do_not_add_up(send: Callable[..., Any]) -> None:
    run = send(A)
    for changes in ({"n_queued": 0}, {"n_sent": 1}, {"n_queued": 2, "n_sent": -1}):
        with pytest.raises(IntegrityError, match="counters"), transaction() as tx:
            tx.execute(update(Mailing).where(Mailing.id == run.mailing_id).values(changes))


def test_S9_the_database_takes_no_ledger_beyond_its_places(send: Callable[..., Any]) -> None:
    send(A)
    for changes in ({"consumed": 1, "refunded": 1}, {"consumed": 2, "refunded": -1}):
        with pytest.raises(IntegrityError, match="reservation"), transaction() as tx:
            tx.execute(update(Reservation).values(changes))


# Quota


def test_S9_places_that_were_reserved_for_later_count_in_their_own_window(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    run = send(A)
    limits = Limits(per_day=3)
    for places, hours in ((2, 0.0), (1, 30.0)):
        with transaction() as tx:
            job = _another_job(tx, run)
            reserve(tx, job, places, clock.now() + timedelta(days=10, hours=hours), limits)

    for hours, most in ((-1.0, 1), (-23.9, 1), (-25, 3), (7, 1), (24, 2), (53, 2), (54, 3)):
        with pytest.raises(QuotaExceeded) as refused, transaction() as tx:
            reserve(tx, _another_job(tx, run), 4, clock.now() + timedelta(days=10, hours=hours), limits)
        assert refused.value.detail == f"This needs 4 sends; {most} of 3 are left for this day. Nothing was queued."


def _another_job(tx: Any, run: Any) -> Any:
    job = Job(mailing_id=run.mailing_id, run=tx.query(Job).count() + 1, state="finished", request_id="r",
              created_at=clock_.now(), starts_at=clock_.now())  # fmt: skip
    tx.add(job)
    tx.flush()
    return job


# Rings


def test_a_job_that_is_rung_for_already_is_not_rung_for_again(
    send: Callable[..., Any], app: Flask, clock: FrozenClock
) -> None:
    run = send(A)
    for _ in range(3):
        tasks.ring(run.job_id)
        tasks.tick(app)

    assert [task.args for task in app.extensions["huey"].pending()] == [(run.job_id,)]


def test_a_ring_for_later_does_not_stand_in_for_one_now(
    send: Callable[..., Any], app: Flask, clock: FrozenClock
) -> None:
    run, due = send(A), clock.now() + timedelta(seconds=30)
    for _ in range(2):
        tasks._ring_at(app.extensions["ring"], run.job_id, due)
    for _ in range(2):
        tasks._ring_at(app.extensions["ring"], run.job_id, clock.now())

    etas = [task.eta for task in app.extensions["huey"].pending()]
    assert etas == [(due + timedelta(seconds=1)).replace(tzinfo=None), None]


# The outbox


def test_S4_a_full_disk_of_the_outbox_is_tried_again_and_leaves_no_half_mail(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    run = send(A, B)
    outbox = Outbox(run.settings.outbox)
    run.settings.outbox.write_text("a file stands where the folder belongs")
    run.drain(outbox)
    assert run.counts == {"queued": 2}
    assert run.mailing.last_error.startswith("The outbox could not be written")

    run.settings.outbox.unlink()
    clock.advance(minutes=1)
    run.drain(outbox)

    assert run.counts == {"sent": 2}
    assert len(kept(run.settings.outbox)) == 2
    assert sorted(path.suffix for path in run.settings.outbox.iterdir()) == [".eml", ".eml"]
