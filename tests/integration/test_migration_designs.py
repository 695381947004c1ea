"""Messages and what hangs on them come along, there, back and there again; designs go with the way back."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from eventmail import migrations
from tests.integration.test_migration_test_sends import CONTENT, EVENT, ROWS, add, insert, numbers
from tests.support.budgets import in_soak
from tests.support.old_database import old_database

BEFORE, AFTER = "0025", "0026"
DESIGN: dict[str, Any] = {
    "id": 1, "event_id": 1, "name": "Save the date", "message_type": "update", "subject": "Hi", "preheader": "",
    "body": "Text", "digest": "d", "excerpt": "Text", "search_key": "save the date hi", "revision": 1,
    "saved_at": "now", "saved_from": "", "published": 1, "created_at": "now",
}  # fmt: skip
REVISION: dict[str, Any] = {
    "design_id": 1, "number": 1, "name": "", "is_published": 1, "subject": "Hi", "preheader": "", "body": "Text",
    "digest": "d", "made_at": "now",
}  # fmt: skip
NAMED = "SELECT id, design_id, design_number, design_digest FROM mailing ORDER BY id"


def fill(connection: Connection) -> None:
    insert(connection, "event", EVENT)
    insert(connection, "content", CONTENT)
    add(connection, 7, "one_time")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database as it was before designs, with one event, one text, and message 7 to a guest."""
    with old_database(tmp_path, BEFORE, fill) as made:
        yield made


def shape(connection: Connection) -> dict[str, list[str]]:
    """The words that made each table, index and trigger; a table that is copied has its rules in another order."""
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    return {name: sorted(re.findall(r"\w+|[^\w\s\"]", sql)) for name, sql in found}


def rows(connection: Connection, table: str) -> list[dict[str, Any]]:
    """The rows of a table, without the columns that say which design a message is of."""
    found = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY id").mappings()
    return [{name: value for name, value in row.items() if not name.startswith("design")} for row in found]


def move(connection: Connection, way: Any, to: str) -> None:
    connection.rollback()  # within a transaction SQLite does not hear of it
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    way(migrations.config(connection), to)
    connection.commit()
    assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    connection.rollback()
    driver.execute("PRAGMA foreign_keys=ON")


def test_D3_a_message_comes_along_there_back_and_there_again_and_is_of_no_design(engine: Engine) -> None:
    with engine.connect() as connection:
        before = {table: rows(connection, table) for table in ROWS}
        without = shape(connection)

        move(connection, command.upgrade, AFTER)
        assert {table: rows(connection, table) for table in ROWS} == before
        assert connection.exec_driver_sql(NAMED).all() == [(7, None, None, None)]
        with_designs = shape(connection)
        assert set(with_designs) - set(without) == {
            "design", "design_revision", "design_open", "ix_design_event_id_saved_at", "ix_mailing_design_id",
        }  # fmt: skip
        insert(connection, "design", DESIGN)
        insert(connection, "design_revision", REVISION)
        add(connection, 8, "one_time")
        connection.exec_driver_sql(
            "UPDATE mailing SET design_id = 1, design_number = 1, design_digest = 'd' WHERE id = 8"
        )
        connection.commit()

        move(connection, command.downgrade, BEFORE)
        assert numbers(connection) == {table: [7, 8] for table in ROWS}
        assert {table: rows(connection, table)[:1] for table in ROWS} == before
        assert shape(connection) == without

        move(connection, command.upgrade, AFTER)
        assert numbers(connection) == {table: [7, 8] for table in ROWS}
        assert connection.exec_driver_sql(NAMED).all() == [(7, None, None, None), (8, None, None, None)]
        assert rows(connection, "design") == rows(connection, "design_revision") == []
        assert shape(connection) == with_designs


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE mailing SET design_id = 2, design_digest = 'd'",
        "UPDATE design_revision SET is_published = 0",
        *in_soak(
            "UPDATE mailing SET design_id = 1",
            "UPDATE mailing SET design_digest = 'd'",
            "UPDATE mailing SET design_number = 1",
            """
        INSERT INTO design_revision
        SELECT 2, number, '', is_published, subject, preheader, body, dialect, digest, made_by, made_at, NULL
        FROM design_revision
        """,
            "UPDATE design SET message_type = 'spam'",
        ),
    ],
)
def test_D3_from_then_on_a_message_names_a_design_that_is_there_or_none(engine: Engine, wrong: str) -> None:
    with engine.connect() as connection:
        move(connection, command.upgrade, AFTER)
        insert(connection, "design", DESIGN)
        insert(connection, "design_revision", REVISION)
        connection.commit()
        with pytest.raises(IntegrityError):
            connection.exec_driver_sql(wrong)
