"""Guests from pasted addresses."""

from typing import Any

import pytest

from eventmail.domain.guests import edit, listing, paste
from eventmail.domain.guests.paste import Given, PasteReport
from eventmail.errors import InvalidInput, ListChanged
from eventmail.models import AuditEntry, Guest, GuestTag
from tests.support import seeding

TEXT = """Anna Berg <Anna@X.test>
ANA@guests.example.net, new@x.test
anna@x.TEST; not an address
Somebody <broken@@x.test>
"""


def told(report: PasteReport) -> tuple[list[str], list[tuple[int, str, str]], list[tuple[int, str]]]:
    there = [(row.line, row.email, row.name) for row in report.there]
    return [entry.email for entry in report.new], there, [(row.line, row.code) for row in report.rejected]


EXPECTED = (
    ["Anna@X.test", "new@x.test"],
    [(2, "ANA@guests.example.net", "Ana Ruiz"), (3, "anna@x.TEST", "Anna Berg")],
    [(3, "INVALID_EMAIL"), (4, "INVALID_EMAIL")],
)


def test_a_check_tells_what_would_happen_and_changes_nothing(event_id: int, five: dict[str, int], count: Any) -> None:
    before = count(Guest), count(AuditEntry)
    assert told(paste.check(event_id, TEXT)) == EXPECTED
    assert (count(Guest), count(AuditEntry)) == before


def test_those_who_are_new_are_added_and_nobody_twice(event_id: int, five: dict[str, int], rows: Any, row: Any) -> None:
    by = seeding.acting()
    assert told(paste.add(event_id, TEXT, Given("confirmed", ("vip", "press")), by)) == EXPECTED
    anna, new = rows(Guest)[-2:]
    assert (anna.email, anna.address, anna.reserved, anna.first_name, anna.last_name, anna.status) == (
        "Anna@X.test", "anna@x.test", True, "Anna", "Berg", "confirmed",
    )  # fmt: skip
    assert (anna.search_key, anna.attributes, new.email, new.full_name) == (
        "berg anna anna@x.test",
        {},
        "new@x.test",
        "",
    )
    assert [listing.get(event_id, guest.id).tags for guest in (anna, new)] == [("press", "vip")] * 2
    entry = row(AuditEntry, AuditEntry.action == "guests.pasted")
    assert entry.detail == {"added": 2, "there": 2, "rejected": 2, "status": "confirmed", "tags": ["vip", "press"]}
    assert told(paste.add(event_id, TEXT, Given(), by))[0] == []
    assert len(rows(Guest)) == 7


def test_a_guest_of_another_event_is_new_here(event_id: int, five: dict[str, int], add_event: Any) -> None:
    assert told(paste.add(add_event(), "ana@guests.example.net", Given(), seeding.acting()))[0] == [
        "ana@guests.example.net"
    ]


def test_an_address_beyond_ascii_is_recognized_in_any_spelling(event_id: int) -> None:
    edit.add(event_id, {"email": "a@Bücher.example"}, seeding.acting())
    assert told(paste.check(event_id, "A@xn--bcher-kva.example\na@BÜCHER.example"))[0] == []


@pytest.mark.parametrize(
    ("text", "given", "field", "code"),
    [
        (" \n", Given(), "addresses", "REQUIRED"), ("a@x.test," * 5001, Given(), "addresses", "TOO_MANY"),
        ("x" * 1_000_001, Given(), "addresses", "REQUIRED"), ("a@x.test", Given("maybe"), "status", "INVALID_STATUS"),
        ("a@x.test", Given("", ("x" * 101,)), "tags", "INVALID_TAGS"),
    ],
)  # fmt: skip
def test_what_cannot_be_added_is_refused_whole(
    event_id: int, count: Any, text: str, given: Given, field: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        paste.add(event_id, text, given, seeding.acting())
    assert [(error.field, error.code) for error in refusal.value.fields] == [(field, code)]
    assert (count(Guest), count(GuestTag)) == (0, 0)


def test_another_number_than_was_looked_at_adds_nobody(event_id: int, count: Any) -> None:
    with pytest.raises(ListChanged, match="You saw that 2 would be added, now it is 1"):
        paste.add(event_id, "a@x.test", Given(), seeding.acting(), expected=2)
    assert count(Guest) == 0


def test_a_long_name_is_rejected_not_cut_off(event_id: int) -> None:
    report = paste.check(event_id, f"{'x' * 301} <a@x.test>\n{'y' * 300} <b@x.test>")
    assert told(report) == (["b@x.test"], [], [(1, "TOO_LONG")])


def test_adding_costs_the_same_queries_for_1_and_30(event_id: int, count_queries: Any) -> None:
    costs = []
    for number in (1, 30):
        text = "\n".join(f"g{n}-of-{number}@x.test" for n in range(number))
        with count_queries() as queries:
            assert len(paste.add(event_id, text, Given("", ("vip",)), seeding.acting()).new) == number
        costs.append(len(queries))
    assert costs[0] == costs[1]
