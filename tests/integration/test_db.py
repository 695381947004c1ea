"""The one way to write, the one writer of states, and what the schema itself makes impossible."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

from eventmail import clock, ids
from eventmail.db import fresh, move, transaction
from eventmail.db.paging import paginate
from eventmail.models import Content, Event, Guest, Job, Mailing, Recipient, Reservation, User
from eventmail.settings import Settings
from eventmail.states import RecipientState

pytestmark = pytest.mark.usefixtures("in_app")


@pytest.fixture
def _disk_is_not_waited_for() -> None:
    """Here it is."""


@pytest.fixture
def other(settings: Settings, event_id: int) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the same database, which does not wait."""
    with contextlib.closing(sqlite3.connect(settings.database, timeout=0, isolation_level=None)) as connection:
        yield connection


def add_mailing(tx: Session, event_id: int, **values: Any) -> Mailing:
    content = Content(
        event_id=event_id, subject="Doors open", preheader="", body="Hi", compiled="{}", hash=ids.token(), size=1,
        created_at=clock.now(),
    )  # fmt: skip
    tx.add(content)
    tx.flush()
    given: dict[str, Any] = {
        "event_id": event_id, "kind": "one_time", "state": "sending", "key": "k", "content_id": content.id,
        "audience": {}, "excluded": {}, "constants": {}, "reply_to": "", "recipient_count": 0,
        "created_at": clock.now(), **values,
    }  # fmt: skip
    mailing = Mailing(**given)
    tx.add(mailing)
    tx.flush()
    return mailing


def add_recipient(tx: Session, mailing: Mailing, address: str, state: str = "queued") -> Recipient:
    recipient = Recipient(mailing_id=mailing.id, address=address, email=address, state=state, updated_at=clock.now())
    tx.add(recipient)
    tx.flush()
    return recipient


def test_a_transaction_commits_what_was_changed_in_it(event_id: int, rows: Any) -> None:
    with transaction() as tx:
        tx.get_one(Event, event_id).title = "Spring Ball"
    assert [event.title for event in rows(Event)] == ["Spring Ball"]


def test_a_transaction_never_nests(event_id: int, rows: Any) -> None:
    def nested() -> None:
        with transaction() as tx:
            tx.get_one(Event, event_id).title = "Lost"
            with transaction():
                pass

    with pytest.raises(RuntimeError, match="pass tx on instead"):
        nested()
    assert [event.title for event in rows(Event)] == ["Fixture Gala"]


def test_a_transaction_can_follow_one_that_failed(event_id: int, rows: Any) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        raise ZeroDivisionError
    with transaction() as tx:
        tx.get_one(Event, event_id).title = "Spring Ball"
    assert [event.title for event in rows(Event)] == ["Spring Ball"]


@pytest.mark.parametrize("change", ["new", "dirty", "deleted"])
def test_a_transaction_refuses_changes_that_were_made_outside(change: str, event_id: int) -> None:
    session = fresh()
    if change == "new":
        session.add(User(name="X", email="x@organizers.example", address="x", role="owner", created_at=clock.now()))
    elif change == "dirty":
        session.get_one(Event, event_id).title = "Sneaked in"
    else:
        session.delete(session.get_one(Event, event_id))
    with pytest.raises(RuntimeError, match="changed outside"), transaction():
        pass


def test_a_transaction_holds_the_write_lock_from_its_first_line(other: sqlite3.Connection) -> None:
    with transaction(), pytest.raises(sqlite3.OperationalError, match="database is locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")  # and lets go of it at its end


def test_a_read_takes_no_lock(event_id: int, other: sqlite3.Connection) -> None:
    assert fresh().get_one(Event, event_id).title == "Fixture Gala"
    other.execute("BEGIN IMMEDIATE")


def test_a_read_before_a_transaction_does_not_spoil_it(event_id: int, other: sqlite3.Connection) -> None:
    fresh().get_one(Event, event_id)
    other.execute("UPDATE event SET location = 'Harbour'")
    with transaction() as tx:
        tx.get_one(Event, event_id).title = "Spring Ball"
    assert other.execute("SELECT title, location FROM event").fetchall() == [("Spring Ball", "Harbour")]


def test_what_was_loaded_before_is_read_again_inside(event_id: int, other: sqlite3.Connection) -> None:
    event = fresh().get_one(Event, event_id)
    other.execute("UPDATE event SET title = 'Changed meanwhile'")
    assert event.title == "Fixture Gala"
    with transaction() as tx:
        assert tx.get_one(Event, event_id).title == "Changed meanwhile"


