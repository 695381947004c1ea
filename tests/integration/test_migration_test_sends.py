"""The migration to test sends on a database in use: every message stays, and only tests go when it is taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from eventmail import migrations

BELOW = ("recipient", "job", "reservation", "attempt", "idempotency_record", "exclusion")
NOW = "2026-01-01 00:00:00"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Connection]:
    """At the first schema, with one event, one text, and a message to a guest."""
    engine = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # as migrations.upgrade does
        command.upgrade(migrations.config(connection), "0001")
        for sql in (
            "INSERT INTO event (id, title, description, location, timezone, url, sender_name, reply_to, restricted,"
            f" all_day, ics_secret, ics_sequence, created_at, updated_at) VALUES (1, 'Gala', '', '', 'UTC', '', '', '',"
            f" 0, 0, 's', 0, '{NOW}', '{NOW}')",
            "INSERT INTO content (id, event_id, subject, preheader, body, compiled, hash, size, created_at)"
            f" VALUES (1, 1, 'Hi', '', 'Text', '', 'h', 1, '{NOW}')",
        ):
            connection.exec_driver_sql(sql)
        add(connection, 7, "one_time")
        yield connection
    engine.dispose()


def add(connection: Connection, number: int, kind: str) -> None:
    """A mailing with one row in every table below it, all of them numbered `number`."""
    for sql in (
        "INSERT INTO mailing (id, event_id, kind, state, key, content_id, audience, excluded, constants, reply_to,"
        " recipient_count, created_at, n_queued, n_sending, n_sent, n_failed, n_unknown, n_suppressed, n_cancelled)"
        f" VALUES ({number}, 1, '{kind}', 'finished', 'k{number}', 1, '{{}}', '{{}}', '{{}}', '', 1, '{NOW}',"
        " 0, 0, 1, 0, 0, 0, 0)",
        f"INSERT INTO recipient (id, mailing_id, address, email, state, attempts, tries, updated_at) VALUES ({number},"
        f" {number}, 'a@x.org', 'a@x.org', 'sent', 1, 1, '{NOW}')",
        "INSERT INTO job (id, mailing_id, run, state, request_id, created_at, starts_at) VALUES"
        f" ({number}, {number}, 1, 'finished', 'r', '{NOW}', '{NOW}')",
        "INSERT INTO reservation (id, job_id, due_at, reserved, consumed, refunded)"
        f" VALUES ({number}, {number}, '{NOW}', 1, 1, 0)",
        "INSERT INTO attempt (id, recipient_id, number, request_id, provider, outcome, code, detail, at)"
        f" VALUES ({number}, {number}, 1, 'r', 'outbox', 'accepted', '', '', '{NOW}')",
        "INSERT INTO idempotency_record (id, scope, key, body_hash, mailing_id, status, answer, created_at)"
        f" VALUES ({number}, 's', 'k{number}', 'h', {number}, 202, '{{}}', '{NOW}')",
        f"INSERT INTO exclusion (id, mailing_id, reason) VALUES ({number}, {number}, 'suppressed')",
    ):
        connection.exec_driver_sql(sql)


def numbers(connection: Connection) -> dict[str, list[int]]:
    """The ids in each table."""
    return {
        table: list(connection.exec_driver_sql(f"SELECT id FROM {table} ORDER BY id").scalars())  # noqa: S608
        for table in ("mailing", *BELOW)
    }


def test_every_message_stays_and_tests_are_allowed(database: Connection) -> None:
    with pytest.raises(IntegrityError):
        add(database, 8, "test")
    command.upgrade(migrations.config(database), "0002")
    assert numbers(database) == dict.fromkeys(("mailing", *BELOW), [7])
    add(database, 8, "test")
    with pytest.raises(IntegrityError):
        add(database, 9, "rehearsal")
    assert database.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_taken_back_it_takes_the_tests_along_and_nothing_else(database: Connection) -> None:
    command.upgrade(migrations.config(database), "0002")
    add(database, 8, "test")
    command.downgrade(migrations.config(database), "0001")
    assert numbers(database) == dict.fromkeys(("mailing", *BELOW), [7])
    assert database.exec_driver_sql("PRAGMA foreign_key_check").all() == []
