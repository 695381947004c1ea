"""People, sessions, tokens and waiting account mails come along: a token goes on writing, a mail waits on."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from eventmail import migrations

USER = (
    "INSERT INTO user (id, name, email, address, role, created_at) "
    "VALUES (1, 'Ada', 'a@x.org', 'a@x.org', 'owner', '2026-01-01')"
)
TOKEN = "INSERT INTO api_token (id, user_id, name, token_hash, created_at) VALUES (4, 1, 'old', 'h', '2026-01-01')"
LINK = (
    "INSERT INTO sign_in_link (id, user_id, token_hash, created_at, expires_at, mailed) "
    "VALUES (5, 1, 'l', '2026-01-01', '2026-01-02', 1)"
)
SESSION = (
    "INSERT INTO login_session (id, user_id, token_hash, created_at, expires_at, user_agent) "
    "VALUES (6, 1, 's', '2026-01-01', '2026-02-01', 'x')"
)
MAIL = (
    "INSERT INTO account_mails (id, kind, user_id, email, address, state, attempts, request_id, created_at, "
    "updated_at) VALUES ({id}, '{kind}', 1, 'a@x.org', 'a@x.org', 'queued', 0, 'r', '2026-01-01', '2026-01-01')"
)


def test_what_lets_people_in_survives_the_way_there_and_back(tmp_path: Path) -> None:
    database = tmp_path / "app.sqlite"
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        command.upgrade(migrations.config(connection), "0014")
        connection.commit()
    with closing(sqlite3.connect(database)) as before:
        for statement in (USER, TOKEN, LINK, SESSION, MAIL.format(id=7, kind="sign_in")):
            before.execute(statement)
        before.commit()
    migrations.upgrade(engine, tmp_path / "migration.lock")
    with closing(sqlite3.connect(database)) as after:
        assert after.execute("SELECT id, expires_at, read_only FROM api_token").fetchall() == [(4, None, 0)]
        assert after.execute("SELECT id, used_at, used_by FROM sign_in_link").fetchall() == [(5, None, None)]
        assert after.execute("SELECT id, network FROM login_session").fetchall() == [(6, "")]
        assert after.execute("SELECT id, kind, state FROM account_mails").fetchall() == [(7, "sign_in", "queued")]
        after.execute(MAIL.format(id=8, kind="address_changed"))
        after.commit()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        command.downgrade(migrations.config(connection), "0014")
        connection.commit()
    engine.dispose()
    with closing(sqlite3.connect(database)) as back:
        assert back.execute("SELECT id FROM account_mails").fetchall() == [(7,)]
        assert back.execute("SELECT id, mailed FROM sign_in_link").fetchall() == [(5, 0)]
