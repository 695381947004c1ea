"""Migrating a database in use: every message and all that hangs on it stays, although tables are copied on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from eventmail import migrations
from tests.support.old_database import old_database

ROWS: dict[str, dict[str, Any]] = {
    "mailing": {
        "event_id": 1, "kind": "one_time", "state": "finished", "content_id": 1, "audience": "{}", "excluded": "{}",
        "constants": "{}", "reply_to": "", "recipient_count": 1, "created_at": "now", "n_queued": 0, "n_sending": 0,
        "n_sent": 1, "n_failed": 0, "n_unknown": 0, "n_suppressed": 0, "n_cancelled": 0,
    },
    "recipient": {
        "address": "a@x.org", "email": "a@x.org", "state": "sent", "attempts": 1, "tries": 1, "updated_at": "now",
    },
    "job": {"run": 1, "state": "finished", "request_id": "r", "created_at": "now", "starts_at": "now"},
    "reservation": {"due_at": "now", "reserved": 1, "consumed": 1, "refunded": 0},
    "attempt": {
        "number": 1, "request_id": "r", "provider": "outbox", "outcome": "accepted", "code": "", "detail": "",
        "at": "now",
    },
    "idempotency_record": {"scope": "s", "body_hash": "h", "status": 202, "answer": "{}", "created_at": "now"},
    "exclusion": {"reason": "suppressed"},
}  # fmt: skip
OWN = {
    "mailing": ("key",),
    "reservation": ("job_id", "mailing_id", "run"),
    "attempt": ("recipient_id",),
    "idempotency_record": ("key", "mailing_id"),
}
EVENT = {
    "id": 1, "title": "Gala", "description": "", "location": "", "timezone": "UTC", "url": "", "sender_name": "",
    "reply_to": "", "restricted": 0, "all_day": 0, "ics_secret": "s", "ics_sequence": 0, "created_at": "now",
    "updated_at": "now",
}  # fmt: skip
CONTENT = {
    "id": 1, "event_id": 1, "subject": "Hi", "preheader": "", "body": "Text", "compiled": "", "hash": "h", "size": 1,
    "created_at": "now",
}  # fmt: skip


def fill(connection: Connection) -> None:
    insert(connection, "event", EVENT)
    insert(connection, "content", CONTENT)
    add(connection, 7, "one_time")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database at the first schema with one event, one text, and message 7 to a guest."""
    with old_database(tmp_path, "0001", fill) as made:
        yield made


def insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    values = tuple("2026-01-01 00:00:00" if value == "now" else value for value in row.values())
    marks = ", ".join("?" * len(row))
    connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", values)


def add(connection: Connection, number: int, kind: str) -> None:
    """A mailing with one row in every table below it, all of them numbered `number`."""
    for table, row in ROWS.items():
        own = dict.fromkeys(OWN.get(table, ("mailing_id",)), number)
        values = {"id": number, **row, **own, **({"kind": kind} if table == "mailing" else {})}
        here = {column["name"] for column in inspect(connection).get_columns(table)}  # of this version
        insert(connection, table, {name: value for name, value in values.items() if name in here})


def numbers(connection: Connection) -> dict[str, list[int]]:
    """The ids in each table."""
    return {table: list(connection.exec_driver_sql(f"SELECT id FROM {table} ORDER BY id").scalars()) for table in ROWS}


def test_an_upgrade_loses_no_row_and_allows_tests(engine: Engine, tmp_path: Path) -> None:
    with engine.connect() as connection, pytest.raises(IntegrityError):
        add(connection, 8, "test")
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with engine.connect() as connection:
        assert numbers(connection) == {table: [7] for table in ROWS}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1  # for whoever gets this connection next
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        add(connection, 8, "test")
        with pytest.raises(IntegrityError):
            add(connection, 9, "rehearsal")


def test_taken_back_it_takes_the_tests_along_and_nothing_else(engine: Engine) -> None:
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        command.upgrade(migrations.config(connection), "0002")
        add(connection, 8, "test")
        command.downgrade(migrations.config(connection), "0001")
        assert numbers(connection) == {table: [7] for table in ROWS}
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


@pytest.mark.parametrize("state", ["scheduled", "missed", "failed"])
def test_taken_back_it_takes_a_scheduled_message_along_and_nothing_else(engine: Engine, state: str) -> None:
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        command.upgrade(migrations.config(connection), "0023")
        add(connection, 8, "one_time")
        connection.exec_driver_sql("DELETE FROM job WHERE id = 8")  # it has no run yet
        connection.exec_driver_sql(f"UPDATE mailing SET state = '{state}', send_at = '2026-01-01' WHERE id = 8")
        command.downgrade(migrations.config(connection), "0022")
        assert numbers(connection) == {table: [7] for table in ROWS}
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
