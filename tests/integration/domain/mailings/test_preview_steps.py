"""A preview steps through those who get it, by name."""

from typing import Any

import pytest

from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import preview_steps
from eventmail.states import GuestStatus
from tests.support import seeding
from tests.support.audience import CONFIRMED, EVERYONE


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
        return [guest.last_name for guest in preview_steps.sample(Audience(event_id, statuses, guests), limit)]

    assert shown(*CONFIRMED) == ["Ada", "Ben", "Finn"]
    assert shown(*EVERYONE) == ["Ada", "Ben", "Cem", "Eva", "Finn"]
    assert shown(*EVERYONE, limit=3) == ["Ada", "Ben", "Cem"]
    assert shown(GuestStatus.DECLINED) == []
    assert shown(*CONFIRMED, guests=(named["Cem"], named["Ada"])) == ["Ada", "Ben", "Cem", "Finn"]


def test_a_preview_steps_through_the_recipients_by_name_a3(event_id: int, named: dict[str, int]) -> None:
    audience = Audience(event_id, EVERYONE, ())
    names = {guest_id: name for name, guest_id in named.items()}

    def step(name: str | None) -> tuple[str | None, str | None, str | None]:
        found = preview_steps.step(audience, event_id, named[name] if name else None)
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
        step = preview_steps.step(audience, event_id, here)
        assert step.guest
        seen.append(step.guest.id)
        here = step.next
    assert (seen, here) == (twins, None)


def test_a_guest_of_another_event_is_never_previewed(event_id: int, named: dict[str, int], add_event: Any) -> None:
    foreign = seeding.add_guest(add_event(), "secret@guests.example.net")
    for audience in (None, Audience(event_id, EVERYONE, ())):
        step = preview_steps.step(audience, event_id, foreign)
        assert step.guest
        assert step.guest.last_name == "Ada"


def test_before_anything_is_picked_the_preview_shows_the_first_guest(event_id: int, named: dict[str, int]) -> None:
    step = preview_steps.step(None, event_id, None)
    assert step.guest
    assert (step.guest.last_name, step.previous, step.next) == ("Ada", None, None)
    assert preview_steps.step(None, event_id + 1, None).guest is None


def test_an_audience_without_recipients_has_nobody_to_preview(event_id: int, add_guest: Any) -> None:
    add_guest(None, first_name="Nobody")
    assert preview_steps.step(Audience(event_id, EVERYONE, ()), event_id, None).guest is None
