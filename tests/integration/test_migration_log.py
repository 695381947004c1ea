"""A database from before the log was written once: its entries come along, and the way back keeps them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from eventmail import migrations

ENTRY = "INSERT INTO audit_entry (id, at, actor, user_id, event_id, action, subject, detail, request_id) VALUES "


def test_entries_survive_the_way_there_and_back(tmp_path: Path) -> None:
    database = tmp_path / "app.sqlite"
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        command.upgrade(migrations.config(connection), "0005")
        connection.commit()
    with closing(sqlite3.connect(database)) as before:
        before.execute(
            "INSERT INTO event (id, title, description, location, timezone, all_day, url, sender_name, reply_to, "
            "restricted, ics_secret, ics_sequence, created_at, updated_at) "
            "VALUES (3, 'Gala', '', '', 'UTC', 0, '', '', '', 0, 's', 0, '2026-01-01', '2026-01-01')"
        )
        before.execute(ENTRY + "(7, '2026-01-01', 'Ada', NULL, 3, 'event.created', 'event:3', '{}', 'r')")
        before.commit()
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with closing(sqlite3.connect(database)) as after:
        assert after.execute("SELECT id, actor, event_id FROM audit_entry").fetchall() == [(7, "Ada", 3)]
        assert after.execute("SELECT archived_at, cancelled_at FROM event").fetchall() == [(None, None)]
        with pytest.raises(sqlite3.IntegrityError, match="the log is written once"):
            after.execute("DELETE FROM audit_entry")
        after.execute(ENTRY + "(8, '2026-01-01', 'Ada', 9, 99, 'event.edited', 'event:99', '{}', 'r')")
        after.commit()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        command.downgrade(migrations.config(connection), "0005")
        connection.commit()
    engine.dispose()
    with closing(sqlite3.connect(database)) as back:
        assert back.execute("SELECT id, user_id, event_id FROM audit_entry").fetchall() == [
            (7, None, 3),
            (8, None, None),
        ]
        assert back.execute("PRAGMA foreign_key_check").fetchall() == []
