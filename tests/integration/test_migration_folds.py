"""Migrating to events that say which one of two equal times they mean: until then it was the first (H2)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from eventmail import migrations
from tests.integration.test_migration_test_sends import EVENT, insert
from tests.support.old_database import old_database

TWICE, ONCE, NEVER = "2027-10-31 02:30:00.000000", "2027-10-31 05:00:00.000000", "2027-03-28 02:30:00.000000"
EVENTS: dict[int, tuple[dict[str, str | bool | None], tuple[int | None, int | None]]] = {
    1: ({"starts_wall": TWICE, "ends_wall": ONCE}, (0, None)),
    2: ({"starts_wall": ONCE, "ends_wall": None}, (None, None)),
    3: ({"starts_wall": TWICE, "ends_wall": TWICE}, (0, 0)),
    4: ({"starts_wall": TWICE, "ends_wall": TWICE, "all_day": True}, (None, None)),
    5: ({"starts_wall": NEVER, "ends_wall": None}, (None, None)),
    6: ({"starts_wall": None, "ends_wall": None}, (None, None)),
    7: ({"starts_wall": TWICE, "ends_wall": None, "timezone": "Asia/Tokyo"}, (None, None)),
    8: ({"starts_wall": TWICE, "ends_wall": None, "timezone": "Mars/Olympus"}, (None, None)),
}


def fill(connection: Connection) -> None:
    for number, (values, _) in EVENTS.items():
        insert(connection, "event", {**EVENT, "timezone": "Europe/Berlin", "all_day": False, **values, "id": number})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before, with EVENTS."""
    with old_database(tmp_path, "0001", fill) as made:
        yield made


def test_H2_an_event_from_before_keeps_the_instants_it_had(engine: Engine, tmp_path: Path) -> None:
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id, starts_fold, ends_fold FROM event").all()
        assert {row[0]: (row[1], row[2]) for row in rows} == {number: folds for number, (_, folds) in EVENTS.items()}
        with pytest.raises(IntegrityError, match="CHECK constraint failed: ck_event_starts_fold"):
            connection.exec_driver_sql("UPDATE event SET starts_fold = 2 WHERE id = 1")
