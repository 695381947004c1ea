"""What may be picked: statuses, segments and guests of the event, by name."""

from typing import Any

import pytest

from eventmail.db import transaction
from eventmail.domain.audience import picker, segments
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.picker import Choices
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import preview_steps
from eventmail.errors import FieldError, InvalidAudience
from eventmail.states import GuestStatus
from tests.support import seeding
from tests.support.audience import EVERYONE, getting, left_out, resolved
from tests.support.seeding import suppress


def criteria(**parts: list[str]) -> dict[str, list[str]]:
    return {"statuses": [], "segments": [], "guests": [], "exclude_segments": [], **parts}


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


def test_a_removed_segment_is_refused_by_the_name_it_had_and_another_events_by_none_a1(
    event_id: int, add_event: Any, add_guest: Any
) -> None:
    picked = [str(add_guest())]
    with transaction() as tx:
        gone = segments.add(tx, event_id, {"name": "<b>VIP", "guests": picked}, seeding.acting())
    segments.remove(event_id, gone, seeding.acting())
    other = add_event()
    sentence = "The segment “<b>VIP” was removed. Untick it, or choose another."
    assert refusal(event_id, segments=[str(gone)]) == (FieldError("audience.segments", "UNKNOWN_SEGMENT", sentence),)
    sentence = f"There is no segment “{gone}” in this event."
    assert refusal(other, segments=[str(gone)]) == (FieldError("audience.segments", "UNKNOWN_SEGMENT", sentence),)


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
    assert [guest.id for guest in preview_steps.sample(audience, 2)] == list(picked[:2])


def test_guests_of_other_events_are_in_no_audience(event_id: int, add_event: Any, add_guest: Any) -> None:
    mine, other = add_guest(), add_event()
    foreign = seeding.add_guest(other)
    assert getting(Audience(event_id, EVERYONE, ())) == [mine]
    assert getting(Audience(event_id, (), (foreign,))) == []


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
