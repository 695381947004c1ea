"""Migrating to events that remember the secrets of links that were replaced: none was, so far (K3)."""

from pathlib import Path

from eventmail import migrations
from tests.integration.test_migration_test_sends import EVENT, insert
from tests.support.old_database import old_database


def test_K3_an_event_from_before_keeps_its_links_and_has_replaced_none(tmp_path: Path) -> None:
    with old_database(tmp_path, "0027", lambda old: insert(old, "event", {**EVENT, "id": 1})) as engine:
        migrations.upgrade(engine, tmp_path / "migration.lock")
        with engine.connect() as connection:
            kept = connection.exec_driver_sql("SELECT ics_secret, retired_secrets FROM event").one()
    assert tuple(kept) == (EVENT["ics_secret"], "[]")
