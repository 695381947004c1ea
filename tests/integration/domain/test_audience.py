"""Who gets it and who won't."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from eventmail import clock
from eventmail.db import fresh, transaction
from eventmail.domain import audience as audiences
from eventmail.domain import picker, stepping
from eventmail.domain.audience import Audience
from eventmail.domain.picker import Choices
from eventmail.errors import FieldError, InvalidAudience
from eventmail.models import Guest, Suppression
from eventmail.states import GuestStatus, SuppressionReason
from tests.support import seeding

EVERYONE = tuple(GuestStatus)
CONFIRMED = (GuestStatus.CONFIRMED,)


def suppress(address: str, scope: object = "all", reason: str = "manual") -> None:
    with transaction() as tx:
        row = Suppression(address=address, scope=str(scope), reason=reason, source="test", created_at=clock.now())
        tx.add(row)


def criteria(**parts: list[str]) -> dict[str, list[str]]:
    return {"statuses": [], "segments": [], "guests": [], "exclude_segments": [], **parts}


def resolved(audience: Audience) -> tuple[int, dict[str, int]]:
    found = audiences.resolve(fresh(), audience)
    return found.count, {str(reason): number for reason, number in found.excluded.items()}


def getting(audience: Audience) -> list[int]:
    return sorted(row.guest_id for row in fresh().execute(audiences.recipients(audience)))


def left_out(audience: Audience) -> dict[int, tuple[str, int | None]]:
    """Guest to (reason, whose mail goes to the same address)."""
    return {row.id: (row.reason, row.shares_with) for row in fresh().execute(audiences.excluded(audience))}


def refusal(event_id: int, **parts: list[str]) -> tuple[FieldError, ...]:
    with pytest.raises(InvalidAudience) as refused:
        audiences.checked(event_id, criteria(**parts), outside=False)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_AUDIENCE")
    return refused.value.fields


# What may be picked


def test_the_audience_is_the_union_of_statuses_and_hand_picked_guests_a1(event_id: int, add_guest: Any) -> None:
    yes, maybe, _no, picked = (
        add_guest(f"{n}@guests.example.net", status=status)
        for n, status in enumerate(["confirmed", "invited", "declined", "declined"])
    )
    audience = audiences.checked(
        event_id,
        criteria(statuses=["invited", "confirmed"], guests=[str(picked), str(yes), str(picked)]),
        outside=False,
    )
    assert audience == Audience(event_id, (GuestStatus.INVITED, GuestStatus.CONFIRMED), (picked, yes))
    assert getting(audience) == [yes, maybe, picked]
    assert audience.as_json() == {
        "statuses": ["invited", "confirmed"], "segments": [], "guests": [str(picked), str(yes)], "exclude_segments": [],
    }  # fmt: skip


def test_nothing_selected_is_refused_and_never_everyone_a1(event_id: int, add_guest: Any) -> None:
    add_guest()
    sentence = "Choose at least one status, segment or guest. Nothing selected never means everyone."
    assert refusal(event_id) == (FieldError("audience", "REQUIRED", sentence),)


@pytest.mark.parametrize("status", ["bounced", "suppressed", "Confirmed", "all", "", "confirmed "])
def test_an_unknown_status_is_refused_by_name_a1(event_id: int, status: str) -> None:
    sentence = f"“{status}” is not a status; there are invited, confirmed, declined."
    assert refusal(event_id, statuses=["invited", status]) == (
        FieldError("audience.statuses", "UNKNOWN_STATUS", sentence),
    )


@pytest.mark.parametrize("part", ["segments", "exclude_segments"])
def test_an_unknown_segment_is_refused_by_name_a1(event_id: int, part: str) -> None:
    assert refusal(event_id, statuses=["invited"], **{part: ["7"]}) == (
        FieldError(f"audience.{part}", "UNKNOWN_SEGMENT", "There is no segment “7” in this event."),
    )


def test_a_guest_of_another_event_is_as_unknown_as_one_that_never_was_a1(
    event_id: int, add_event: Any, add_guest: Any
) -> None:
    mine, foreign = add_guest(), seeding.add_guest(add_event())
    for unknown in (str(foreign), "999", "0", "-1", "abc", "", "9" * 30, "1.0"):
        assert refusal(event_id, guests=[str(mine), unknown]) == (
            FieldError("audience.guests", "UNKNOWN_GUEST", f"There is no guest “{unknown}” in this event."),
        )


def test_more_than_5000_hand_picked_guests_are_refused_without_a_look_at_each(event_id: int) -> None:
    many = [str(n) for n in range(1, 5002)]
    assert refusal(event_id, guests=many) == (
        FieldError("audience.guests", "TOO_MANY", "Pick at most 5000 guests by hand."),
    )


def test_5000_hand_picked_guests_are_counted_and_listed(event_id: int) -> None:
    picked = tuple(seeding.add_guests(event_id, 5000))
    audience = audiences.checked(event_id, criteria(guests=[str(n) for n in picked]), outside=False)
    assert (resolved(audience), left_out(audience)) == ((5000, {}), {})
    assert [guest.id for guest in stepping.sample(audience, 2)] == list(picked[:2])


def test_guests_of_other_events_are_in_no_audience(event_id: int, add_event: Any, add_guest: Any) -> None:
    mine, other = add_guest(), add_event()
    foreign = seeding.add_guest(other)
    assert getting(Audience(event_id, EVERYONE, ())) == [mine]
    assert getting(Audience(event_id, (), (foreign,))) == []


# Who won't get it


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


# Couples


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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        by_name = [guest.id for guest in stepping.sample(audience, 99)]
        assert sorted(by_name) == mail


# What the picker and the preview show


def test_the_picker_counts_statuses_and_who_cannot_be_mailed_a1(event_id: int, add_guest: Any, add_event: Any) -> None:
    for n, status in enumerate(["invited", "confirmed", "confirmed", "declined", "declined", "declined"]):
        add_guest(f"{n}@guests.example.net", status=status)
    seeding.add_guest(add_event(), "0@guests.example.net")
    assert picker.choices(event_id) == Choices({s: n for n, s in enumerate(GuestStatus, 1)}, [], 0, 0)
    for n, reason in enumerate(["hard_bounce", "hard_bounce", "complaint", "unsubscribed"]):
        suppress(f"{n}@guests.example.net", "all", reason)
    suppress("5@guests.example.net", event_id + 1)
    assert picker.choices(event_id) == Choices({s: n for n, s in enumerate(GuestStatus, 1)}, [], 2, 2)


@pytest.fixture
def named(event_id: int) -> dict[str, int]:
    """Six guests by last name, made in another order; Dora shares Ben's address."""
    people = [("Eva", "invited"), ("Ben", "confirmed"), ("Ada", "confirmed"), ("Dora", "confirmed"),
              ("Cem", "invited"), ("Finn", "confirmed")]  # fmt: skip
    made = seeding.add_guests(
        event_id,
        [
            {"email": f"{'Ben' if name == 'Dora' else name}@guests.example.net", "first_name": "", "last_name": name,
             "status": status}
            for name, status in people
        ],
    )  # fmt: skip
    return dict(zip([name for name, _ in people], made, strict=True))


