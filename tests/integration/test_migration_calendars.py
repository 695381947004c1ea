"""Migrating to events with a name for life in calendars: it is the one that guests' calendars have already (K3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from eventmail import migrations, signing
from tests.integration.test_migration_test_sends import EVENT, insert
from tests.support.old_database import old_database

SECRETS = {1: "first", 2: "second-é"}


def fill(connection: Connection) -> None:
    for number, secret in SECRETS.items():
        insert(connection, "event", {**EVENT, "id": number, "ics_secret": secret})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before, with an event for each of SECRETS."""
    with old_database(tmp_path, "0026", fill) as made:
        yield made


def test_K3_an_event_from_before_keeps_its_name_and_takes_its_hours_without_a_reminder(
    engine: Engine, tmp_path: Path
) -> None:
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id, ics_uid, busy, reminder_minutes FROM event").all()
        assert {row[0]: tuple(row[1:]) for row in rows} == {
            number: (f"event-{signing.hashed(secret)[:24]}@eventmail", 1, None) for number, secret in SECRETS.items()
        }
        for minutes in (0, -15, 40_321):
            with pytest.raises(IntegrityError, match="CHECK constraint failed: ck_event_reminder_minutes"):
                connection.exec_driver_sql(f"UPDATE event SET reminder_minutes = {minutes} WHERE id = 1")
