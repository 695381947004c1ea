"""A text as lists and headings show it: each merge field by its name in words (C1, C2)."""

import pytest

from eventmail.content.chips import Chip, Unknown, has_braces, pieces, plain
from eventmail.content.tokens import known_fields

FIELDS = known_fields({"Table": "any table", "עמודה": ""})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", []),
        ("Doors at six", ["Doors at six"]),
        ("{guest.firstName}", [Chip("First name", None)]),
        ("Hi {guest.firstName|there}!", ["Hi ", Chip("First name", "there"), "!"]),
        ("{ EVENT.title | our day }{guest.table}", [Chip("Event title", "our day"), Chip("Table", None)]),
        ("{guest.עמודה|x}", [Chip("עמודה", "x")]),
        ("{calendar.links}, {event.url}", [Chip("All calendar links", None), ", ", Chip("Event page", None)]),
        ("{guest.firstName|a \\{b\\}}", [Chip("First name", "a {b}")]),
    ],
)  # fmt: skip
def test_C1_a_merge_field_is_shown_by_its_name_and_the_words_of_its_fallback(text: str, shown: list[object]) -> None:
    assert pieces(text, FIELDS) == shown


@pytest.mark.parametrize(
    "written",
    ["{guest.nope}", "{guest.nope|there}", "{{guest.firstName}}", "guest.firstName}", "{guest.firstName", "{x y}"],
)
def test_C2_what_is_no_field_stays_as_it_was_typed(written: str) -> None:
    assert pieces(f"Hi {written}", FIELDS) == ["Hi ", Unknown(written)]
    assert plain(f"Hi {written}", FIELDS) == f"Hi {written}"


def test_C1_a_brace_written_with_a_backslash_is_a_brace() -> None:
    text = "Write \\{event.title\\} or {event.title} {} \\\\{event.date}"
    assert pieces(text, FIELDS) == [
        "Write {event.title} or ", Chip("Event title", None), " {} \\\\", Chip("Event date", None),
    ]  # fmt: skip


def test_C1_without_an_event_a_column_of_guests_has_the_name_it_is_written_with() -> None:
    assert pieces("{guest.Table} {guest.firstName} {event.nope}", None) == [
        Chip("Table", None), " ", Chip("First name", None), " ", Unknown("{event.nope}"),
    ]  # fmt: skip


def test_C1_where_only_mere_text_can_stand_a_field_is_set_off_by_quotes() -> None:
    assert plain("Hi {guest.firstName|there}, {guest.Table}", FIELDS) == "Hi ‹First name, or there›, ‹Table›"


@pytest.mark.parametrize("text", ["{", "}", "\uff5bguest.firstName\uff5d", "guest.firstName}", "\\{"])
def test_C1_a_text_without_braces_has_no_merge_field(text: str) -> None:
    assert has_braces(text)
    assert not has_braces("guest.firstName")


def test_C1_a_page_of_braces_takes_no_time() -> None:
    assert plain("{" * 100_000, FIELDS) == "{" * 100_000
