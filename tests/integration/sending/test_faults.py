"""What goes wrong beside mail: faults of our own code, locks, a clock set back, a full disk."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import fresh, transaction
from eventmail.models import Guest, Recipient
from eventmail.providers import registry
from eventmail.providers.base import Mail
from eventmail.providers.outbox import kept
from eventmail.sending import claim, outcome
from eventmail.sending.sweep import sweep
from tests.support.recording import Killed, Recording, raising
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")


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


# The outbox


def test_S4_a_full_disk_of_the_outbox_is_tried_again_and_leaves_no_half_mail(
    send: Callable[..., Any], clock: FrozenClock
) -> None:
    run = send(A, B)
    outbox = registry.opened(run.settings)
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
