"""Colleagues and waiting account mails come along, there and back; from now on a message can be told of once."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from eventmail import migrations
from tests.integration.test_migration_who_gets_in import MAIL, USER

BEFORE = "0024"
EVENT = (
    "INSERT INTO event (id, title, description, location, timezone, all_day, url, sender_name, reply_to, restricted, "
    "ics_secret, ics_sequence, created_at, updated_at) "
    "VALUES (1, 'Gala', '', '', 'UTC', 0, '', '', '', 0, 's', 0, '2026-01-01', '2026-01-01')"
)
DRAFT = (
    "INSERT INTO mailing (id, event_id, kind, state, key, audience, excluded, constants, reply_to, recipient_count, "
    "created_at, n_queued, n_sending, n_sent, n_failed, n_unknown, n_suppressed, n_cancelled) "
    "VALUES (1, 1, 'one_time', 'draft', 'k', '{}', '{}', '{}', '', 0, '2026-01-01', 0, 0, 0, 0, 0, 0, 0)"
)
TOLD = (
    "INSERT INTO account_mails (kind, user_id, mailing_id, result, email, address, state, request_id, created_at, "
    "updated_at) VALUES ('result', 1, {mailing}, '{result}', 'a@x.org', 'a@x.org', 'sent', 'r', '2026-01-01', "
    "'2026-01-01')"
)


def test_account_mails_survive_the_way_there_and_back(tmp_path: Path) -> None:
    database = tmp_path / "app.sqlite"
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        command.upgrade(migrations.config(connection), BEFORE)
        connection.commit()
    with closing(sqlite3.connect(database)) as before:
        for statement in (USER, EVENT, DRAFT, MAIL.format(id=7, kind="sign_in")):
            before.execute(statement)
        before.commit()
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with closing(sqlite3.connect(database)) as after:
        assert after.execute("SELECT id, name, result_mails FROM user").fetchall() == [(1, "Ada", 1)]
        told = after.execute("SELECT id, kind, state, mailing_id, result FROM account_mails").fetchall()
        assert told == [(7, "sign_in", "queued", None, None)]
        for result in ("ended", "missed"):
            after.execute(TOLD.format(mailing=1, result=result))
        for wrong in (TOLD.format(mailing=1, result="ended"), TOLD.format(mailing="NULL", result="failed")):
            with pytest.raises(sqlite3.IntegrityError):
                after.execute(wrong)
        after.commit()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        command.downgrade(migrations.config(connection), BEFORE)
        connection.commit()
    engine.dispose()
    with closing(sqlite3.connect(database)) as back:
        assert back.execute("SELECT id, kind FROM account_mails").fetchall() == [(7, "sign_in")]
        assert back.execute("SELECT id, name FROM user").fetchall() == [(1, "Ada")]
