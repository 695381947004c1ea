"""As whom a message can be read, and who of its recipients has no value."""

from typing import Any

import pytest

from eventmail import clock
from eventmail.content.pieces import CALENDAR_NAMES
from eventmail.db import fresh, transaction
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import contents, merge_values, preview, preview_as, preview_steps
from eventmail.domain.mailings.contents import Text
from eventmail.domain.terms import SendingTerms
from eventmail.models import Guest, GuestField, Suppression
from eventmail.states import GuestStatus
from tests.support import seeding
from tests.support.seeding import Person, acting

PLACE = SendingTerms("https://mail.organizers.example", b"s" * 32, outside=True)
CONFIRMED = (GuestStatus.CONFIRMED,)


@pytest.fixture
def everybody(event_id: int, add_guests: Any) -> Audience:
    """Six recipients by name, and between them guests who get nothing, for each of the reasons."""
    add_guests(
        [
            {"email": "a@guests.org", "first_name": "", "last_name": "Adams", "attributes": {"Table": "1"}},
            {"email": "A@guests.org", "first_name": "", "last_name": "Aatwin"},
            {"email": None, "first_name": "", "last_name": "Abel", "attributes": {"Table": "3", "Diet": "y"}},
            {"email": "gone@guests.org", "first_name": "", "last_name": "Acton"},
            {"email": "x@example.com", "first_name": "", "last_name": "Aden"},
            {"email": "no@guests.org", "status": "declined", "last_name": "Aster"},
            *({"email": f"{n}@guests.org", "last_name": n, "attributes": {"Table": ""}} for n in ("Baker", "Clark")),
            {"email": "d@guests.org", "first_name": "", "last_name": "Dunn"},
            {"email": "e@guests.org", "first_name": "", "last_name": "Elm", "attributes": {"Table": "2", "Diet": "x"}},
            {"email": "f@guests.org", "first_name": "", "last_name": "Fox"},
        ]
    )
    with transaction() as tx:
        for name in ("Table", "Diet"):
            tx.add(GuestField(event_id=event_id, name=name))
        tx.add(Suppression(address="gone@guests.org", scope="all", reason="manual", source="t", created_at=clock.now()))
    return Audience(event_id, CONFIRMED, (), outside=True)


def test_A3_the_place_of_a_reader_counts_recipients_alone(everybody: Audience) -> None:
    excluded = audiences.resolve(fresh(), everybody).excluded_count
    order = preview_steps.sample(everybody, limit=50)
    assert (excluded, [guest.last_name for guest in order]) == (4, ["Adams", "Baker", "Clark", "Dunn", "Elm", "Fox"])
    places = [preview_as.position(everybody, guest, excluded=excluded) for guest in order]
    assert places == [1, 2, 3, 4, 5, 6]


def test_A3_only_recipients_are_found_by_name_or_address(everybody: Audience, event_id: int, add_event: Any) -> None:
    other = add_event()
    seeding.add_guest(other, "clark@elsewhere.org", last_name="Clark")

    def found(words: str) -> list[str]:
        return [guest.last_name for guest in preview_as.find(everybody, words).guests]

    assert found("guests.org") == ["Adams", "Baker", "Clark", "Dunn", "Elm", "Fox"]
    assert (found("CLARK ada"), found("d@g"), found("act"), found("aster"), found("%"), found("  ")) == (
        ["Clark"], ["Dunn"], [], [], [], [],
    )  # fmt: skip


def test_A3_a_search_that_finds_many_shows_the_first_and_says_so(event_id: int, add_guests: Any) -> None:
    add_guests([{"email": f"{n}@guests.org", "last_name": f"N{n}"} for n in range(9)])
    found = preview_as.find(Audience(event_id, CONFIRMED, ()), "guests")
    assert ([guest.last_name for guest in found.guests], found.more) == ([f"N{n}" for n in range(8)], True)


def test_C3_the_recipient_with_most_missing_details_is_the_first_of_them_by_name(
    everybody: Audience, event_id: int
) -> None:
    def who(body: str) -> str | None:
        found = preview_as.most_missing(everybody, contents.checked(event_id, Text("s", "", body)))
        return fresh().get_one(Guest, found).last_name if found else None

    assert who("{guest.firstName} {guest.Table} {guest.Diet}") == "Dunn"
    assert who("{guest.Table}") == "Baker"
    assert who("{guest.email} {event.title}") is None
    assert who("{guest.lastName}") is None


def test_C3_everybody_without_a_value_is_counted_and_listed_alike(everybody: Audience, event_id: int) -> None:
    names = list(merge_values.fields(event_id))
    counted = preview_as.counts_without(everybody, names, 6)
    listed = {}
    for name in names:
        rows = preview_as.without(everybody, name)
        if rows is not None:
            listed[name] = [guest.last_name for guest in fresh().scalars(rows)]
    assert listed == {
        "guest.Diet": ["Adams", "Baker", "Clark", "Dunn", "Fox"],
        "guest.Table": ["Baker", "Clark", "Dunn", "Fox"],
        "guest.firstName": ["Adams", "Dunn", "Elm", "Fox"],
        "guest.fullName": [],
        "guest.lastName": [],
    }
    assert counted == {name: len(guests) for name, guests in listed.items()}


def test_counting_what_is_missing_takes_as_many_queries_for_one_column_as_for_three(
    everybody: Audience, event_id: int, count_queries: Any
) -> None:
    numbers = []
    for more in ("One", "Two"):
        names = list(merge_values.fields(event_id))
        with count_queries() as queries:
            preview_as.counts_without(everybody, names, 6)
        numbers.append(len(queries))
        with transaction() as tx:
            tx.add(GuestField(event_id=event_id, name=more))
    assert numbers == [4, 4]


def test_C3_a_reading_says_what_stands_for_each_field_and_why(
    everybody: Audience, event_id: int, organizer: Person
) -> None:
    text = Text(
        "{guest.firstName|friend}", "{guest.lastName}", "{guest.Table} {event.url} {calendar.links} {guest.firstName}"
    )
    compiled = contents.checked(event_id, text)
    dunn = next(guest for guest in preview_steps.sample(everybody, 9) if guest.last_name == "Dunn")
    event, author = seeding.event(event_id), seeding.user(organizer)
    found = preview.reading(compiled, event, dunn, author, PLACE)
    assert [(value.label, value.text, value.why) for value in found.values] == [
        ("First name", "friend", "fallback, because Dunn has no first name"),
        ("Last name", "Dunn", ""),
        ("Table", "not stated", "fallback, because Dunn has no “Table”"),
        ("Event page", "a link that will follow", "fallback, because “Event page” is not set for this event"),
        ("All calendar links", ", ".join(CALENDAR_NAMES.values()), ""),
    ]
    assert [(piece.text, piece.fallback) for piece in found.subject] == [("friend", True)]
    nobody = preview.reading(compiled, event, None, author, PLACE)
    assert nobody.values[0].why == "fallback, because there is no guest to read it as"


def test_C4_a_subject_that_a_value_makes_too_long_is_shown_as_it_is_cut(event_id: int, organizer: Person) -> None:
    draft = contents.preview(event_id, Text("x" * 990 + "{event.title}", "", "b"), acting())
    found = preview.reading(draft.compiled, seeding.event(event_id), None, seeding.user(organizer), PLACE)
    assert (len(found.subject), len(found.subject[0].text), found.subject[0].text[-1]) == (1, 998, "…")
