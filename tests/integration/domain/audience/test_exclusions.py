"""Who gets it and who won’t: each for one reason, and one mail for an address."""

import sqlite3
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from eventmail.db import fresh, transaction
from eventmail.domain.audience import picker
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import preview_steps
from eventmail.models import Guest, Suppression
from eventmail.states import GuestStatus, SuppressionReason
from tests.support import seeding
from tests.support.audience import CONFIRMED, EVERYONE, getting, left_out, resolved
from tests.support.budgets import budget
from tests.support.seeding import suppress


def test_each_reason_has_its_row_and_its_count_a2(event_id: int, add_guest: Any) -> None:
    gets = add_guest("ada@guests.example.net")
    rows = {
        add_guest(None, first_name="Nobody"): ("no_address", None),
        add_guest("bounced@guests.example.net"): ("bounced", None),
        add_guest("off@guests.example.net"): ("unsubscribed", None),
        add_guest("angry@guests.example.net"): ("suppressed", None),
        add_guest("asked@guests.example.net"): ("suppressed", None),
        add_guest("old@guests.example.net"): ("suppressed", None),
        add_guest("ADA@guests.example.net"): ("duplicate_address", gets),
    }
    suppress("bounced@guests.example.net", "all", "hard_bounce")
    suppress("off@guests.example.net", event_id, "unsubscribed")
    suppress("angry@guests.example.net", "all", "complaint")
    suppress("asked@guests.example.net", event_id, "manual")
    suppress("old@guests.example.net", "all", "import")
    audience = Audience(event_id, CONFIRMED, ())
    assert getting(audience) == [gets]
    assert left_out(audience) == rows
    count, excluded = resolved(audience)
    assert (count, list(excluded.items())) == (
        1,
        [("no_address", 1), ("bounced", 1), ("unsubscribed", 1), ("suppressed", 3), ("duplicate_address", 1)],
    )


@pytest.mark.parametrize(
    ("everywhere", "here", "shown"),
    [
        ("hard_bounce", "unsubscribed", "bounced"),
        ("unsubscribed", "hard_bounce", "bounced"),
        ("complaint", "unsubscribed", "unsubscribed"),
        ("manual", "hard_bounce", "bounced"),
        ("manual", "complaint", "suppressed"),
    ],
)
def test_of_two_entries_the_first_reason_is_shown_once_a2(
    event_id: int, add_guest: Any, everywhere: str, here: str, shown: str
) -> None:
    guest = add_guest("ben@guests.example.net")
    suppress("ben@guests.example.net", "all", everywhere)
    suppress("ben@guests.example.net", event_id, here)
    audience = Audience(event_id, CONFIRMED, ())
    assert (resolved(audience), left_out(audience)) == ((0, {shown: 1}), {guest: (shown, None)})


def test_a_couple_on_the_list_is_two_guests_with_that_reason_and_no_duplicate_a2(event_id: int, add_guest: Any) -> None:
    couple = [add_guest("both@guests.example.net"), add_guest("Both@guests.example.net")]
    suppress("both@guests.example.net", "all", "hard_bounce")
    audience = Audience(event_id, CONFIRMED, ())
    assert (resolved(audience), left_out(audience)) == ((0, {"bounced": 2}), dict.fromkeys(couple, ("bounced", None)))


def test_the_list_of_another_event_does_not_count_f1(event_id: int, add_guest: Any, add_event: Any) -> None:
    guest, other = add_guest("ben@guests.example.net"), add_event()
    suppress("ben@guests.example.net", other, "unsubscribed")
    suppress("ben@guests.example.net", f"{event_id}0", "unsubscribed")
    assert getting(Audience(event_id, CONFIRMED, ())) == [guest]
    suppress("ben@guests.example.net", event_id, "unsubscribed")
    assert getting(Audience(event_id, CONFIRMED, ())) == []


@pytest.fixture
def unreal(event_id: int, add_guest: Any) -> list[int]:
    """A real guest, two that share a reserved address, one on the list with a reserved address."""
    guests = [add_guest(email) for email in ("real@guests.org", "a@example.com", "A@Example.COM", "b@mail.test")]
    suppress("b@mail.test", "all", "manual")
    return guests


def test_reserved_addresses_are_left_out_when_mail_leaves_the_box_a2(event_id: int, unreal: list[int]) -> None:
    real, first, second, listed = unreal
    audience = Audience(event_id, CONFIRMED, (), outside=True)
    assert getting(audience) == [real]
    assert left_out(audience) == {
        first: ("reserved_address", None), second: ("duplicate_address", first), listed: ("suppressed", None),
    }  # fmt: skip
    assert resolved(audience) == (1, {"suppressed": 1, "duplicate_address": 1, "reserved_address": 1})


def test_reserved_addresses_get_mail_in_the_outbox_a2(event_id: int, unreal: list[int]) -> None:
    real, first, _second, _listed = unreal
    assert getting(Audience(event_id, CONFIRMED, ())) == [real, first]


def test_an_address_gets_one_mail_and_the_oldest_guest_is_greeted_a7(event_id: int, add_guest: Any) -> None:
    older, younger = add_guest("Ada.L@Guests.Example.NET"), add_guest("ada.l@guests.example.net", first_name="Ben")
    audience = Audience(event_id, CONFIRMED, ())
    assert [tuple(row) for row in fresh().execute(audiences.recipients(audience))] == [
        (older, "ada.l@guests.example.net")
    ]
    assert left_out(audience) == {younger: ("duplicate_address", older)}


