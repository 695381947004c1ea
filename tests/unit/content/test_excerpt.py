"""The first words of a body, as lists show them: without marks, tokens as somebody reads them (C1, C3)."""

import pytest

from eventmail.content import excerpt
from eventmail.content.tokens import known_fields

FIELDS = known_fields({"Table": "any table"})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", ""),
        ("Hi {guest.firstName|there}, **you**r `code`!", "Hi {guest.firstName|there}, your code!"),
        ("# Two\nlines\nof one  \nblock\n\n- and\n- more", "Two lines of one block and more"),
        ("[Words]({event.url}) and ![a picture](https://x.org/a.png)!", "Words and !"),
        ("| A | B |\n|---|---|\n| c | d |", "A B c d"),
    ],
)
def test_the_marks_go_and_the_words_stay_as_they_stood(body: str, words: str) -> None:
    assert excerpt.excerpt(body, FIELDS) == words


def test_a_long_body_is_cut_and_never_within_a_token() -> None:
    assert excerpt.excerpt("x" * 500, FIELDS) == "x" * 159 + "…"
    assert excerpt.excerpt("x" * 150 + " {guest.firstName|there}", FIELDS) == "x" * 150 + "…"


def test_C3_a_token_reads_as_its_value_else_its_fallback_else_the_default_of_its_field() -> None:
    told = ["{guest.Table} on {EVENT.title|our day}", "{event.date|soon}, {event.date}", "", "{guest.nope} {x}"]
    values = {"event.title": "The\nGala", "event.date": ""}
    assert excerpt.filled(told, values, FIELDS) == [
        "any table on The Gala", "soon, Date to be announced", "", "{guest.nope} {x}",
    ]  # fmt: skip
    assert excerpt.filled([], values, FIELDS) == []


def test_C1_a_brace_written_with_a_backslash_is_read_without_it() -> None:
    words = excerpt.excerpt("Write \\{event.title\\} or {event.title}", FIELDS)
    assert excerpt.filled([words], {"event.title": "Gala {guest.Table}"}, FIELDS) == [
        "Write {event.title} or Gala {guest.Table}"
    ]
