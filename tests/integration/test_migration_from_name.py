"""Migrating to names that keep every character: what was sent or waits keeps the From header that it had."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from eventmail import migrations
from eventmail.db.sqlite import know
from tests.integration.test_migration_test_sends import CONTENT, EVENT, ROWS, insert

NAMES = {
    7: ("Gala Team", "Gala Team"),
    8: ('Müller,  Söhne & Co. (Büro) "Ost"', "Müller Söhne & Co. Büro Ost"),
    9: ("x" * 59 + " Team", "x" * 59),
    10: (None, ""),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before, with a message from each of NAMES."""
    made = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    know(made, b"secret")
    with made.connect() as connection:
        command.upgrade(migrations.config(connection), "0001")
        connection.commit()
        insert(connection, "event", EVENT)
        insert(connection, "content", CONTENT)
        for number, (name, _) in NAMES.items():
            constants = json.dumps({"organizer.name": name})
            insert(connection, "mailing", {"id": number, **ROWS["mailing"], "constants": constants, "key": str(number)})
        connection.commit()
    yield made
    made.dispose()


def test_C7_a_message_from_before_keeps_the_name_in_its_header(engine: Engine, tmp_path: Path) -> None:
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, from_name, json_extract(constants, '$.\"organizer.name\"') FROM mailing"
        )
        assert {row[0]: (row[2], row[1]) for row in rows} == NAMES
