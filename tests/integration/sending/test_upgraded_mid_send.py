"""An upgrade in the middle of a sending: who was sent to keeps the place, who waits is sent to, once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy.exc import IntegrityError

from eventmail import clock as clock_
from eventmail import migrations
from eventmail.db import db, fresh, transaction
from eventmail.models import Reservation
from eventmail.providers.base import Transient
from eventmail.records import Limits, reserve, usage
from tests.integration.sending.conftest import Run
from tests.support.recording import Recording
from tests.support.time import FrozenClock

A, B, C = (f"{name}@guests.example.net" for name in "abc")


def test_S9_a_message_that_is_upgraded_in_the_middle_of_its_sending_keeps_its_places(
    send: Callable[..., Run], clock: FrozenClock, tmp_path: Path
) -> None:
    run = send(A, B, C)
    run.drain(Recording(answers={B: Transient("later"), C: Transient("later")}))
    fresh().rollback()
    with db.engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT id, due_at, reserved, consumed, refunded FROM reservation").all()
        connection.rollback()
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")  # as for an upgrade, since a table that is copied would cascade
        command.downgrade(migrations.config(connection), "0021")
        connection.commit()
        assert connection.exec_driver_sql("SELECT job_id FROM reservation").all() == [(run.job_id,)]
        connection.rollback()
        columns, of_nobody = "job_id, due_at, reserved, consumed, refunded", (99, "2026-01-01 00:00:00", 1, 0, 0)
        driver.execute(f"INSERT INTO reservation ({columns}) VALUES (?, ?, ?, ?, ?)", of_nobody)  # a run that is gone
        driver.commit()
        driver.execute("PRAGMA foreign_keys=ON")
    migrations.upgrade(db.engine, tmp_path / "migration.lock")
    with db.engine.connect() as connection:
        after = connection.exec_driver_sql("SELECT id, due_at, reserved, consumed, refunded FROM reservation").all()
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert (after, [row[2:] for row in after]) == (before, [(3, 1, 0)])
    assert (run.reservation.run, run.reservation.provider) == (1, "outbox")

    clock.advance(hours=1)
    taken = Recording()
    run.drain(taken)

    assert taken.addresses == [B, C]
    run.assert_balanced()
    assert run.mailing.state == "finished"


def test_S9_a_run_holds_places_before_it_has_a_job(send: Callable[..., Run], clock: FrozenClock) -> None:
    run = send(A)
    later = Reservation(mailing_id=run.mailing_id, run=2, due_at=clock.now(), reserved=4)
    with transaction() as tx:
        reserve(tx, later, Limits(per_day=5))
    window = usage(fresh(), 5, timedelta(days=1), clock.now())
    assert (window.reserved, window.left) == (5, 0)

    run.drain(Recording())

    assert run.states == {A: "sent"}
    fresh().rollback()
    ledger = [(entry.run, entry.reserved, entry.consumed) for entry in fresh().query(Reservation).order_by("run")]
    assert ledger == [(1, 1, 1), (2, 4, 0)]  # a mail is booked on the run that sent it


def test_S9_a_run_holds_its_places_once(send: Callable[..., Run]) -> None:
    run = send(A)
    with (
        pytest.raises(IntegrityError, match=r"UNIQUE .*reservation\.mailing_id, reservation\.run"),
        transaction() as tx,
    ):
        tx.add(Reservation(mailing_id=run.mailing_id, run=1, due_at=clock_.now(), reserved=1))
