"""What a connection remembers of the database, and that any change makes it forget."""

import contextlib
import itertools
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from eventmail import clock
from eventmail.db import fresh, remembered, transaction
from eventmail.domain.guests import edit, filters
from eventmail.domain.guests.filters import Filter
from eventmail.models import Pace
from eventmail.settings import Settings
from tests.support import seeding

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def asked() -> Callable[[], int]:
    """How often the answer was really looked up, told by the answer itself."""
    times = itertools.count(1)
    return lambda: remembered(fresh(), "asked", lambda: next(times))


def write() -> None:
    with transaction() as tx:
        tx.add(Pace(empty_until=clock.now()))


def test_the_same_database_is_asked_once(asked: Callable[[], int]) -> None:
    assert [asked(), asked()] == [1, 1]
    fresh().rollback()
    assert asked() == 1


def test_a_change_of_our_own_is_noticed(asked: Callable[[], int]) -> None:
    asked()
    write()
    assert [asked(), asked()] == [2, 2]


def test_a_change_by_another_process_is_noticed_with_the_next_snapshot(
    asked: Callable[[], int], settings: Settings
) -> None:
    asked()
    with contextlib.closing(sqlite3.connect(settings.database)) as other, other:
        other.execute("INSERT INTO pace (empty_until) VALUES ('2026-01-01 00:00:00')")
    assert asked() == 1  # a snapshot is read to its end
    fresh().rollback()
    assert [asked(), asked()] == [2, 2]


def test_what_is_asked_inside_a_transaction_is_not_kept(asked: Callable[[], int]) -> None:
    with transaction() as tx:
        tx.add(Pace(empty_until=clock.now()))
        tx.flush()
        assert [asked(), asked()] == [1, 2]
        tx.rollback()
    assert [asked(), asked()] == [3, 3]


def test_the_counts_of_the_guest_list_are_those_of_now(event_id: int, count_queries: Any) -> None:
    guest_id = seeding.add_guest(event_id, status="invited")
    assert filters.counts(event_id)[Filter.INVITED] == 1
    with count_queries() as queries:
        assert filters.counts(event_id)[Filter.INVITED] == 1
    assert list(queries) == []
    edit.edit(event_id, guest_id, {"status": "confirmed"}, seeding.acting())
    assert filters.counts(event_id)[Filter.INVITED] == 0
    other = seeding.add_event()
    assert filters.counts(other)[Filter.ALL] == 0
