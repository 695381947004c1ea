"""The first words of a body, as lists show them: without marks, tokens as they are written (C1)."""

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
    assert excerpt.excerpt("x" * 157 + " {guest.firstName|there}", FIELDS) == "x" * 157 + "…"
    assert excerpt.excerpt("{ x " + "y " * 100, FIELDS) == "{ x " + "y " * 77 + "y…"