def test_what_an_earlier_transaction_loaded_is_read_again_too(event_id: int, other: sqlite3.Connection) -> None:
    with transaction() as tx:
        kept = tx.get_one(Event, event_id)
    other.execute("UPDATE event SET title = 'Changed meanwhile'")
    assert kept.title == "Fixture Gala"
    with transaction() as tx:
        assert tx.get_one(Event, event_id).title == "Changed meanwhile"


def test_an_error_takes_everything_back(event_id: int, rows: Any) -> None:
    def failing() -> None:
        with transaction() as tx:
            tx.get_one(Event, event_id).title = "Lost"
            tx.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert [event.title for event in rows(Event)] == ["Fixture Gala"]
    assert fresh().get_one(Event, event_id).title == "Fixture Gala"


def test_a_lock_that_does_not_end_is_an_error_and_nothing_is_written(
    event_id: int, other: sqlite3.Connection, rows: Any
) -> None:
    fresh().connection().exec_driver_sql("PRAGMA busy_timeout=1")
    fresh().rollback()
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="database is locked"), transaction() as tx:
        tx.get_one(Event, event_id).title = "Lost"
    other.execute("ROLLBACK")
    assert [event.title for event in rows(Event)] == ["Fixture Gala"]


def test_a_commit_is_on_disk_and_foreign_keys_hold(event_id: int) -> None:
    connection = fresh().connection()
    asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked] == ["wal", 2, 1, 10_000]


def test_an_instant_comes_back_aware_and_in_utc(event_id: int, rows: Any) -> None:
    there = datetime(2027, 6, 19, 18, 0, tzinfo=timezone(timedelta(hours=2)))
    with transaction() as tx:
        tx.get_one(Event, event_id).updated_at = there
    assert rows(Event)[0].updated_at == there
    assert rows(Event)[0].updated_at.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused(event_id: int) -> None:
    with pytest.raises(StatementError, match="an instant needs a time zone"), transaction() as tx:
        tx.get_one(Event, event_id).updated_at = datetime(2027, 6, 19, 18, 0)  # noqa: DTZ001


def test_move_returns_only_the_ids_that_moved(event_id: int, rows: Any) -> None:
    with transaction() as tx:
        mailing = add_mailing(tx, event_id, recipient_count=3, n_queued=2, n_sent=1)
        states = {"a@x.example": "queued", "b@x.example": "sent", "c@x.example": "queued"}
        added = [add_recipient(tx, mailing, address, state).id for address, state in states.items()]
    with transaction() as tx:
        where = [Recipient.mailing_id == mailing.id]
        moved = move(tx, Recipient, where, RecipientState.QUEUED, RecipientState.SENDING, claim_owner="w1")
        again = move(tx, Recipient, where, RecipientState.QUEUED, RecipientState.SENDING, claim_owner="w2")
    assert (sorted(moved), again) == ([added[0], added[2]], [])
    assert [(row.state, row.claim_owner) for row in rows(Recipient)] == [
        ("sending", "w1"), ("sent", None), ("sending", "w1"),
    ]  # fmt: skip


def test_move_reaches_the_rows_that_were_asked_for_only(event_id: int, rows: Any) -> None:
    with transaction() as tx:
        mailing = add_mailing(tx, event_id, recipient_count=2, n_queued=2)
        first, _second = (add_recipient(tx, mailing, address) for address in ("a@x.example", "b@x.example"))
        move(tx, Recipient, [Recipient.id == first.id], RecipientState.QUEUED, RecipientState.CANCELLED)
    assert [row.state for row in rows(Recipient)] == ["cancelled", "queued"]


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        (RecipientState.SENT, RecipientState.QUEUED),
        (RecipientState.UNKNOWN, RecipientState.SENDING),
        (RecipientState.QUEUED, RecipientState.SENT),
        (RecipientState.CANCELLED, RecipientState.CANCELLED),
    ],
)
def test_move_refuses_a_move_that_the_machine_does_not_know(from_: RecipientState, to: RecipientState) -> None:
    with transaction() as tx, pytest.raises(ValueError, match=f"Recipient: {from_} may not become {to}"):
        move(tx, Recipient, [], from_, to)


