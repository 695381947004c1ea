"""Migrating to outcomes that keep their service: from the attempts, and nothing made up where none tells (S13)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy.engine import Connection, Engine

from eventmail import migrations
from tests.integration.test_migration_test_sends import CONTENT, EVENT, add, insert
from tests.support.old_database import old_database

OF_7 = "recipient_id IN (SELECT id FROM recipient WHERE mailing_id = 7)"


def fill(connection: Connection) -> None:
    insert(connection, "event", EVENT)
    insert(connection, "content", CONTENT)
    for mailing_id in (7, 8):
        add(connection, mailing_id, "one_time")
    connection.exec_driver_sql("UPDATE job SET request_id = 'req_a' || mailing_id")
    connection.exec_driver_sql(f"UPDATE attempt SET request_id = 'req_a7.1.1' WHERE {OF_7}")
    connection.commit()
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")  # as `migrations.upgrade` does: tables are copied
    command.upgrade(migrations.config(connection), "0012")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of the version before with messages 7 and 8."""
    with old_database(tmp_path, "0001", fill) as made:
        yield made


def migrated(connection: Connection) -> None:
    connection.commit()
    command.upgrade(migrations.config(connection), "head")
    connection.commit()


def providers(connection: Connection) -> tuple[dict[int, str | None], dict[int, str | None]]:
    """The service of each message's run, and of its recipient."""

    def of(table: str) -> dict[int, str | None]:
        return {row[0]: row[1] for row in connection.exec_driver_sql(f"SELECT mailing_id, provider FROM {table}")}

    return of("job"), of("recipient")


def test_S13_a_run_and_a_recipient_take_their_service_from_their_attempts(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DELETE FROM attempt WHERE NOT {OF_7}")
        migrated(connection)
        assert providers(connection) == ({7: "outbox", 8: None}, {7: "outbox", 8: None})


def test_S13_a_run_of_two_services_has_no_single_one_and_each_recipient_its_last(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "INSERT INTO attempt (recipient_id, number, request_id, provider, outcome, code, detail, at) "
            "SELECT recipient_id, 2, 'req_a7.1.2', 'smtp', outcome, code, detail, at FROM attempt "
            "WHERE request_id = 'req_a7.1.1'"
        )
        migrated(connection)
        assert [found[7] for found in providers(connection)] == [None, "smtp"]


def test_S13_what_practice_listed_is_parted_from_what_stood_there_before(engine: Engine) -> None:
    with engine.connect() as connection:
        for address, reason, source in (
            ("a@x.org", "hard_bounce", "outbox"), ("b@x.org", "complaint", "outbox"),
            ("c@x.org", "hard_bounce", "smtp"), ("d@x.org", "hard_bounce", "outbox: 3 soft bounces in 14 days"),
            ("e@x.org", "unsubscribed", "outbox"),
        ):  # fmt: skip
            insert(connection, "suppression", {"address": address, "scope": "all", "reason": reason, "source": source,
                                               "created_at": "now"})  # fmt: skip
        insert(connection, "audit_entry", {
            "at": "now", "actor": "outbox", "action": "suppression.reported", "subject": "address:b@x.org",
            "detail": '{"before": {"reason": "manual", "source": "by hand"}}', "request_id": "",
        })  # fmt: skip
        migrated(connection)
        listed = connection.exec_driver_sql("SELECT address, scope, reason FROM suppression ORDER BY address, scope")
        assert [tuple(row) for row in listed] == [
            ("a@x.org", "practice", "hard_bounce"), ("b@x.org", "all", "manual"), ("b@x.org", "practice", "complaint"),
            ("c@x.org", "all", "hard_bounce"), ("d@x.org", "practice", "hard_bounce"),
            ("e@x.org", "all", "unsubscribed"),
        ]  # fmt: skip