def test_the_sample_is_the_first_recipients_by_name_a3(event_id: int, named: dict[str, int]) -> None:
    def shown(*statuses: GuestStatus, limit: int = 5, guests: tuple[int, ...] = ()) -> list[str]:
        return [guest.last_name for guest in stepping.sample(Audience(event_id, statuses, guests), limit)]

    assert shown(*CONFIRMED) == ["Ada", "Ben", "Finn"]
    assert shown(*EVERYONE) == ["Ada", "Ben", "Cem", "Eva", "Finn"]
    assert shown(*EVERYONE, limit=3) == ["Ada", "Ben", "Cem"]
    assert shown(GuestStatus.DECLINED) == []
    assert shown(*CONFIRMED, guests=(named["Cem"], named["Ada"])) == ["Ada", "Ben", "Cem", "Finn"]


def test_a_preview_steps_through_the_recipients_by_name_a3(event_id: int, named: dict[str, int]) -> None:
    audience = Audience(event_id, EVERYONE, ())
    names = {guest_id: name for name, guest_id in named.items()}

    def step(name: str | None) -> tuple[str | None, str | None, str | None]:
        found = stepping.step(audience, event_id, named[name] if name else None)
        return (
            names.get(found.previous or 0),
            found.guest.last_name if found.guest else None,
            names.get(found.next or 0),
        )

    assert [step(name) for name in (None, "Ada", "Ben", "Cem", "Eva", "Finn")] == [
        (None, "Ada", "Ben"), (None, "Ada", "Ben"), ("Ada", "Ben", "Cem"), ("Ben", "Cem", "Eva"),
        ("Cem", "Eva", "Finn"), ("Eva", "Finn", None),
    ]  # fmt: skip
    assert step("Dora") == ("Cem", "Dora", "Eva")  # one who gets no mail of their own has neighbours who do


def test_guests_of_one_name_are_stepped_through_one_by_one(event_id: int) -> None:
    twins = seeding.add_guests(
        event_id, [{"email": f"{n}@guests.example.net", "search_key": "same"} for n in range(4)], status="invited"
    )
    audience, seen, here = Audience(event_id, EVERYONE, ()), [], None
    for _ in twins:
        step = stepping.step(audience, event_id, here)
        assert step.guest
        seen.append(step.guest.id)
        here = step.next
    assert (seen, here) == (twins, None)


def test_a_guest_of_another_event_is_never_previewed(event_id: int, named: dict[str, int], add_event: Any) -> None:
    foreign = seeding.add_guest(add_event(), "secret@guests.example.net")
    for audience in (None, Audience(event_id, EVERYONE, ())):
        step = stepping.step(audience, event_id, foreign)
        assert step.guest
        assert step.guest.last_name == "Ada"


def test_before_anything_is_picked_the_preview_shows_the_first_guest(event_id: int, named: dict[str, int]) -> None:
    step = stepping.step(None, event_id, None)
    assert step.guest
    assert (step.guest.last_name, step.previous, step.next) == ("Ada", None, None)
    assert stepping.step(None, event_id + 1, None).guest is None


def test_an_audience_without_recipients_has_nobody_to_preview(event_id: int, add_guest: Any) -> None:
    add_guest(None, first_name="Nobody")
    assert stepping.step(Audience(event_id, EVERYONE, ()), event_id, None).guest is None


def test_counting_costs_the_same_for_one_guest_and_for_many(event_id: int, add_guests: Any, count_queries: Any) -> None:
    audience, costs = Audience(event_id, EVERYONE, ()), []
    for more in (1, 30):
        add_guests(more)
        with count_queries() as queries:
            audiences.resolve(fresh(), audience)
            picker.choices(event_id)
            stepping.step(audience, event_id, None)
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_an_address_that_was_changed_counts_as_what_it_is_now(event_id: int, add_guest: Any) -> None:
    guest = add_guest("old@guests.example.net")
    suppress("old@guests.example.net")
    assert resolved(Audience(event_id, CONFIRMED, ())) == (0, {"suppressed": 1})
    with transaction() as tx:
        tx.execute(update(Guest).values(address="new@guests.example.net", email="New@guests.example.net"))
    assert getting(Audience(event_id, CONFIRMED, ())) == [guest]