def test_who_is_not_in_the_audience_is_not_greeted_in_it_a7(event_id: int, add_guest: Any) -> None:
    older = add_guest("both@guests.example.net", status="declined")
    younger, youngest = (add_guest("both@guests.example.net") for _ in range(2))
    assert getting(Audience(event_id, CONFIRMED, ())) == [younger]
    assert left_out(Audience(event_id, CONFIRMED, ())) == {youngest: ("duplicate_address", younger)}
    assert getting(Audience(event_id, CONFIRMED, (older,))) == [older]
    assert getting(Audience(event_id, (), (youngest,))) == [youngest]


def test_addresses_that_differ_in_more_than_case_are_two_a7(event_id: int, add_guest: Any) -> None:
    both = [add_guest("ada.l@guests.example.net"), add_guest("adal@guests.example.net")]
    assert getting(Audience(event_id, CONFIRMED, ())) == both


# Sums
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "email": st.sampled_from(
                [None, "a@x.org", "A@x.org", "b@x.org", "c@example.com", "C@example.com", "d@x.org"]
            ),
            "status": st.sampled_from(list(GuestStatus)),
        }
    ),
    max_size=14,
)
LISTED = st.dictionaries(
    st.tuples(
        st.sampled_from(["a@x.org", "b@x.org", "c@example.com", "nobody@x.org"]),
        st.sampled_from(["all", "here", "there"]),
    ),
    st.sampled_from(list(SuppressionReason)),
    max_size=6,
)  # fmt: skip


@settings(max_examples=budget(25, soaked=60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PEOPLE, LISTED, st.sets(st.sampled_from(list(GuestStatus))), st.sets(st.integers(0, 13)), st.booleans())
def test_everyone_picked_either_gets_it_or_is_left_out_for_one_reason_a2(
    app: Flask,
    event_id: int,
    people: list[dict[str, Any]],
    listed: dict[tuple[str, str], SuppressionReason],
    statuses: set[GuestStatus],
    hand: set[int],
    outside: bool,
) -> None:
    with app.app_context():
        with transaction() as tx:
            tx.execute(delete(Guest))
            tx.execute(delete(Suppression))
        made = seeding.add_guests(event_id, people)
        scope = {"all": "all", "here": str(event_id), "there": str(event_id + 1)}
        for (address, where), reason in listed.items():
            suppress(address, scope[where], reason)
        by_hand = {made[place] for place in hand if place < len(made)}
        if not statuses and not by_hand:
            return
        audience = Audience(event_id, tuple(sorted(statuses)), tuple(sorted(by_hand)), outside)

        wanted = {n for n, person in zip(made, people, strict=True) if person["status"] in statuses} | by_hand
        mail, rest = getting(audience), left_out(audience)
        count, excluded = resolved(audience)
        assert set(mail) | set(rest) == wanted
        assert len(mail) + len(rest) == len(wanted) == count + sum(excluded.values())
        assert Counter(reason for reason, _ in rest.values()) == excluded
        assert len(mail) == count

        addresses = {n: (person["email"] or "").lower() for n, person in zip(made, people, strict=True)}
        blocked = {address for address, where in listed if where != "there"}
        reached = {addresses[n] for n in wanted} - blocked - {""}
        if outside:
            reached -= {"c@example.com"}
        assert {addresses[n] for n in mail} == reached
        assert mail == sorted(min(n for n in wanted if addresses[n] == address) for address in reached)
        fresh().expunge_all()
        by_name = [guest.id for guest in preview_steps.sample(audience, 99)]
        assert sorted(by_name) == mail


def test_counting_costs_the_same_for_one_guest_and_for_many(event_id: int, add_guests: Any, count_queries: Any) -> None:
    audience, costs = Audience(event_id, EVERYONE, ()), []
    for more in (1, 30):
        add_guests(more)
        with count_queries() as queries:
            audiences.resolve(fresh(), audience)
            picker.choices(event_id)
            preview_steps.step(audience, event_id, None)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_an_address_that_was_changed_counts_as_what_it_is_now(event_id: int, add_guest: Any) -> None:
    guest = add_guest("old@guests.example.net")
    suppress("old@guests.example.net")
    assert resolved(Audience(event_id, CONFIRMED, ())) == (0, {"suppressed": 1})
    with transaction() as tx:
        tx.execute(update(Guest).values(address="new@guests.example.net", email="New@guests.example.net"))
    assert getting(Audience(event_id, CONFIRMED, ())) == [guest]


def test_A2_five_thousand_picked_by_hand_fit_into_one_statement_of_any_sqlite(event_id: int, add_guests: Any) -> None:
    ids = tuple(add_guests([{"email": "a@guests.example.net"}, {"email": "B@guests.example.net"}, {"email": None}]))
    driver: Any = fresh().connection().connection.driver_connection
    driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)  # what it is unless the system's package raised it
    picked = (*ids, *range(1_000_000, 1_004_997))
    audience = Audience(event_id, (), picked, outside=True)
    assert left_out(audience) == dict.fromkeys(ids[:2], ("reserved_address", None)) | {ids[2]: ("no_address", None)}
    assert resolved(audience)[0] == 0
