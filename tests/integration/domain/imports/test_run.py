"""Importing a guest list: whom a row means, what is written."""

import gc
from typing import Any

import pytest
from flask import Flask

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain.guests import edit, listing, values
from eventmail.models import AuditEntry, Guest, GuestField, GuestTag, Suppression
from tests.support import seeding
from tests.support.importing import imported, people, totals
from tests.support.meanwhile import at_first_write


def test_a_file_becomes_guests_with_tags_and_columns(event_id: int, rows: Any) -> None:
    report = imported(
        event_id,
        "Email,First Name,last_name,STATUS,Tags,Table,Diet\n"
        'Ana@Guests.example.net,Ana,Ruiz,Confirmed,"vip, press",7,\n'
        "ben@example.com,Ben,,,,,vegan\n",
    )
    assert totals(report) == (2, 0, 0, [])
    ana, ben = rows(Guest)
    assert (ana.event_id, ana.email, ana.address, ana.reserved) == (
        event_id, "Ana@Guests.example.net", "ana@guests.example.net", True,
    )  # fmt: skip
    assert (ana.status, ana.attributes, ana.search_key) == (
        "confirmed", {"Table": "7"}, "ruiz ana ana@guests.example.net",
    )  # fmt: skip
    assert (ben.status, ben.attributes, ben.last_name) == ("invited", {"Diet": "vegan"}, "")
    assert [(tag.guest_id, tag.tag) for tag in rows(GuestTag)] == [(ana.id, "vip"), (ana.id, "press")]
    assert [field.name for field in rows(GuestField)] == ["Table", "Diet"]
    assert (ana.created_at, ana.updated_at) == (ben.created_at, ben.updated_at)
    assert ana.created_at.tzinfo is not None


def test_an_import_is_one_log_entry_with_its_counts(event_id: int, row: Any) -> None:
    imported(event_id, "email\na@x.test\nnonsense\n")
    entry = row(AuditEntry, AuditEntry.action == "guests.imported")
    assert (entry.subject, entry.event_id, entry.detail) == (
        f"event:{event_id}", event_id, {"created": 1, "updated": 0, "unchanged": 0, "rejected": 1},
    )  # fmt: skip


def test_the_same_file_twice_changes_nothing_the_second_time(event_id: int, rows: Any) -> None:
    text = (
        "email,name,status,tags,Table\n"
        "pair@x.test,Ana Ruiz,confirmed,vip,7\n"
        "pair@x.test,Tom Ruiz,declined,,8\n"
        "pair@x.test,,,,\n"
        'Ben@X.test,Ben van Berg,,"VIP, press",\n'
        ",Eva Nomail,,,1\n"
        "pair@x.test,Ana  RUIZ,,,9\n"
        "bad,Bad,,,\n"
    )
    rejected = [(7, "DUPLICATE_ROW"), (8, "INVALID_EMAIL")]
    assert totals(imported(event_id, text)) == (5, 0, 0, rejected)
    before = [listing.get(event_id, guest.id) for guest in rows(Guest)]
    stamps = [guest.updated_at for guest in rows(Guest)]
    assert totals(imported(event_id, text)) == (0, 0, 5, rejected)
    assert [listing.get(event_id, guest.id) for guest in rows(Guest)] == before
    assert [guest.updated_at for guest in rows(Guest)] == stamps


def test_a_column_the_file_lacks_is_never_changed_and_blanks_erase_nothing(event_id: int, rows: Any) -> None:
    guest_id = edit.add(
        event_id,
        {"email": "ana@x.test", "first_name": "Ana", "last_name": "Ruiz", "status": "confirmed", "tags": ["vip"],
         "attributes": {"Table": "7", "Diet": "vegan"}},
        seeding.acting(),
    )  # fmt: skip
    before = listing.get(event_id, guest_id)
    assert totals(imported(event_id, "email\nANA@x.test\n")) == (0, 1, 0, [])  # the spelling of the address
    assert totals(imported(event_id, "email,first name,last name,status,tags,Table\nANA@x.test,,,,,\n")) == (
        0,
        0,
        1,
        [],
    )
    after = listing.get(event_id, guest_id)
    assert (after.email, after.full_name, after.status, after.tags, after.attributes) == (
        "ANA@x.test", before.full_name, before.status, before.tags, before.attributes,
    )  # fmt: skip


