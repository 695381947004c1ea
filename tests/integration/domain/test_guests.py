"""Guests: the list and its filters, add, edit, delete."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain import guests
from eventmail.domain.guests import Filter
from eventmail.errors import InvalidInput, NotFound
from eventmail.models import (
    AuditEntry,
    Content,
    Guest,
    GuestField,
    GuestTag,
    Job,
    Mailing,
    Recipient,
    Reservation,
    Suppression,
)
from tests.support import seeding

pytestmark = pytest.mark.usefixtures("in_app")


def suppress(address: str, scope: str = "all", reason: str = "manual") -> None:
    with transaction() as tx:
        tx.add(Suppression(address=address, scope=scope, reason=reason, source="test", created_at=clock.now()))


def names(event_id: int, status: Filter = Filter.ALL, q: str = "") -> list[str]:
    return [guest.full_name for guest in guests.listing(event_id, status, q).items]


@pytest.fixture
def party(event_id: int) -> dict[str, int]:
    """Five guests by first name."""
    people: list[dict[str, Any]] = [
        {"email": "Ana@guests.example.net", "first_name": "Ana", "last_name": "Ruiz", "status": "confirmed"},
        {"email": "ben@guests.example.net", "first_name": "Ben", "last_name": "Okafor", "status": "invited"},
        {"email": "cem@guests.example.net", "first_name": "Cem", "last_name": "Young", "status": "declined"},
        {"email": "dan@guests.example.net", "first_name": "Dan", "last_name": "Adams", "status": "invited"},
        {"email": None, "first_name": "Eva", "last_name": "Zorn", "status": "invited"},
    ]
    ids = seeding.add_guests(event_id, people)
    return {person["first_name"]: guest_id for person, guest_id in zip(people, ids, strict=True)}


def test_the_list_is_sorted_by_last_name_and_paged(event_id: int, party: dict[str, int]) -> None:
    assert names(event_id) == ["Dan Adams", "Ben Okafor", "Ana Ruiz", "Cem Young", "Eva Zorn"]
    second = guests.listing(event_id, page=2, size=2)
    assert [guest.full_name for guest in second.items] == ["Ana Ruiz", "Cem Young"]
    assert (second.number, second.pages, second.total) == (2, 3, 5)


def test_a_page_past_the_end_is_the_last_d2(event_id: int, party: dict[str, int]) -> None:
    page = guests.listing(event_id, page=99, size=2)
    assert (page.number, [guest.full_name for guest in page.items]) == (3, ["Eva Zorn"])


def test_the_filters_find_what_their_counts_say_f1(event_id: int, party: dict[str, int]) -> None:
    suppress("ben@guests.example.net", reason="hard_bounce")
    suppress("cem@guests.example.net", str(event_id), "unsubscribed")
    suppress("dan@guests.example.net", str(event_id + 1), "unsubscribed")  # another event's
    found = {status: names(event_id, status) for status in Filter}
    assert found == {
        Filter.ALL: ["Dan Adams", "Ben Okafor", "Ana Ruiz", "Cem Young", "Eva Zorn"],
        Filter.INVITED: ["Dan Adams", "Ben Okafor", "Eva Zorn"],
        Filter.CONFIRMED: ["Ana Ruiz"],
        Filter.DECLINED: ["Cem Young"],
        Filter.BOUNCED: ["Ben Okafor"],
        Filter.SUPPRESSED: ["Cem Young"],
    }
    assert guests.counts(event_id) == {status: len(people) for status, people in found.items()}


def test_counts_follow_the_search(event_id: int, party: dict[str, int]) -> None:
    suppress("ben@guests.example.net", reason="hard_bounce")
    counted = guests.counts(event_id, "ben")
    assert counted == {
        Filter.ALL: 1, Filter.INVITED: 1, Filter.CONFIRMED: 0, Filter.DECLINED: 0, Filter.BOUNCED: 1,
        Filter.SUPPRESSED: 0,
    }  # fmt: skip


def test_of_two_entries_for_one_address_the_bounce_is_named_a2(event_id: int, party: dict[str, int]) -> None:
    suppress("ben@guests.example.net", "all", "complaint")
    suppress("ben@guests.example.net", str(event_id), "hard_bounce")
    ben = guests.get(event_id, party["Ben"])
    assert (ben.suppressed, ben.reason) == ("hard_bounce", "bounced")
    assert (names(event_id, Filter.BOUNCED), names(event_id, Filter.SUPPRESSED)) == (["Ben Okafor"], [])


@pytest.mark.parametrize("query", ["ana ruiz", "RUIZ ANA", "  an  rui ", "ana@GUESTS"])
def test_every_word_of_a_search_must_match_in_any_order(event_id: int, party: dict[str, int], query: str) -> None:
    assert names(event_id, q=query) == ["Ana Ruiz"]


def test_a_search_takes_percent_underscore_and_backslash_as_they_are(event_id: int) -> None:
    by = seeding.acting()
    for name in ("100% sure", "under_score", "back\\slash", "sla/sh", "plain"):
        guests.add(event_id, {"first_name": name}, by)
    found = {query: names(event_id, q=query) for query in ("%", "_", "\\", "/", "n%e", "r_s", "plain%")}
    assert found == {
        "%": ["100% sure"], "_": ["under_score"], "\\": ["back\\slash"], "/": ["sla/sh"], "n%e": [],
        "r_s": ["under_score"], "plain%": [],
    }  # fmt: skip


def test_a_search_forgives_case_and_accents(event_id: int) -> None:
    guests.add(event_id, {"first_name": "Jürgen", "last_name": "STRAẞE"}, seeding.acting())
    assert [names(event_id, q=query) for query in ("jurgen", "JÜRGEN", "strasse", "ju\u0308rgen")] == [
        ["Jürgen STRAẞE"]
    ] * 4


def test_a_huge_search_is_answered(event_id: int, party: dict[str, int]) -> None:
    assert names(event_id, q="x" * 100_000) == []
    assert names(event_id, q="\x00") == names(event_id)


def test_a_guest_says_with_whom_they_share_an_address_a7(event_id: int, party: dict[str, int]) -> None:
    by = seeding.acting()
    tom = guests.add(event_id, {"first_name": "Tom", "email": "ANA@guests.example.net"}, by)
    ana, tom_shown = guests.get(event_id, party["Ana"]), guests.get(event_id, tom)
    assert (ana.shares_with, ana.sharers, tom_shown.shares_with) == ("Tom", 1, "Ana Ruiz")
    guests.add(event_id, {"email": "ana@guests.example.net"}, by)
    assert (guests.get(event_id, tom).shares_with, guests.get(event_id, tom).sharers) == ("Ana Ruiz", 2)
    assert (guests.get(event_id, party["Eva"]).shares_with, guests.get(event_id, party["Ben"]).shares_with) == (
        None,
        None,
    )


def test_addresses_in_another_event_are_not_shared(
    event_id: int, party: dict[str, int], add_event: Callable[..., int]
) -> None:
    guests.add(add_event(), {"first_name": "Stranger", "email": "ana@guests.example.net"}, seeding.acting())
    assert guests.get(event_id, party["Ana"]).shares_with is None


@pytest.mark.parametrize("number", [1, 3, 50])
def test_the_list_costs_the_same_queries_whatever_its_length(
    event_id: int, number: int, count_queries: Callable[..., Any]
) -> None:
    people = [{"email": f"pair-{n // 2}@guests.example.net", "tags": ("vip", "press")} for n in range(number)]
    seeding.add_guests(event_id, people)
    suppress("pair-0@guests.example.net")
    with count_queries() as queries:
        page = guests.listing(event_id)
        guests.counts(event_id)
    assert (len(page.items), len(queries)) == (number, 7)


def test_adding_a_guest_writes_the_row_its_tags_its_columns_and_the_log(event_id: int, rows: Any, row: Any) -> None:
    by = seeding.acting()
    values = {
        "email": " Ana@Guests.Example.NET ", "first_name": " Ana  María ", "last_name": "Ruiz",
        "tags": ["vip", "VIP", "press"],
        "attributes": {"Table {1|2}": " 7 ", "Diet": ""},
    }  # fmt: skip
    guest_id = guests.add(event_id, values, by)
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
        guests.add(event_id, values, seeding.acting())
    assert [(error.field, error.code) for error in refusal.value.fields] == [(field, code)]
    assert (count(Guest), count(GuestTag), count(GuestField), count(AuditEntry)) == (0, 0, 0, before)


def test_a_name_of_300_characters_is_kept_whole(event_id: int, row: Any) -> None:
    guests.add(event_id, {"first_name": "ä" * 300, "last_name": "ö" * 300}, seeding.acting())
    assert (row(Guest).first_name, row(Guest).last_name) == ("ä" * 300, "ö" * 300)


def test_editing_changes_what_is_named_and_logs_before_and_after(
    event_id: int, party: dict[str, int], row: Any
) -> None:
    guests.edit(
        event_id, party["Ben"], {"last_name": "Adebayo", "status": "confirmed", "tags": ["vip"]}, seeding.acting()
    )
    ben = guests.get(event_id, party["Ben"])
    assert (ben.first_name, ben.last_name, ben.status, ben.tags) == ("Ben", "Adebayo", "confirmed", ("vip",))
    assert row(Guest, Guest.id == party["Ben"]).search_key == "adebayo ben ben@guests.example.net"
    entry = row(AuditEntry, AuditEntry.action == "guest.edited")
    assert entry.detail == {
        "before": {"last_name": "Okafor", "status": "invited", "tags": []},
        "after": {"last_name": "Adebayo", "status": "confirmed", "tags": ["vip"]},
    }


def test_none_clears_and_attributes_not_named_stay(event_id: int, row: Any) -> None:
    by = seeding.acting()
    attributes = {"Table": "7", "Diet": "vegan", "Seat": "A"}
    guest_id = guests.add(
        event_id,
        {"email": "a@x.test", "first_name": "A", "status": "confirmed", "tags": ["vip"], "attributes": attributes},
        by,
    )
    guests.edit(event_id, guest_id, {"attributes": {"Table": None, "diet": "all"}}, by)
    assert guests.get(event_id, guest_id).attributes == {"Diet": "all", "Seat": "A"}
    guests.edit(event_id, guest_id, {"attributes": {}}, by)
    assert guests.get(event_id, guest_id).attributes == {"Diet": "all", "Seat": "A"}
    guests.edit(event_id, guest_id, {"email": None, "status": None, "tags": None, "attributes": None}, by)
    guest = row(Guest)
    assert (guest.email, guest.address, guest.reserved, guest.status, guest.attributes, list(guest.tags)) == (
        None, None, False, "invited", {}, [],
    )  # fmt: skip


def test_an_edit_that_changes_nothing_leaves_no_trace(
    event_id: int, party: dict[str, int], row: Any, count: Any
) -> None:
    before, entries = row(Guest, Guest.id == party["Ana"]).updated_at, count(AuditEntry)
    guests.edit(event_id, party["Ana"], {"first_name": " Ana "}, seeding.acting())
    assert (row(Guest, Guest.id == party["Ana"]).updated_at, count(AuditEntry)) == (before, entries)


def test_a_refused_edit_changes_nothing(event_id: int, party: dict[str, int], count: Any) -> None:
    before, entries = guests.get(event_id, party["Ana"]), count(AuditEntry)
    with pytest.raises(InvalidInput):
        guests.edit(
            event_id, party["Ana"], {"first_name": "Eve", "tags": ["vip"], "email": "nonsense"}, seeding.acting()
        )
    assert (guests.get(event_id, party["Ana"]), count(AuditEntry)) == (before, entries)


def test_a_guest_of_another_event_cannot_be_read_edited_or_deleted(
    event_id: int, party: dict[str, int], add_event: Callable[..., int], count: Any
) -> None:
    other, by = add_event(), seeding.acting()
    entries = count(AuditEntry)
    for reach in (
        lambda: guests.get(other, party["Ana"]),
        lambda: guests.edit(other, party["Ana"], {"first_name": "Eve"}, by),
        lambda: guests.delete(other, party["Ana"], by),
    ):
        with pytest.raises(NotFound):
            reach()
    assert (guests.get(event_id, party["Ana"]).first_name, count(AuditEntry)) == ("Ana", entries)
    assert (guests.listing(other).total, guests.counts(other)[Filter.ALL], guests.columns(other)) == (0, 0, [])


def queued_mail(event_id: int, guest_ids: list[int], states: list[str]) -> int:
    """A running mailing with one recipient for each guest, in the given states."""
    now = clock.now()
    with transaction() as tx:
        content = Content(subject="s", preheader="", body="b", compiled="{}", hash="h", size=1, created_at=now)
        tx.add(content)
        tx.flush()
        counters = {f"n_{state}": states.count(state) for state in set(states)}
        mailing = Mailing(
            event_id=event_id, kind="one_time", state="sending", key="k", content_id=content.id, audience={},
            excluded={}, recipient_count=len(states), created_at=now, **counters,
        )  # fmt: skip
        tx.add(mailing)
        tx.flush()
        job = Job(mailing_id=mailing.id, run=1, state="running", request_id="r", created_at=now)
        tx.add(job)
        tx.flush()
        tx.add(Reservation(job_id=job.id, due_at=now, reserved=len(states), consumed=states.count("sent")))
        for number, (guest_id, state) in enumerate(zip(guest_ids, states, strict=True)):
            address = f"{number}@guests.example.net"
            tx.add(
                Recipient(
                    mailing_id=mailing.id,
                    guest_id=guest_id,
                    address=address,
                    email=address,
                    state=state,
                    updated_at=now,
                )
            )
        return mailing.id


def test_deleting_a_guest_cancels_the_mails_waiting_for_them_s6(
    event_id: int, party: dict[str, int], rows: Any, row: Any
) -> None:
    ana, ben = party["Ana"], party["Ben"]
    queued_mail(event_id, [ana, ana, ben], ["queued", "sent", "queued"])
    assert (guests.waiting(event_id, ana), guests.waiting(event_id + 1, ana)) == (1, 0)
    assert guests.delete(event_id, ana, seeding.acting()) == 1
    assert [(r.guest_id, r.state, r.last_error) for r in rows(Recipient)] == [
        (None, "cancelled", "guest deleted"), (None, "sent", None), (ben, "queued", None),
    ]  # fmt: skip
    mailing, reservation = row(Mailing), row(Reservation)
    assert (mailing.n_queued, mailing.n_sent, mailing.n_cancelled) == (1, 1, 1)
    assert (reservation.reserved, reservation.consumed, reservation.refunded) == (3, 1, 1)
    assert (names(event_id), rows(GuestTag)) == (["Dan Adams", "Ben Okafor", "Cem Young", "Eva Zorn"], [])
    entry = row(AuditEntry, AuditEntry.action == "guest.deleted")
    assert (entry.subject, entry.detail["cancelled"], entry.detail["before"]["first_name"]) == (
        f"guest:{ana}",
        1,
        "Ana",
    )


def test_a_deletion_that_fails_midway_leaves_guest_and_mails_s6(
    event_id: int, party: dict[str, int], rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued_mail(event_id, [party["Ana"]], ["queued"])

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr("eventmail.records.audit", broken)
    with pytest.raises(RuntimeError):
        guests.delete(event_id, party["Ana"], seeding.acting())
    assert ([r.state for r in rows(Recipient)], guests.get(event_id, party["Ana"]).first_name) == (["queued"], "Ana")


def test_deleting_takes_the_tags_along(event_id: int, in_app: Flask, count: Any) -> None:
    guest_id = guests.add(event_id, {"first_name": "A", "tags": ["vip", "press"]}, seeding.acting())
    guests.delete(event_id, guest_id, seeding.acting())
    assert (count(Guest), count(GuestTag)) == (0, 0)
