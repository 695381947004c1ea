"""The log: written once, kept whatever goes, found by person, action, day and words."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import IntegrityError

from eventmail import records
from eventmail.db import fresh, transaction
from eventmail.domain import audit_log
from eventmail.domain.audit_log import Wanted
from eventmail.domain.events import edit
from eventmail.domain.guests import edit as guest_edit
from eventmail.models import AuditEntry, Event, User
from eventmail.records import Acting
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.seeding import Person, acting


def found(event_id: int | None, **wanted: Any) -> list[str]:
    return [entry.subject for entry in fresh().scalars(audit_log.entries(event_id, Wanted(**wanted)))]


@pytest.fixture
def written(event_id: int, organizer: Person) -> int:
    """Four entries of the event: its making, and three by two people on two days."""
    with transaction() as tx:
        for number, (name, action, hour, detail) in enumerate((
            ("Oscar Organizer", "guest.edited", 21, {"before": {"last_name": "Müller"}, "after": {"last_name": "50%"}}),
            ("Oscar Organizer", "guest.deleted", 23, {"before": {"email": "ana@guests.example.net"}}),
            ("cli", "guest.edited", 25, {}),
        )):  # fmt: skip
            at = datetime(2026, 5, 1 + hour // 24, hour % 24, 30, tzinfo=UTC)
            by = Acting(organizer.id, name, f"request-{number}", at)
            records.audit(tx, by, action, f"guest:{number}", event_id=event_id, **detail)
    return event_id


@pytest.mark.parametrize(
    "statement",
    [
        update(AuditEntry).values(actor="nobody"),
        update(AuditEntry).values(user_id=None),
        update(AuditEntry).values(event_id=None),
        delete(AuditEntry),
        text("INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE id = 1"),
        text("REPLACE INTO audit_entry (id, at, actor, action, subject, detail, request_id) "
             "VALUES (1, '2026-01-01', 'x', 'x', 'x', '{}', 'x')"),
        text("UPDATE OR REPLACE audit_entry SET id = 1 WHERE id = 2"),
    ],
    ids=str,
)  # fmt: skip
def test_no_statement_changes_or_deletes_an_entry(statement: Any, written: int, rows: Any) -> None:
    before = [(entry.id, entry.actor, entry.detail) for entry in rows(AuditEntry)]
    with pytest.raises(IntegrityError, match="the log is written once"), transaction() as tx:
        tx.execute(statement)
    fresh().rollback()
    assert [(entry.id, entry.actor, entry.detail) for entry in rows(AuditEntry)] == before


def test_another_program_cannot_change_the_log_either(written: int, settings: Settings) -> None:
    with closing(sqlite3.connect(settings.database)) as database:
        for statement in ("UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"):
            with pytest.raises(sqlite3.IntegrityError, match="the log is written once"):
                database.execute(statement)


def test_an_entry_outlives_the_person_and_the_event_it_names(written: int, organizer: Person, rows: Any) -> None:
    before = [(entry.user_id, entry.event_id, entry.actor) for entry in rows(AuditEntry)]
    with transaction() as tx:
        tx.execute(delete(Event))
        tx.execute(delete(User))
    assert [(entry.user_id, entry.event_id, entry.actor) for entry in rows(AuditEntry)] == before


def test_an_entry_is_added_as_ever(written: int, count: Any) -> None:
    before = count(AuditEntry)
    with transaction() as tx:
        tx.execute(
            insert(AuditEntry),
            [{"at": datetime(2026, 1, 1, tzinfo=UTC), "actor": "a", "action": "b", "subject": "c", "detail": {},
              "request_id": "d"}] * 2,
        )  # fmt: skip
    assert count(AuditEntry) == before + 2


def test_the_log_of_an_event_is_its_own_newest_first(written: int, add_event: Any) -> None:
    add_event()
    assert found(written) == ["guest:2", "guest:1", "guest:0", f"event:{written}"]


def test_the_log_of_the_installation_has_people_too(written: int, organizer: Person) -> None:
    assert f"user:{organizer.id}" in found(None)
    assert f"user:{organizer.id}" not in found(written)


@pytest.mark.parametrize(
    ("wanted", "subjects"),
    [
        ({"actor": "cli"}, [2]),
        ({"action": "guest.edited"}, [2, 0]),
        ({"actor": "Oscar Organizer", "action": "guest.edited"}, [0]),
        ({"q": "ana@guests"}, [1]),
        ({"q": "Müller"}, [0]),
        ({"q": "50%"}, [0]),
        ({"q": "%"}, [0]),
        ({"q": "_ast"}, []),
        ({"q": "request-1"}, [1]),
        ({"q": "guest:2"}, [2]),
        ({"q": "nothing like it"}, []),
        ({"since": date(2026, 5, 2), "until": date(2026, 5, 2)}, [2]),
        ({"until": date(2026, 5, 1), "since": date(2026, 5, 1)}, [1, 0]),
        ({"since": date(2026, 5, 2), "until": date(2026, 5, 2), "zone": ZoneInfo("Europe/Berlin")}, [2, 1]),
        ({"since": date(2026, 5, 3), "until": date(2026, 5, 9)}, []),
    ],
)
def test_the_log_is_narrowed(wanted: dict[str, Any], subjects: list[int], written: int) -> None:
    assert found(written, **wanted) == [f"guest:{number}" for number in subjects]


def test_names_are_those_of_today_and_cost_the_same_for_1_and_for_3(
    event_id: int, organizer: Person, add_guest: Any, count_queries: Any
) -> None:
    counted, called = [], {}
    for number in range(3):
        guest_id = add_guest(f"guest-{number}@guests.example.net", first_name=f"Guest {number}", last_name="")
        guest_edit.edit(event_id, guest_id, {"last_name": "New"}, acting(organizer))
        called[f"guest:{guest_id}"] = f"Guest {number} New"
        shown = list(fresh().scalars(audit_log.entries(event_id, Wanted())))
        with count_queries() as queries:
            names = audit_log.names(shown)
        counted.append(len(queries))
    assert names == {**called, f"event:{event_id}": "Fixture Gala"}
    assert counted == [2, 2, 2]


def test_who_appears_and_what_happened_fills_the_filters(written: int) -> None:
    assert audit_log.actors(written) == ["Oscar Organizer", "cli"]
    assert audit_log.actions(written) == ["event.created", "guest.deleted", "guest.edited"]


def test_a_change_of_the_event_is_kept_with_both_sides(event_id: int, organizer: Person, rows: Any) -> None:
    edit.edit(event_id, {"title": "Ball"}, acting(organizer, request_id="r-1"))
    entry = rows(AuditEntry)[-1]
    assert (entry.request_id, entry.user_id, entry.detail) == (
        "r-1", organizer.id, {"before": {"title": "Fixture Gala"}, "after": {"title": "Ball"}},
    )  # fmt: skip
    assert seeding.event(event_id).title == "Ball"