def test_a_row_updates_the_guest_it_means(event_id: int, row: Any, rows: Any) -> None:
    imported(event_id, "email,first name,last name,tags,Table\nana@x.test,Ana,Ruiz,vip,7\n")
    report = imported(
        event_id, "email,first name,last name,status,tags,table,Diet\nana@x.test,Anna,,yes,press,8,vegan\n"
    )
    assert totals(report) == (0, 1, 0, [])
    guest = row(Guest)
    assert (guest.first_name, guest.last_name, guest.status, guest.attributes, guest.search_key) == (
        "Anna", "Ruiz", "confirmed", {"Table": "8", "Diet": "vegan"}, "ruiz anna ana@x.test",
    )  # fmt: skip
    assert sorted(tag.tag for tag in guest.tags) == ["press", "vip"]
    assert [field.name for field in rows(GuestField)] == ["Table", "Diet"]


def test_couples_who_share_an_address_stay_two_guests_a7(event_id: int, rows: Any) -> None:
    assert totals(imported(event_id, "email,name\npair@x.test,Ana Ruiz\nPAIR@x.test,Tom Ruiz\n")) == (2, 0, 0, [])
    report = imported(event_id, "email,name,status\npair@x.test,Tom Ruiz,yes\npair@x.test,New Ruiz,no\n")
    assert totals(report) == (1, 1, 0, [])
    assert people(rows(Guest)) == [
        ("pair@x.test", "Ana", "Ruiz", "invited"),
        ("pair@x.test", "Tom", "Ruiz", "confirmed"),
        ("pair@x.test", "New", "Ruiz", "declined"),
    ]


def test_a_row_without_the_name_of_a_sharer_is_a_new_guest_and_only_the_first_time_a7(event_id: int, rows: Any) -> None:
    imported(event_id, "email,name\npair@x.test,Ana Ruiz\npair@x.test,Tom Ruiz\n")
    assert totals(imported(event_id, "email,first name,status\npair@x.test,Kim,yes\n")) == (1, 0, 0, [])
    assert totals(imported(event_id, "email,first name,status\npair@x.test,Kim,yes\n")) == (0, 0, 1, [])
    assert [status for *_, status in people(rows(Guest))] == ["invited", "invited", "confirmed"]


def test_one_row_for_an_address_that_one_guest_has_renames_them(event_id: int, rows: Any) -> None:
    imported(event_id, "email,name\na@x.test,Ana Ruiz\nb@x.test,Ben Okafor\n")
    report = imported(event_id, "email,name\na@x.test,Cher\nb@x.test,Bo Okafor\nb@x.test,Bea Okafor\n")
    assert totals(report) == (2, 1, 0, [])
    assert [(email, f"{first} {last}".strip()) for email, first, last, _ in people(rows(Guest))] == [
        ("a@x.test", "Cher"), ("b@x.test", "Ben Okafor"), ("b@x.test", "Bo Okafor"), ("b@x.test", "Bea Okafor"),
    ]  # fmt: skip


def test_a_rejected_row_still_counts_as_a_row_for_its_address_a7(event_id: int, rows: Any) -> None:
    imported(event_id, "email,name\npair@x.test,Ana Ruiz\n")
    imported(event_id, "email,name,status\npair@x.test,Tom Ruiz,yes\npair@x.test,Una Ruiz,maybe\n")
    assert [first for _, first, _, _ in people(rows(Guest))] == ["Ana", "Tom"]


def test_a_whole_name_does_not_move_the_border_between_the_names(event_id: int, rows: Any) -> None:
    edit.add(event_id, {"email": "a@x.test", "first_name": "Ana", "last_name": "de la Cruz"}, seeding.acting())
    assert totals(imported(event_id, "email,name\na@x.test,Ana de la Cruz\n")) == (0, 0, 1, [])
    assert people(rows(Guest)) == [("a@x.test", "Ana", "de la Cruz", "invited")]


