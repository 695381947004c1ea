"""CSV that leaves."""

import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask

from eventmail.web.core.csv_out import csv_answer, safe_cell


def downloaded(app: Flask, rows: list[list[object]]) -> str:
    with app.test_request_context():
        answer = csv_answer("list.csv", ["a", "b"], rows)
        return answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "=HYPERLINK(\"x\")", "＝1+1", "＋1", "－1", "＠A"]
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    assert safe_cell(cell) == "'" + cell


@pytest.mark.parametrize(
    ("cell", "text"),
    [("\t=1", "'\t'=1"), ("a;=1", "a;'=1"), ("a\n=1", "a\n'=1"), ("a\r\n\r\n=1", "a\r\n\r\n'=1"), ("a;'=1", "a;''=1")],
)
def test_what_a_spreadsheet_would_cut_off_and_run_is_text(cell: str, text: str) -> None:
    assert safe_cell(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), ("", ""), (7, "7"), ("ada@x.org", "ada@x.org"), ("a=b", "a=b"), (" =1", " =1")]
)
def test_any_other_cell_stays_as_it_is(cell: object, text: str) -> None:
    assert safe_cell(cell) == text


def test_quotes_commas_and_line_breaks_come_back_as_they_were(app: Flask) -> None:
    rows: list[list[object]] = [['say "so"', "a,b"], ["two\nlines", "two\r\nlines"], ["ü", "日本"]]
    text = downloaded(app, rows)
    assert text.startswith("\ufeffa,b\r\n")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) == [["a", "b"], *rows]


def test_a_name_in_the_header_is_neutralised_too(app: Flask) -> None:
    with app.test_request_context():
        assert csv_answer("x.csv", ["=cmd"], []).get_data(as_text=True) == "\ufeff'=cmd\r\n"


def test_it_is_a_download_in_utf_8(app: Flask) -> None:
    with app.test_request_context():
        answer = csv_answer("list.csv", ["a"], [])
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="list.csv"'


def test_20000_rows_are_streamed_in_pieces(app: Flask) -> None:
    taken = 0

    def rows() -> Iterator[list[object]]:
        nonlocal taken
        for n in range(20_000):
            taken = n
            yield [n, f"guest-{n}@guests.example.net"]

    with app.test_request_context():
        pieces = csv_answer("x.csv", ["n", "email"], rows()).iter_encoded()
        first = next(pieces)
        assert taken < 2_000
        rest = list(pieces)
    whole = b"".join([first, *rest]).decode()
    assert len(whole.splitlines()) == 20_001
    assert 10 < len(rest) < 100
