"""Migrating to composed addresses: an opt-out meets its guest again, and no two rows become one (A7, F1)."""

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection

from eventmail import migrations
from eventmail.db.sqlite import know
from eventmail.doctor.twins import twins
from tests.integration.test_migration_test_sends import EVENT, insert

JOINED, APART = (unicodedata.normalize(form, "rené@müller.example") for form in ("NFC", "NFD"))
GUEST = {
    "event_id": 1, "reserved": 0, "first_name": "", "last_name": "", "status": "confirmed", "attributes": "{}",
    "search_key": "", "created_at": "now", "updated_at": "now",
}  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Connection]:
    """A database of the version before."""
    made = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    know(made, b"secret")
    with made.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")  # as `migrations.upgrade` does
        command.upgrade(migrations.config(connection), "0017")
        insert(connection, "event", EVENT)
        yield connection
    made.dispose()


def suppressed(connection: Connection, address: str, scope: str = "all") -> None:
    values = {"address": address, "scope": scope, "reason": "unsubscribed", "source": "link", "created_at": "now"}
    insert(connection, "suppression", values)


def migrated(connection: Connection) -> None:
    connection.commit()
    command.upgrade(migrations.config(connection), "head")
    connection.commit()


def kept(connection: Connection, table: str) -> list[str]:
    return [row[0] for row in connection.exec_driver_sql(f"SELECT address FROM {table} ORDER BY id")]


def remarks(tmp_path: Path) -> list[str]:
    with closing(sqlite3.connect(tmp_path / "app.sqlite")) as connection:
        return [finding.what for finding in twins(connection)]


def test_A7_F1_a_guest_and_an_opt_out_kept_apart_meet_their_composed_form(old: Connection, tmp_path: Path) -> None:
    insert(old, "guest", {**GUEST, "email": APART, "address": APART})
    insert(old, "guest", {**GUEST, "email": "ada@x.org", "address": "ada@x.org"})
    insert(old, "guest", {**GUEST, "email": None, "address": None})
    for scope in ("all", "1"):
        suppressed(old, APART, scope)
    migrated(old)
    assert kept(old, "guest") == [JOINED, "ada@x.org", None]
    assert (kept(old, "suppression"), remarks(tmp_path)) == ([JOINED, JOINED], [])


def test_F1_two_entries_that_were_there_stay_two_and_doctor_tells(old: Connection, tmp_path: Path) -> None:
    for address in (JOINED, APART):
        suppressed(old, address)
    migrated(old)
    assert kept(old, "suppression") == [JOINED, APART]
    assert remarks(tmp_path) == ["1 address stands on the do-not-mail list twice, in two Unicode forms"]