def test_our_own_id_decides_and_may_correct_an_address(event_id: int, rows: Any) -> None:
    imported(event_id, "email,name\nana@x.test,Ana Ruiz\nben@x.test,Ben Okafor\n")
    ana, ben = (guest.id for guest in rows(Guest))
    text = f"id,email,name\n{ana},ana@y.test,Ana Ruiz\n{ben},,Benno Okafor\n,new@x.test,New\n"
    assert totals(imported(event_id, text)) == (1, 2, 0, [])
    assert [(guest.id, guest.address, guest.first_name) for guest in rows(Guest)][:2] == [
        (ana, "ana@y.test", "Ana"), (ben, "ben@x.test", "Benno"),
    ]  # fmt: skip


def test_an_id_of_nobody_of_another_event_or_of_somebody_else_is_rejected(
    event_id: int, rows: Any, add_event: Any
) -> None:
    other = edit.add(add_event(), {"email": "other@x.test", "first_name": "Other"}, seeding.acting())
    ana = edit.add(event_id, {"email": "ana@x.test", "first_name": "Ana"}, seeding.acting())
    text = (
        f"id,email,name,status\n{other},other@x.test,Other,yes\n999999,a@x.test,A,yes\nT-17,b@x.test,B,yes\n"
        f"{ana},zoe@x.test,Zoe,yes\n{'9' * 30},c@x.test,C,yes\n{ana},ana@x.test,Ana,no\n{ana},ana@x.test,Ana,yes\n"
    )
    assert totals(imported(event_id, text)) == (
        0, 1, 0,
        [(2, "UNKNOWN_ID"), (3, "UNKNOWN_ID"), (4, "UNKNOWN_ID"), (5, "OTHER_GUEST"), (6, "UNKNOWN_ID"),
         (8, "DUPLICATE_ROW")],
    )  # fmt: skip
    assert people(rows(Guest)) == [("other@x.test", "Other", "", "invited"), ("ana@x.test", "Ana", "", "declined")]


def test_guests_of_another_event_are_neither_matched_nor_changed(event_id: int, rows: Any, add_event: Any) -> None:
    other = add_event()
    imported(other, "email,name\nana@x.test,Ana Ruiz\n")
    assert totals(imported(event_id, "email,name,status\nana@x.test,Ana Ruiz,yes\n")) == (1, 0, 0, [])
    assert [(guest.event_id, guest.status) for guest in rows(Guest)] == [(other, "invited"), (event_id, "confirmed")]


def test_nothing_touches_the_do_not_mail_list(event_id: int, rows: Any) -> None:
    with transaction() as tx:
        tx.add(Suppression(address="ana@x.test", scope="all", reason="manual", source="t", created_at=clock.now()))
    before = [(entry.id, entry.address, entry.scope, entry.reason) for entry in rows(Suppression)]
    imported(event_id, "email,suppressed,status\nana@x.test,no,confirmed\n")
    assert [(entry.id, entry.address, entry.scope, entry.reason) for entry in rows(Suppression)] == before
    assert listing.get(event_id, rows(Guest)[0].id).suppressed == "manual"


def test_a_dry_run_reports_the_same_and_writes_nothing(event_id: int, rows: Any, count: Any) -> None:
    imported(event_id, "email,name,Table\na@x.test,Ana,1\nb@x.test,Ben,2\n")
    before = [(guest.id, guest.first_name, guest.status, guest.attributes) for guest in rows(Guest)]
    numbers = (count(AuditEntry), count(GuestField), count(GuestTag))
    text = "email,name,status,tags,New\na@x.test,Ana,yes,vip,x\nb@x.test,Ben,,,\nc@x.test,Cem,,vip,\nbad,,,,\n"
    dry = imported(event_id, text, dry_run=True)
    assert [(guest.id, guest.first_name, guest.status, guest.attributes) for guest in rows(Guest)] == before
    assert (count(AuditEntry), count(GuestField), count(GuestTag)) == numbers
    assert dry == imported(event_id, text)
    assert totals(dry) == (1, 1, 1, [(5, "INVALID_EMAIL")])


