"""Who reads a fallback instead of a value."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail.domain.audience.resolve import Audience
from eventmail.domain.events import edit
from eventmail.domain.guests import edit as guest_edit
from eventmail.domain.mailings import contents, fallbacks, merge_values
from eventmail.domain.mailings.contents import Text
from eventmail.domain.terms import SendingTerms
from eventmail.states import GuestStatus
from tests.support import seeding
from tests.support.seeding import acting

PLACE = SendingTerms("https://mail.organizers.example", b"s" * 32, outside=False)
CONFIRMED = (GuestStatus.CONFIRMED,)
AWKWARD = ["Table", "Table no", 'said "so"', "a.b", "a[0]", "[0]", "$", "$.a", "#", "it's", "back\\slash", "Größe",
           "日本", "a'b\"c.d[e]", "100%", "x:y", "?"]  # fmt: skip


@pytest.fixture
def gaps(event_id: int) -> Callable[..., dict[str, tuple[int, bool, list[str]]]]:
    """gaps(body, statuses=…): label to (how many, whether everyone, the first by name)."""

    def found(body: str, statuses: Any = CONFIRMED, outside: bool = False) -> dict[str, tuple[int, bool, list[str]]]:
        compiled = contents.checked(event_id, Text("Subject", "", body))
        event = seeding.event(event_id)
        constants = merge_values.constants(event, merge_values.sender(event, None), PLACE)
        audience = Audience(event_id, statuses, (), outside)
        return {
            gap.field.label: (gap.count, gap.everyone, [guest.last_name for guest in gap.guests])
            for gap in fallbacks.gaps(compiled, merge_values.fields(event_id), constants, audience, 42)
        }

    return found


def test_how_many_have_no_name_and_who_c3(add_guests: Any, gaps: Any) -> None:
    add_guests([{"email": f"{n}@guests.example.net", "first_name": "", "last_name": f"N{n}"} for n in range(7)])
    add_guests(
        [{"email": "ada@guests.example.net"}, {"email": "no@guests.example.net", "last_name": "", "first_name": "Al"}]
    )
    assert gaps("{guest.firstName} {guest.lastName} {guest.fullName} {guest.email}") == {
        "First name": (7, False, ["N0", "N1", "N2", "N3", "N4"]), "Last name": (1, False, [""]),
    }  # fmt: skip


def test_only_those_who_get_it_count_c3(add_guest: Any, event_id: int, gaps: Any) -> None:
    everybody = [
        ("a@guests.org", "confirmed"), ("A@guests.org", "confirmed"), (None, "confirmed"),
        ("b@guests.org", "declined"), ("c@example.com", "confirmed"),
    ]  # fmt: skip
    for email, status in everybody:
        add_guest(email, status=status, first_name="", last_name=f"{email}")
    assert gaps("{guest.firstName}") == {"First name": (2, False, ["a@guests.org", "c@example.com"])}
    assert gaps("{guest.firstName}", outside=True) == {"First name": (1, False, ["a@guests.org"])}
    assert gaps("{guest.firstName}", (GuestStatus.INVITED,)) == {}


@pytest.mark.parametrize("column", AWKWARD)
def test_a_column_may_have_any_name_c1(event_id: int, add_guest: Any, gaps: Any, column: str) -> None:
    has, lacks = add_guest("a@guests.example.net"), add_guest("b@guests.example.net", last_name="Lacks")
    by = acting()
    guest_edit.edit(event_id, has, {"attributes": {column: "7"}}, by)
    guest_edit.edit(event_id, lacks, {"attributes": {"Other": "7"}}, by)
    assert f"guest.{column}" in merge_values.fields(event_id)
    assert gaps(f"{{guest.{column}}}") == {column: (1, False, ["Lacks"])}


def test_a_field_of_the_event_is_missing_for_everyone_c3(event_id: int, add_guest: Any, gaps: Any) -> None:
    add_guest()
    assert gaps("{event.location} {event.date} {organizer.name} {calendar.links} {event.title}") == {}
    cleared = {"location": "", "starts_wall": None, "ends_wall": None}
    edit.edit(event_id, cleared, acting())
    assert gaps("{event.location} {event.date} {event.url} {calendar.links} {calendar.google} {event.title}") == {
        "Event location": (42, True, []), "Event date": (42, True, []), "Event page": (42, True, []),
        "All calendar links": (42, True, []), "Google Calendar link": (42, True, []),
    }  # fmt: skip


def test_a_field_that_shows_nothing_is_missing_c3(event_id: int, add_guest: Any, gaps: Any) -> None:
    add_guest()
    edit.edit(event_id, {"location": "\u200b \u00ad"}, acting())
    assert gaps("{event.location}") == {"Event location": (42, True, [])}


def test_a_field_is_named_once_however_often_it_is_merged(add_guest: Any, gaps: Any) -> None:
    add_guest(first_name="")
    assert gaps("{guest.firstName} {guest.firstName|you} {guest.firstName}") == {"First name": (1, False, ["Lovelace"])}


def test_a_text_without_fields_of_guests_asks_nothing(event_id: int, add_guest: Any, gaps: Any) -> None:
    add_guest(first_name="")
    assert gaps("Plain words.") == {}
