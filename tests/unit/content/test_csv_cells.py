"""One cell on its way through a spreadsheet."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.csv_cells import neutralised, restored
from tests.support.budgets import budget


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+49", "'+49"), ("-1", "'-1"), ("@cmd", "'@cmd"), ("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"),
        ("'=1", "''=1"), ("''@x", "'''@x"), ("'tis", "'tis"), ("O'Brien", "O'Brien"), ("'", "'"), ("", ""),
        ("a=b", "a=b"), ("a;=1", "a;'=1"), ("a\t@x", "a\t'@x"), ("a;;-1;b", "a;;'-1;b"), ("a\n+1", "a\n'+1"),
        ("a;'=1", "a;''=1"), ("a; b", "a; b"), ("＝1;＋1", "'＝1;'＋1"), ("Fish; chips", "Fish; chips"),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_gets_an_apostrophe_and_loses_it_again(cell: str, written: str) -> None:
    assert neutralised(cell) == written
    assert restored(written) == cell


@given(cell=st.text(alphabet="'=+-@\t\r\n＝;ax", max_size=8))
@settings(max_examples=budget(500))
def test_no_text_is_changed_by_the_way_there_and_back(cell: str) -> None:
    assert restored(neutralised(cell)) == cell
    cells = [piece for line in neutralised(cell).splitlines() for piece in re.split("[;\t]", line)]
    assert not [piece for piece in cells if piece.startswith(("=", "+", "-", "@"))]