def test_tags_are_only_added_and_never_beyond_the_limit(event_id: int, row: Any) -> None:
    tags = [f"t{n}" for n in range(50)]
    edit.add(event_id, {"email": "a@x.test", "tags": tags}, seeding.acting())
    assert totals(imported(event_id, "email,tags\na@x.test,T1; t2\n")) == (0, 0, 1, [])
    assert totals(imported(event_id, "email,tags\na@x.test,one more\n")) == (0, 0, 0, [(2, "INVALID_TAGS")])
    assert sorted(tag.tag for tag in row(Guest).tags) == sorted(tags)


def test_an_import_that_fails_midway_leaves_nothing_behind(
    event_id: int, rows: Any, count: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(event_id, "email,name\na@x.test,Ana\n")
    entries = count(AuditEntry)

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("eventmail.records.audit", broken)
    with pytest.raises(RuntimeError):
        imported(event_id, "email,name,tags,Table\na@x.test,Anna,vip,1\nb@x.test,Ben,vip,2\n")
    assert people(rows(Guest)) == [("a@x.test", "Ana", "", "invited")]
    assert (count(GuestTag), count(GuestField), count(AuditEntry)) == (0, 0, entries)
    assert gc.isenabled()


def test_many_guests_with_one_address_do_not_take_the_square_of_their_number(event_id: int) -> None:
    text = "email,first name\n" + "".join(f"team@x.test,Guest {n}\n" for n in range(3000))
    assert totals(imported(event_id, text)) == (3000, 0, 0, [])
    assert totals(imported(event_id, text.replace("Guest", "Other"))) == (3000, 0, 0, [])
    assert totals(imported(event_id, text)) == (0, 0, 3000, [])


def test_an_import_costs_the_same_queries_for_1_and_300_rows(event_id: int, count_queries: Any) -> None:
    def cost(first: int, number: int) -> int:
        lines = "".join(f"g{n}@x.test,vip,{n}\n" for n in range(first, first + number))
        with count_queries() as queries:
            imported(event_id, f"email,tags,Table\n{lines}")
        return len(queries)

    cost(0, 1)
    assert cost(1, 1) == cost(2, 300)


def _another_address(event_id: int, guest_id: int) -> None:
    edit.edit(event_id, guest_id, {"email": "anna@x.test"}, seeding.acting())


def _a_tag(event_id: int, guest_id: int) -> None:
    edit.edit(event_id, guest_id, {"tags": ["vip"]}, seeding.acting())


def _a_column(event_id: int, _guest_id: int) -> None:
    with transaction() as tx:
        values.record_columns(tx, event_id, ["TABLE"])


@pytest.mark.parametrize(
    ("change", "counts", "found"),
    [
        (_another_address, (1, 0), [("anna@x.test", {}, []), ("ana@x.test", {"Table": "2"}, ["VIP"])]),
        (_a_tag, (0, 1), [("ana@x.test", {"Table": "2"}, ["vip"])]),
        (_a_column, (0, 1), [("ana@x.test", {"TABLE": "2"}, ["VIP"])]),
    ],
)
def test_A7_what_changed_after_the_file_was_compared_counts(
    app: Flask, event_id: int, rows: Any, change: Any, counts: tuple[int, int], found: Any
) -> None:
    """What an import does is planned before it may write, so that nobody else waits for that."""
    imported(event_id, "email,name\nana@x.test,Ana\n")
    (ana,) = rows(Guest)
    with at_first_write(app, lambda: change(event_id, ana.id)):
        report = imported(event_id, "email,name,tags,Table\nana@x.test,Ana,VIP,2\n")
    assert totals(report) == (*counts, 0, [])
    assert [(guest.email, guest.attributes, [tag.tag for tag in guest.tags]) for guest in rows(Guest)] == found
