"""Guests: add, edit, delete."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail.domain.guests import edit, filters, listing
from eventmail.domain.guests.filters import Filter
from eventmail.errors import InvalidInput, NotFound
from eventmail.models import (
    AuditEntry,
    Guest,
    GuestField,
    GuestTag,
    Mailing,
    Recipient,
    Reservation,
)
from tests.support import seeding


def test_adding_a_guest_writes_the_row_its_tags_its_columns_and_the_log(event_id: int, rows: Any, row: Any) -> None:
    by = seeding.acting()
    values = {
        "email": " Ana@Guests.Example.NET ", "first_name": " Ana  María ", "last_name": "Ruiz",
        "tags": ["vip", "VIP", "press"],
        "attributes": {"Table {1|2}": " 7 ", "Diet": ""},
    }  # fmt: skip
    guest_id = edit.add(event_id, values, by)
    guest = row(Guest)
    assert (guest.id, guest.event_id, guest.email, guest.address, guest.reserved, guest.status) == (
        guest_id, event_id, "Ana@Guests.Example.NET", "ana@guests.example.net", True, "invited",
    )  # fmt: skip
    assert (guest.first_name, guest.last_name, guest.attributes) == ("Ana María", "Ruiz", {"Table 1 2": "7"})
    assert guest.search_key == "ruiz ana maria ana@guests.example.net"
    assert [tag.tag for tag in rows(GuestTag)] == ["vip", "press"]
    assert [(field.event_id, field.name) for field in rows(GuestField)] == [(event_id, "Table 1 2")]
    entry = row(AuditEntry, AuditEntry.action == "guest.added")
    assert (entry.subject, entry.event_id, entry.actor, entry.detail["after"]["email"]) == (
        f"guest:{guest_id}", event_id, "cli", "Ana@Guests.Example.NET",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"email": "not an address"}, "email", "INVALID_EMAIL"),
        ({"email": "a@x.test\r\nBcc: b@x.test"}, "email", "INVALID_EMAIL"),
        ({}, "email", "REQUIRED"),
        ({"first_name": "\u200b"}, "email", "REQUIRED"),
        ({"first_name": "x" * 301}, "first_name", "TOO_LONG"),
        ({"last_name": "x" * 301}, "last_name", "TOO_LONG"),
        ({"first_name": "A", "status": "maybe"}, "status", "INVALID_STATUS"),
        ({"first_name": "A", "tags": ["a,b"]}, "tags", "INVALID_TAGS"),
        ({"first_name": "A", "tags": ["x" * 101]}, "tags", "INVALID_TAGS"),
        ({"first_name": "A", "tags": [str(n) for n in range(51)]}, "tags", "INVALID_TAGS"),
        ({"first_name": "A", "attributes": {"Note": "x" * 2001}}, "attribute:Note", "TOO_LONG"),
        ({"first_name": "A", "attributes": {"{}|": "x"}}, "attribute:{}|", "INVALID_NAME"),
        ({"first_name": "A", "attributes": {"x" * 101: "x"}}, "attribute:" + "x" * 101, "INVALID_NAME"),
        ({"first_name": "A", "attributes": {"Table": "1", "table": "2"}}, "attribute:table", "TWICE"),
        ({"first_name": "A", "attributes": {f"c{n}": "x" for n in range(251)}}, "attributes", "TOO_MANY_COLUMNS"),
    ],
)
def test_a_guest_that_cannot_be_is_refused_whole(
    event_id: int, count: Any, values: dict[str, Any], field: str, code: str
) -> None:
    before = count(AuditEntry)
    with pytest.raises(InvalidInput) as refusal:
        edit.add(event_id, values, seeding.acting())
    assert [(error.field, error.code) for error in refusal.value.fields] == [(field, code)]
    assert (count(Guest), count(GuestTag), count(GuestField), count(AuditEntry)) == (0, 0, 0, before)


def test_a_name_of_300_characters_is_kept_whole(event_id: int, row: Any) -> None:
    edit.add(event_id, {"first_name": "ä" * 300, "last_name": "ö" * 300}, seeding.acting())
    assert (row(Guest).first_name, row(Guest).last_name) == ("ä" * 300, "ö" * 300)


def test_editing_changes_what_is_named_and_logs_before_and_after(event_id: int, five: dict[str, int], row: Any) -> None:
    edit.edit(event_id, five["Ben"], {"last_name": "Adebayo", "status": "confirmed", "tags": ["vip"]}, seeding.acting())
    ben = listing.get(event_id, five["Ben"])
    assert (ben.first_name, ben.last_name, ben.status, ben.tags) == ("Ben", "Adebayo", "confirmed", ("vip",))
    assert row(Guest, Guest.id == five["Ben"]).search_key == "adebayo ben ben@guests.example.net"
    entry = row(AuditEntry, AuditEntry.action == "guest.edited")
    assert entry.detail == {
        "before": {"last_name": "Okafor", "status": "invited", "tags": []},
        "after": {"last_name": "Adebayo", "status": "confirmed", "tags": ["vip"]},
    }


def test_none_clears_and_attributes_not_named_stay(event_id: int, row: Any) -> None:
    by = seeding.acting()
    attributes = {"Table": "7", "Diet": "vegan", "Seat": "A"}
    guest_id = edit.add(
        event_id,
        {"email": "a@x.test", "first_name": "A", "status": "confirmed", "tags": ["vip"], "attributes": attributes},
        by,
    )
    edit.edit(event_id, guest_id, {"attributes": {"Table": None, "diet": "all"}}, by)
    assert listing.get(event_id, guest_id).attributes == {"Diet": "all", "Seat": "A"}
    edit.edit(event_id, guest_id, {"attributes": {}}, by)
    assert listing.get(event_id, guest_id).attributes == {"Diet": "all", "Seat": "A"}
    edit.edit(event_id, guest_id, {"email": None, "status": None, "tags": None, "attributes": None}, by)
    guest = row(Guest)
    assert (guest.email, guest.address, guest.reserved, guest.status, guest.attributes, list(guest.tags)) == (
        None, None, False, "invited", {}, [],
    )  # fmt: skip


def test_an_edit_that_changes_nothing_leaves_no_trace(
    event_id: int, five: dict[str, int], row: Any, count: Any
) -> None:
    before, entries = row(Guest, Guest.id == five["Ana"]).updated_at, count(AuditEntry)
    edit.edit(event_id, five["Ana"], {"first_name": " Ana "}, seeding.acting())
    assert (row(Guest, Guest.id == five["Ana"]).updated_at, count(AuditEntry)) == (before, entries)


def test_a_refused_edit_changes_nothing(event_id: int, five: dict[str, int], count: Any) -> None:
    before, entries = listing.get(event_id, five["Ana"]), count(AuditEntry)
    with pytest.raises(InvalidInput):
        edit.edit(event_id, five["Ana"], {"first_name": "Eve", "tags": ["vip"], "email": "nonsense"}, seeding.acting())
    assert (listing.get(event_id, five["Ana"]), count(AuditEntry)) == (before, entries)


def test_a_guest_of_another_event_cannot_be_read_edited_or_deleted(
    event_id: int, five: dict[str, int], add_event: Callable[..., int], count: Any
) -> None:
    other, by = add_event(), seeding.acting()
    entries = count(AuditEntry)
    for reach in (
        lambda: listing.get(other, five["Ana"]),
        lambda: edit.edit(other, five["Ana"], {"first_name": "Eve"}, by),
        lambda: edit.delete(other, five["Ana"], by),
    ):
        with pytest.raises(NotFound):
            reach()
    assert (listing.get(event_id, five["Ana"]).first_name, count(AuditEntry)) == ("Ana", entries)
    assert (listing.listing(other).total, filters.counts(other)[Filter.ALL], edit.columns(other)) == (
        0,
        0,
        [],
    )


def test_deleting_a_guest_cancels_the_mails_waiting_for_them_s6(
    event_id: int, five: dict[str, int], queued_mail: Any, rows: Any, row: Any
) -> None:
    ana, ben = five["Ana"], five["Ben"]
    queued_mail(event_id, [ana, ana, ben], ["queued", "sent", "queued"])
    assert (edit.waiting(event_id, ana), edit.waiting(event_id + 1, ana)) == (1, 0)
    assert edit.delete(event_id, ana, seeding.acting()) == 1
    assert [(r.guest_id, r.state, r.last_error) for r in rows(Recipient)] == [
        (None, "cancelled", "guest deleted"), (None, "sent", None), (ben, "queued", None),
    ]  # fmt: skip
    mailing, reservation = row(Mailing), row(Reservation)
    assert (mailing.n_queued, mailing.n_sent, mailing.n_cancelled) == (1, 1, 1)
    assert (reservation.reserved, reservation.consumed, reservation.refunded) == (3, 1, 1)
    assert [guest.first_name for guest in rows(Guest)] == ["Ben", "Cem", "Dan", "Eva"]
    entry = row(AuditEntry, AuditEntry.action == "guest.deleted")
    assert (entry.subject, entry.detail["cancelled"], entry.detail["before"]["first_name"]) == (
        f"guest:{ana}",
        1,
        "Ana",
    )


def test_a_deletion_that_fails_midway_leaves_guest_and_mails_s6(
    event_id: int, five: dict[str, int], queued_mail: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued_mail(event_id, [five["Ana"]], ["queued"])

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("eventmail.records.audit", broken)
    with pytest.raises(RuntimeError):
        edit.delete(event_id, five["Ana"], seeding.acting())
    assert ([r.state for r in rows(Recipient)], listing.get(event_id, five["Ana"]).first_name) == (["queued"], "Ana")


def test_deleting_takes_the_tags_along(event_id: int, in_app: Flask, count: Any) -> None:
    guest_id = edit.add(event_id, {"first_name": "A", "tags": ["vip", "press"]}, seeding.acting())
    edit.delete(event_id, guest_id, seeding.acting())
    assert (count(Guest), count(GuestTag)) == (0, 0)
