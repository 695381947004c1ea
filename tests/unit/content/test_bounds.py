"""A text of the largest size that is taken costs no more than its size: counted, never timed."""

from collections.abc import Mapping
from difflib import SequenceMatcher

import pytest

from eventmail.content import compile as compile_
from eventmail.content import markdown, tokens
from eventmail.content.compile import MOST_CELLS, MOST_FIELDS, MOST_KEPT, MOST_PARTS, TooMuch, compile_content
from eventmail.content.tokens import known_fields
from eventmail.errors import InvalidInput

FIELDS = known_fields({f"column{number}": "" for number in range(250)})


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every full comparison of two names."""
    asked: list[str] = []
    ratio = SequenceMatcher.ratio

    def counted(matcher: SequenceMatcher[str]) -> float:
        asked.append(repr(matcher))
        return ratio(matcher)

    monkeypatch.setattr(SequenceMatcher, "ratio", counted)
    return asked


def unknown(number: int, name: str = "{{guest.n{0}}} ") -> str:
    return "".join(name.format(each) for each in range(number))


def test_C2_each_unknown_name_is_compared_once_and_only_the_first_of_many(compared: list[str]) -> None:
    few = len(tokens.unresolved({"body": unknown(tokens.MOST_HINTS)}, FIELDS))
    once = len(compared)
    many = tokens.unresolved({"body": unknown(1_000) * 2}, FIELDS)
    assert (few, len(many)) == (tokens.MOST_HINTS, 2_000)
    assert len(compared) == 2 * once, "as many comparisons for thousands as for the first few"


def test_C2_a_name_that_is_unlike_all_is_told_by_a_quick_look(compared: list[str]) -> None:
    assert tokens.nearest("guest." + "q" * 100_000, FIELDS) is None
    assert compared == []
    assert tokens.nearest("guest.colunm17", FIELDS) == "guest.column17"


def test_C2_lines_and_columns_are_right_beyond_the_first_token() -> None:
    text = "a {guest.nobody}\n\nb {guest.firstName} {guest.nowhere}\n{guest.nobody}"
    found = tokens.unresolved({"subject": "{guest.x}", "body": text}, FIELDS)
    assert [(each.part, each.line, each.column) for each in found] == [
        ("subject", 1, 1), ("body", 1, 3), ("body", 3, 21), ("body", 4, 1)
    ]  # fmt: skip


TABLE = "|" + "a|" * 250 + "\n|" + "-|" * 250 + "\n"
HOSTILE: Mapping[str, str] = {
    "a table that fills its rows": TABLE + "|\n" * 1_000,
    "many cells": "|a|b|\n|-|-|\n" + "|a|b|\n" * 20_000,
    "many fields": "{guest.firstName}" * (MOST_FIELDS + 1),
    "fields in links": "[{guest.column1}](https://x.example/{guest.column2}{guest.column3})\n\n" * 600,
    "many brackets": "![" * 20_000,
    "many links": "<https://x.example/a>" * 7_000,
    "buttons": "::: button {event.url}\n{guest.firstName}\n:::\n" * 2_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_C6_what_is_compiled_is_bounded_whatever_asks_for_it(body: str) -> None:
    try:
        kept = len(compile_content("s", "", body, fields=FIELDS, strict=False).dump())
    except TooMuch as error:
        said = [(field.code, "at most" in field.message) for field in error.fields]
        kept = 0 if said == [("TOO_LARGE", True)] else MOST_KEPT + 1
    assert kept <= MOST_KEPT


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_C6_none_of_it_is_sent(body: str) -> None:
    with pytest.raises(InvalidInput, match=r"at most|100 KB"):
        compile_content("s", "", body, fields=FIELDS)


def test_C6_too_much_is_refused_before_it_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def laid_out(*_args: object) -> str:
        raise AssertionError("laid out all the same")

    monkeypatch.setattr(markdown, "to_html", laid_out)
    with pytest.raises(TooMuch, match=rf"pieces \(cells, links, paragraphs\); at most {MOST_PARTS:,} fit"):
        compile_content("s", "", "*a* " * 10_000, fields=FIELDS, strict=False)
    monkeypatch.setattr(markdown, "parse", laid_out)
    for table in ("a table that fills its rows", "many cells"):
        with pytest.raises(TooMuch, match=f"table cells; at most {MOST_CELLS:,} fit"):
            compile_content("s", "", HOSTILE[table], fields=FIELDS, strict=False)
    with pytest.raises(TooMuch, match=f"The text has {MOST_FIELDS + 1:,} merge fields; at most {MOST_FIELDS:,} fit"):
        compile_content("s", "", HOSTILE["many fields"], fields=FIELDS, strict=False)


def test_C6_a_large_newsletter_still_fits() -> None:
    item = "## News\n\nHello {guest.firstName}, [read on](https://x.example/a).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    assert compile_content("s", "", item * 60, fields=FIELDS).size > 50_000


def test_C6_what_would_be_kept_is_measured_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_, "MOST_KEPT", 1_000)
    with pytest.raises(TooMuch, match=r"grows to [\d,]+ characters when it is laid out; at most 1,000 are kept"):
        compile_content("s", "", "Hello", fields=FIELDS, strict=False)
