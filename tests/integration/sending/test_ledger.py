"""What the database does not take: an address twice, counters and places that do not add up, more than the quota."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from eventmail import clock as clock_
from eventmail.db import transaction
from eventmail.errors import QuotaExceeded
from eventmail.models import Mailing, Recipient, Reservation
from eventmail.records import Limits, reserve
from tests.support.time import FrozenClock

A = "a@guests.example.net"


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
    for number, places, hours in ((2, 2, 0.0), (3, 1, 30.0)):
        with transaction() as tx:
            reserve(tx, _places(run, number, places, clock.now() + timedelta(days=10, hours=hours)), limits)

    for hours, most in ((-1.0, 1), (-23.9, 1), (-25, 3), (7, 1), (24, 2), (53, 2), (54, 3)):
        with pytest.raises(QuotaExceeded) as refused, transaction() as tx:
            reserve(tx, _places(run, 4, 4, clock.now() + timedelta(days=10, hours=hours)), limits)
        assert refused.value.detail == f"This needs 4 sends; {most} of 3 are left for this day. Nothing was queued."


def _places(run: Any, number: int, places: int, due_at: datetime) -> Reservation:
    """Places of a later run of the message, which has no job yet."""
    return Reservation(mailing_id=run.mailing_id, run=number, due_at=due_at, reserved=places)
