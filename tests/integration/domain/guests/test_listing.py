"""Guests: the list, its search, its filters and their counts."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.domain.guests import edit, filters, listing
from eventmail.domain.guests.filters import Filter
from tests.support import seeding
from tests.support.seeding import suppress


def names(event_id: int, status: Filter = Filter.ALL, q: str = "") -> list[str]:
    return [guest.full_name for guest in listing.listing(event_id, status, q).items]


def test_the_list_is_sorted_by_last_name_and_paged(event_id: int, five: dict[str, int]) -> None:
    assert names(event_id) == ["Dan Adams", "Ben Okafor", "Ana Ruiz", "Cem Young", "Eva Zorn"]
    second = listing.listing(event_id, page=2, size=2)
    assert [guest.full_name for guest in second.items] == ["Ana Ruiz", "Cem Young"]
    assert (second.number, second.pages, second.total) == (2, 3, 5)


def test_a_page_past_the_end_is_the_last_d2(event_id: int, five: dict[str, int]) -> None:
    page = listing.listing(event_id, page=99, size=2)
    assert (page.number, [guest.full_name for guest in page.items]) == (3, ["Eva Zorn"])


def test_the_filters_find_what_their_counts_say_f1(event_id: int, five: dict[str, int]) -> None:
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
        Filter.NO_ADDRESS: ["Eva Zorn"],
        Filter.SHARED: [],
    }
    assert filters.counts(event_id) == {status: len(people) for status, people in found.items()}


def test_counts_follow_the_search(event_id: int, five: dict[str, int]) -> None:
    suppress("ben@guests.example.net", reason="hard_bounce")
    counted = filters.counts(event_id, "ben")
    assert counted == {
        Filter.ALL: 1, Filter.INVITED: 1, Filter.CONFIRMED: 0, Filter.DECLINED: 0, Filter.BOUNCED: 1,
        Filter.SUPPRESSED: 0, Filter.NO_ADDRESS: 0, Filter.SHARED: 0,
    }  # fmt: skip


def test_of_two_entries_for_one_address_the_bounce_is_named_a2(event_id: int, five: dict[str, int]) -> None:
    suppress("ben@guests.example.net", "all", "complaint")
    suppress("ben@guests.example.net", str(event_id), "hard_bounce")
    ben = listing.get(event_id, five["Ben"])
    assert (ben.suppressed, ben.reason) == ("hard_bounce", "bounced")
    assert (names(event_id, Filter.BOUNCED), names(event_id, Filter.SUPPRESSED)) == (["Ben Okafor"], [])


def test_A7_shared_addresses_are_found_and_counted_with_and_without_a_search(
    event_id: int, five: dict[str, int], add_event: Callable[..., int]
) -> None:
    by = seeding.acting()
    edit.add(event_id, {"first_name": "Tom", "email": "ANA@guests.example.net"}, by)
    edit.add(event_id, {"first_name": "Nobody"}, by)  # two without an address share none
    edit.add(add_event(), {"first_name": "Stranger", "email": "ben@guests.example.net"}, by)
    assert names(event_id, Filter.SHARED) == ["Ana Ruiz", "Tom"]
    assert names(event_id, Filter.SHARED, "ruiz") == ["Ana Ruiz"]
    assert names(event_id, Filter.NO_ADDRESS) == ["Nobody", "Eva Zorn"]
    found = [filters.counts(event_id, q) for q in ("", "ruiz", "o")]
    assert [(counts[Filter.SHARED], counts[Filter.NO_ADDRESS], counts[Filter.ALL]) for counts in found] == [
        (2, 2, 7), (1, 0, 1), (1, 2, 5),
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["ana ruiz", "RUIZ ANA", "  an  rui ", "ana@GUESTS"])
def test_every_word_of_a_search_must_match_in_any_order(event_id: int, five: dict[str, int], query: str) -> None:
    assert names(event_id, q=query) == ["Ana Ruiz"]


def test_a_search_takes_percent_underscore_and_backslash_as_they_are(event_id: int) -> None:
    by = seeding.acting()
    for name in ("100% sure", "under_score", "back\\slash", "sla/sh", "plain"):
        edit.add(event_id, {"first_name": name}, by)
    found = {query: names(event_id, q=query) for query in ("%", "_", "\\", "/", "n%e", "r_s", "plain%")}
    assert found == {
        "%": ["100% sure"], "_": ["under_score"], "\\": ["back\\slash"], "/": ["sla/sh"], "n%e": [],
        "r_s": ["under_score"], "plain%": [],
    }  # fmt: skip


def test_a_search_forgives_case_and_accents(event_id: int) -> None:
    edit.add(event_id, {"first_name": "Jürgen", "last_name": "STRAẞE"}, seeding.acting())
    assert [names(event_id, q=query) for query in ("jurgen", "JÜRGEN", "strasse", "ju\u0308rgen")] == [
        ["Jürgen STRAẞE"]
    ] * 4


def test_a_huge_search_is_answered(event_id: int, five: dict[str, int]) -> None:
    assert names(event_id, q="x" * 100_000) == []
    assert names(event_id, q="\x00") == names(event_id)


def test_a_guest_says_with_whom_they_share_an_address_a7(event_id: int, five: dict[str, int]) -> None:
    by = seeding.acting()
    tom = edit.add(event_id, {"first_name": "Tom", "email": "ANA@guests.example.net"}, by)
    ana, tom_shown = listing.get(event_id, five["Ana"]), listing.get(event_id, tom)
    assert (ana.shares_with, ana.sharers, tom_shown.shares_with) == ("Tom", 1, "Ana Ruiz")
    edit.add(event_id, {"email": "ana@guests.example.net"}, by)
    assert (listing.get(event_id, tom).shares_with, listing.get(event_id, tom).sharers) == ("Ana Ruiz", 2)
    assert (listing.get(event_id, five["Eva"]).shares_with, listing.get(event_id, five["Ben"]).shares_with) == (
        None,
        None,
    )


def test_addresses_in_another_event_are_not_shared(
    event_id: int, five: dict[str, int], add_event: Callable[..., int]
) -> None:
    edit.add(add_event(), {"first_name": "Stranger", "email": "ana@guests.example.net"}, seeding.acting())
    assert listing.get(event_id, five["Ana"]).shares_with is None


@pytest.mark.parametrize("number", [1, 3, 50])
def test_the_list_costs_the_same_queries_whatever_its_length(
    event_id: int, number: int, count_queries: Callable[..., Any]
) -> None:
    people = [{"email": f"pair-{n // 2}@guests.example.net", "tags": ("vip", "press")} for n in range(number)]
    seeding.add_guests(event_id, people)
    suppress("pair-0@guests.example.net")
    with count_queries() as queries:
        page = listing.listing(event_id)
        filters.counts(event_id)
    assert (len(page.items), len(queries)) == (number, 6)
