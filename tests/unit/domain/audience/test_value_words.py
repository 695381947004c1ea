"""A value that is read in another form than it was typed, or that others would read otherwise, says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail import value_parsing
from eventmail.domain.audience import value_words
from tests.support.budgets import budget

EITHER = "text, not as a day: it could be 5 January 2027 or 1 May 2027. Write 2027-01-05 or 2027-05-01."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("9", ""), ("-1.5", ""), ("x", ""), ("0,5", "“0,5” is read as the number 0.5."),
        ("9.0", "“9.0” is read as the number 9."), ("007", "“007” is read as the number 7."),
        ("1.234.567", "“1.234.567” is read as the number 1234567."),
        ("1,000", "“1,000” is read as 1, since one comma is the decimal mark. Write 1000 if that is meant."),
        ("12.500", "“12.500” is read as 12.5, since one point is the decimal mark. Write 12500 if that is meant."),
        ("0.125", ""), ("1234.500", "“1234.500” is read as the number 1234.5."),
        ("9" * 30, "“" + "9" * 30 + "” is read as the number 1000000000000000019884624838656."),
    ],
)  # fmt: skip
def test_a_number_says_how_it_is_read(text: str, sentence: str) -> None:
    assert value_words.number(text) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2027-05-01", ""), ("soon", ""), ("05/01/2027", ""), ("2027-5-1", "“2027-5-1” is read as 1 May 2027."),
        ("01.05.2027", "“01.05.2027” is read as 1 May 2027, since between points the day comes first."),
    ],
)  # fmt: skip
def test_a_day_says_how_it_is_read(text: str, sentence: str) -> None:
    assert value_words.day(text) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("05/01/2027", f"“05/01/2027” is read as {EITHER}"), ("5-1-2027", f"“5-1-2027” is read as {EITHER}"),
        ("25/12/2027", "“25/12/2027” is read as text, not as a day. Write 2027-12-25."),
        ("12/25/2027", "“12/25/2027” is read as text, not as a day. Write 2027-12-25."),
        ("05/05/2027", "“05/05/2027” is read as text, not as a day. Write 2027-05-05."),
        ("01.05.27", "“01.05.27” is read as text, not as a day. Write 2027-05-01."),
        ("31/31/2027", ""), ("2027-05-01", ""), ("01.05.2027", ""), ("1/2", ""), ("x", ""),
    ],
)  # fmt: skip
def test_what_looks_like_a_day_and_is_none_here_says_what_to_write(text: str, sentence: str) -> None:
    assert value_words.unread_day(text) == sentence


def test_a_day_with_a_time_is_equal_by_its_letters_and_says_so() -> None:
    said = "“2027-05-01 18:00” is read as text, since it says a time. Write 2027-05-01 for that whole day."
    assert (value_words.with_time("2027-05-01 18:00"), value_words.with_time("2027-05-01")) == (said, "")
    assert (value_parsing.equal_day("2027-05-01 18:00"), value_parsing.equal_day("1.5.2027")) == (None, "2027-05-01")


def test_a_long_number_is_equal_by_its_letters() -> None:
    assert (value_parsing.equal_number("9" * 15), value_parsing.equal_number("9" * 16)) == (999999999999999.0, None)


@settings(max_examples=budget(200), deadline=None)
@given(text=st.text("0123456789.,/-−+ :'’\u00a0T", max_size=14))
def test_what_is_offered_instead_is_read_as_it_says(text: str) -> None:
    """Whatever is written: an offered number or day is plain, and no value is a day and unread at once."""
    for meant in value_parsing.unread_days(text):
        assert (value_parsing.day(meant), value_words.day(meant)) == (meant, "")
    if value_parsing.unread_days(text):
        assert value_parsing.day(text) is None
    if whole := value_parsing.thousands(text):
        assert value_parsing.thousands(whole) is None
        assert value_parsing.number(whole) == 1000 * (value_parsing.number(text) or 0)