@pytest.mark.parametrize(
    ("asked", "shown", "number"),
    [(1, [1, 2], 1), (2, [3, 4], 2), (3, [5], 3), (4, [5], 3), (10**9, [5], 3), (0, [1, 2], 1)],
)
def test_D2_a_page_past_the_end_shows_the_last(
    asked: int, shown: list[int], number: int, event_id: int, add_guests: Any
) -> None:
    add_guests(5)
    found = paginate(select(Guest.id).order_by(Guest.id), page=asked, size=2, row=lambda row: row[0])
    assert ([*found.items], found.number, found.pages, found.total) == (shown, number, 3, 5)


def test_an_empty_list_is_one_empty_page(event_id: int) -> None:
    found = paginate(select(Guest.id), page=7, size=2)
    assert (found.items, found.number, found.pages, found.total) == ([], 1, 1, 0)


def refused(because: str) -> Any:
    return pytest.raises(IntegrityError, match=because)


def test_S2_the_states_of_a_mailing_always_sum_to_its_snapshot(event_id: int) -> None:
    with refused("counters_add_up"), transaction() as tx:
        add_mailing(tx, event_id, recipient_count=2, n_queued=1)
    with refused("counters_add_up"), transaction() as tx:
        add_mailing(tx, event_id, recipient_count=2, n_queued=2).n_sent = 1
    with transaction() as tx:
        add_mailing(
            tx, event_id, recipient_count=28,
            n_queued=1, n_sending=2, n_sent=3, n_failed=4, n_unknown=5, n_suppressed=6, n_cancelled=7,
        )  # fmt: skip


@pytest.mark.parametrize("state", list(RecipientState))
def test_S2_no_state_counts_less_than_nobody(state: RecipientState, event_id: int) -> None:
    counts = {"n_queued": 1, "n_sent": 1, f"n_{state}": -1}
    with refused("counters_not_negative"), transaction() as tx:
        add_mailing(tx, event_id, recipient_count=sum(counts.values()), **counts)


def test_S1_an_address_stands_in_a_mailing_once(event_id: int) -> None:
    with transaction() as tx:
        mailing = add_mailing(tx, event_id, recipient_count=1, n_queued=1)
        add_recipient(tx, mailing, "ada@x.example")
    with refused(r"recipient\.mailing_id, recipient\.address"), transaction() as tx:
        add_recipient(tx, mailing, "ada@x.example")
    with transaction() as tx:
        add_recipient(tx, add_mailing(tx, event_id, key="other"), "ada@x.example")


def add_job(tx: Session, mailing: Mailing, **values: Any) -> Job:
    job = Job(
        **{
            "mailing_id": mailing.id,
            "run": 1,
            "state": "running",
            "request_id": "r",
            "created_at": clock.now(),
            "starts_at": clock.now(),
            **values,
        }
    )
    tx.add(job)
    tx.flush()
    return job


def test_H5_a_mailing_has_one_job_for_each_run(event_id: int) -> None:
    with transaction() as tx:
        mailing = add_mailing(tx, event_id)
        add_job(tx, mailing)
        add_job(tx, mailing, run=2)
    with refused(r"job\.mailing_id, job\.run"), transaction() as tx:
        add_job(tx, mailing)


@pytest.mark.parametrize(
    ("consumed", "refunded", "name"),
    [(3, 1, "balance"), (0, 4, "balance"), (-1, 0, "not_negative"), (0, -1, "not_negative")],
)
def test_S9_the_ledger_never_gives_out_more_than_was_reserved(
    consumed: int, refunded: int, name: str, event_id: int
) -> None:
    with transaction() as tx:
        job = add_job(tx, add_mailing(tx, event_id))
        tx.add(
            Reservation(mailing_id=job.mailing_id, run=job.run, due_at=clock.now(), reserved=3, consumed=2, refunded=1)
        )
    with refused(f"ck_reservation_{name}"), transaction() as tx:
        ledger = tx.scalars(select(Reservation)).one()
        ledger.consumed, ledger.refunded = consumed, refunded


@pytest.mark.parametrize(("model", "state"), [(Mailing, "lost"), (Job, "lost"), (Recipient, "lost")])
def test_a_state_that_the_machine_does_not_know_is_refused(model: type, state: str, event_id: int) -> None:
    with refused(r"ck_\w+_state"), transaction() as tx:
        mailing = add_mailing(tx, event_id, **({"state": state} if model is Mailing else {}))
        if model is Job:
            add_job(tx, mailing, state=state)
        add_recipient(tx, mailing, "ada@x.example", state)


def test_a_row_id_is_never_used_again(event_id: int, add_event: Any) -> None:
    second = add_event()
    with transaction() as tx:
        tx.delete(tx.get_one(Event, second))
    assert add_event() == second + 1
