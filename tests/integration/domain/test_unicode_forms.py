"""What was typed with joined letters and what came with accents apart meet in the database (A7, C1, F1)."""

import unicodedata
from typing import Any

import pytest

from eventmail.db import fresh
from eventmail.domain import audit_log
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.audit_log import Wanted
from eventmail.domain.guests import bulk_change, edit, paste, values
from eventmail.domain.guests.bulk_change import Ticked
from eventmail.domain.guests.paste import Given
from eventmail.domain.imports import run
from eventmail.domain.outcomes import why
from eventmail.domain.suppressions import entries
from eventmail.errors import NothingToDo
from eventmail.models import Guest, GuestField, GuestTag
from eventmail.states import ChangeKind, GuestStatus, Reason
from tests.support import seeding
from tests.support.seeding import acting

JOINED, APART = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))
MAILBOXES = [unicodedata.normalize(form, "rené@müller.example") for form in ("NFC", "NFD")]


def sheet(column: str, *rows: str) -> bytes:
    return "\n".join([f"email,{column},tags", *rows]).encode()


def test_A7_F1_an_opt_out_in_one_form_keeps_the_other_from_getting_mail(event_id: int, organizer: Any) -> None:
    seeding.add_guest(event_id, MAILBOXES[0])
    for typed in (MAILBOXES[1], MAILBOXES[1].upper()):
        entry, made = entries.add(event_id, typed, everywhere=False, by=acting(organizer))
        found = audiences.resolve(fresh(), Audience(event_id, (GuestStatus.CONFIRMED,), ()))
        assert (found.count, dict(found.excluded)) == (0, {Reason.SUPPRESSED: 1})
    assert made is False
    for part in (*MAILBOXES, "René@", unicodedata.normalize("NFD", "né@")):
        listed = fresh().scalars(entries.listed(event_id, seeding.user(organizer), q=part)).all()
        assert [row.id for row in listed] == [entry.id]


def test_A7_the_same_mailbox_pasted_or_imported_in_two_forms_is_one_guest(event_id: int, rows: Any) -> None:
    report = paste.add(event_id, "\n".join(MAILBOXES), Given(), acting())
    assert (len(report.new), len(report.there)) == (1, 1)
    again = run.run(event_id, sheet("Table", f"{MAILBOXES[1]},7,"), acting())
    assert (again.created, again.updated, len(rows(Guest))) == (0, 1, 1)


def test_C1_a_column_and_a_tag_in_two_forms_are_one(event_id: int, rows: Any) -> None:
    run.run(event_id, sheet(APART, f"ana@x.test,yes,{APART}", f"ben@x.test,no,{JOINED}"), acting())
    run.run(event_id, sheet(JOINED.upper(), f"ana@x.test,maybe,{JOINED}"), acting())
    assert [field.name for field in rows(GuestField)] == [JOINED]
    assert [guest.attributes for guest in rows(Guest)] == [{JOINED: "maybe"}, {JOINED: "no"}]
    assert [row.tag for row in rows(GuestTag)] == [JOINED, JOINED]
    change = bulk_change.change(
        event_id, Ticked(tuple(g.id for g in rows(Guest))), ChangeKind.REMOVE_TAG, APART, acting()
    )
    assert (bulk_change.get(event_id, change).changed, rows(GuestTag)) == (2, [])


def test_C1_a_tag_that_was_kept_apart_is_met_by_the_composed_one(event_id: int, rows: Any) -> None:
    ana = seeding.add_guest(event_id, "ana@x.test", tags=(APART,))
    run.run(event_id, sheet("Table", f"ana@x.test,7,{JOINED}"), acting())
    assert [row.tag for row in rows(GuestTag)] == [APART]
    with pytest.raises(NothingToDo, match="has the tag “Café” already"):
        bulk_change.change(event_id, Ticked((ana,)), ChangeKind.ADD_TAG, JOINED, acting())
    edit.edit(event_id, ana, {"tags": [JOINED, APART, JOINED.upper()]}, acting())
    assert [row.tag for row in rows(GuestTag)] == [JOINED]


def test_C1_two_columns_from_before_keep_each_its_value(event_id: int, writing: Any, row: Any) -> None:
    with writing() as tx:
        tx.add_all(GuestField(event_id=event_id, name=name) for name in (APART, JOINED))
    ana = seeding.add_guest(event_id, "ana@x.test", attributes={APART: "old"})
    edit.edit(event_id, ana, {"attributes": {APART: "old", JOINED: ""}}, acting())
    assert row(Guest).attributes == {APART: "old"}
    edit.edit(event_id, ana, {"attributes": {APART: "old", JOINED: "new"}}, acting())
    assert row(Guest).attributes == {APART: "old", JOINED: "new"}
    assert values.twins(values.columns(fresh(), event_id)) == [(APART, JOINED)]


def test_F4_who_was_removed_is_found_in_both_forms_and_nobody_else_is(event_id: int) -> None:
    for email in (MAILBOXES[0], "strasse@x.test", "straße@x.test"):
        edit.delete(event_id, seeding.add_guest(event_id, email), acting())
    for asked in (*MAILBOXES, MAILBOXES[1].upper(), "straße@x.test"):
        assert len(why.why(event_id, asked).removed) == 1


def test_the_log_is_searched_in_both_forms(event_id: int) -> None:
    for name in (JOINED, APART):
        guest = seeding.add_guest(event_id, f"{len(name)}@x.test", first_name=name)
        edit.delete(event_id, guest, acting())
    for asked in (JOINED, APART):
        found = fresh().scalars(audit_log.entries(event_id, Wanted(q=asked))).all()
        assert [entry.action for entry in found] == ["guest.deleted"] * 2
