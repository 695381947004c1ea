"""Migrating to names that keep every character: what was sent or waits keeps the From header that it had."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection, Engine

from eventmail import migrations
from tests.integration.test_migration_test_sends import CONTENT, EVENT, ROWS, insert
from tests.support.old_database import old_database

NAMES = {
    7: ("Gala Team", "Gala Team"),
    8: ('Müller,  Söhne & Co. (Büro) "Ost"', "Müller Söhne & Co. Büro Ost"),
    9: ("x" * 59 + " Team", "x" * 59),
    10: (None, ""),
}


def fill(connection: Connection) -> None:
    insert(connection, "event", EVENT)
    insert(connection, "content", CONTENT)
    for number, (name, _) in NAMES.items():
        constants = json.dumps({"organizer.name": name})
        insert(connection, "mailing", {"id": number, **ROWS["mailing"], "constants": constants, "key": str(number)})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before, with a message from each of NAMES."""
    with old_database(tmp_path, "0001", fill) as made:
        yield made


def test_C7_a_message_from_before_keeps_the_name_in_its_header(engine: Engine, tmp_path: Path) -> None:
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, from_name, json_extract(constants, '$.\"organizer.name\"') FROM mailing"
        )
        assert {row[0]: (row[2], row[1]) for row in rows} == NAMES
