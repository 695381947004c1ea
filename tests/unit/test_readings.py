"""How values are read before they are compared."""

import pytest

from eventmail import value_parsing


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MÜLLER", "müller"), ("Mu\u0308ller", "Müller"), ("Straße", "STRASSE"),
        ("  a \u00a0 b ", "A b"), ("ﬁn", "FIN"), ("Ⅳ", "iv"), ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)  # fmt: skip
def test_texts_that_a_person_reads_as_the_same_are_the_same(one: str, other: str) -> None:
    assert value_parsing.folded(one) == value_parsing.folded(other)


@pytest.mark.parametrize(("one", "other"), [("Müller", "Muller"), ("1.5", "1,5"), ("07", "7"), ("a b", "ab")])
def test_texts_that_differ_stay_different(one: str, other: str) -> None:
    assert value_parsing.folded(one) != value_parsing.folded(other)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7), ("-1.5", -1.5), ("+1,5", 1.5), ("−3", -3), ("1.234", 1.234), ("1,234", 1.234), ("1.234,5", 1234.5),
        ("1,234.5", 1234.5), ("1.234.567", 1234567), ("1,234,567", 1234567), ("1 234,50", 1234.5), (" 1'234 ", 1234),
        ("1\u202f234", 1234), ("0", 0), ("007", 7),
        ("", None), ("1.", None), (".5", None), ("1e3", None), ("12.03.2026", None), ("1.23.456", None), ("1 23", None),
        ("٧", None), ("7 €", None), ("nan", None), ("inf", None), ("9" * 65, None), ("1.234.5", None), ("-", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_spreadsheets_write_them(text: str, number: float | None) -> None:
    assert value_parsing.number(text) == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-05-01", "2027-05-01"), ("2027-5-1", "2027-05-01"), ("1.5.2027", "2027-05-01"),
        ("01.05.2027", "2027-05-01"), ("1. 5. 2027", "2027-05-01"), ("2027-05-01T23:59", "2027-05-01"),
        ("2027-05-01 08:00:00", "2027-05-01"),
        ("2027-05-01T00:30:00.5+02:00", "2027-05-01"), ("01.05.2027 9:30", "2027-05-01"),
        (" 2028-02-29 ", "2028-02-29"),
        ("2027-02-29", None), ("30.02.2027", None), ("01.05.27", None), ("05/01/2027", None), ("20270501", None),
        ("0000-01-01", None), ("", None), ("tomorrow", None), ("2027-05-01 or so", None),
        ("2027-05-01" + " " * 80, None),
    ],
)  # fmt: skip
def test_days_are_read_as_spreadsheets_write_them(text: str, day: str | None) -> None:
    assert value_parsing.day(text) == day


def test_nothing_is_read_as_nothing() -> None:
    assert (value_parsing.folded(None), value_parsing.number(None), value_parsing.day(None)) == (None, None, None)
