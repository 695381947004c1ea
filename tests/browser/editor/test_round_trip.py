"""Markdown into the editor and back: nothing is lost on the way, from either side (C5)."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content import markdown
from eventmail.content.compile import protected_body
from eventmail.content.personalise import strings
from eventmail.content.pieces import Mode
from eventmail.content.tokens import clean_source
from tests.browser.editor.conftest import FIELDS, Bundle
from tests.support.budgets import budget
from tests.support.editor_documents import documents, texts

_LINES = (
    "", "", "  - x", "- x", "1. a", "2. b", "> q", "* y", "| a | b |", "|---|---|", "| 1 | 2 |", "```", "    code",
    "::: button https://e.com", "Go", ":::", "::: calendar-links", "# H", "H\n===", "***", "[r]: https://e.com",
    '**b** *i* `c` [l](https://e.com "t") ![p](https://e.com/p.png)', "see [r]", "a\\\nb", "x  ", "\\{x\\}",
    "{guest.firstName|there}", "::: unknown", "<https://e.com>", "__b__ _i_", "1) c", "+ z", "&nbsp;x",
)  # fmt: skip
bodies = st.lists(st.one_of(texts, st.sampled_from(_LINES)), max_size=9).map("\n".join).map(clean_source)


def html(body: str) -> str:
    """The HTML of a body's mail for somebody without any value; blanks that nobody sees are one."""
    protected, codec = protected_body(body, FIELDS)
    tokens, _ = markdown.parse(protected, codec)
    shown = "".join(strings(codec.split(markdown.to_html(tokens, codec), Mode.HTML), {}, FIELDS))
    shown = shown.replace("<p></p>", "").replace("\n</code>", "</code>")
    return re.sub(r"\s+", " ", re.sub(r"(?:\s|&nbsp;)*<br>", "<br>", shown))


@settings(max_examples=budget(50, soaked=150))
@given(body=bodies)
def test_C5_a_text_that_nobody_edits_is_written_back_byte_for_byte(bundle: Bundle, body: str) -> None:
    assert bundle.read(body)["same"] == body


@settings(max_examples=budget(50, soaked=150))
@given(body=bodies)
def test_C5_a_text_that_is_written_anew_reads_the_same(bundle: Bundle, body: str) -> None:
    assert html(bundle.read(body)["anew"]) == html(body)


@settings(max_examples=budget(20, soaked=150))
@given(document=documents)
def test_C5_a_document_that_is_saved_and_opened_is_the_same_and_its_second_save_is_its_first(
    bundle: Bundle, document: dict[str, Any]
) -> None:
    written = bundle.write(document)
    read = bundle.read(written["markdown"])
    assert read["document"] == written["settled"] == written["again"]
    assert read["anew"] == written["markdown"]


@settings(max_examples=budget(20, soaked=100))
@given(document=documents)
def test_C5_saving_a_document_keeps_every_letter_and_digit_and_the_marks_on_them(
    bundle: Bundle, document: dict[str, Any]
) -> None:
    assert letters(bundle.write(document)["settled"]) == letters(document)


def letters(node: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    """The letters and digits of a document in order, each with whether it is strong, and whether it is code.

    The numbers of a list are among them.

    Emphasis is not told, since it is widened to whole words; nor is strong code, which may lose that mark beside a
    letter. Cells beyond the head of a table are not shown.
    """
    found = []
    if node["type"] == "text":
        names = {mark["type"] for mark in node.get("marks", ())}
        found = [
            (sign, "strong" in names and "code" not in names, "code" in names)
            for sign in node["text"]
            if sign.isalnum()
        ]
    children = node.get("content", ())
    if node["type"] == "ordered_list":
        first = node["attrs"]["start"]
        return [
            letter
            for number, item in enumerate(children, first)
            for letter in [*((digit, False, False) for digit in str(number)), *letters(item)]
        ]
    if node["type"] == "table":
        width = len(children[0]["content"])
        children = [{**row, "content": row["content"][:width]} for row in children]
    return found + [letter for child in children for letter in letters(child)]


def paragraph(*parts: str | tuple[str, str]) -> dict[str, Any]:
    """A document of one paragraph: texts, and (text, mark)."""
    inline = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "text", "text": part[0], "marks": [{"type": part[1]}]}
        for part in parts
    ]
    return {"type": "doc", "content": [{"type": "paragraph", "content": inline}]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (paragraph(("Achtung:", "strong"), "los"), "**Achtung**:los"),
        (paragraph("x", ('"y"', "strong"), "z"), 'x"**y**"z'),
        (paragraph(("中文（注）", "strong"), "后"), "**中文（注**）后"),
        (paragraph("un", ("believ", "em"), "able"), "*unbelievable*"),
        (paragraph(("Hello ", "strong"), "world"), "**Hello** world"),
        (paragraph(("a", "strong"), ("b", "em")), "***a**b*"),
    ],
)
def test_G3_marks_end_where_markdown_can_end_them(bundle: Bundle, document: dict[str, Any], expected: str) -> None:
    written = bundle.write(document)
    if expected.startswith("***"):
        assert bundle.read(written["markdown"])["document"] == written["settled"]
    else:
        assert written["markdown"] == expected
    assert "*" not in re.sub("<[^>]*>", "", html(written["markdown"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1) not a list", r"1\) not a list"),
        ("1.", r"1\."),
        ("    four blanks", "&#32;   four blanks"),
        ("\ta tab", "&#9;a tab"),
        ("&copy; and &amp; and AT&T", r"\&copy; and \&amp; and AT&T"),
        ("[x]: y", r"\[x\]: y"),
        ("Dress code: <smart casual>", r"Dress code: \<smart casual>"),
        ("# no heading", r"\# no heading"),
        ("--", r"\--"),
        ("3*4, 2 * 3, foo_bar", "3*4, 2 * 3, foo_bar"),
        ("{guest.firstName}", r"\{guest.firstName\}"),
    ],
)
def test_G4_G8_what_is_typed_is_text(bundle: Bundle, text: str, expected: str) -> None:
    written = bundle.write(paragraph(text))
    assert written["markdown"] == expected
    assert bundle.read(expected)["document"] == paragraph(text)


def test_G4_code_keeps_its_blanks_a_heading_its_sign_and_two_lists_stay_two(bundle: Bundle) -> None:
    def items(text: str) -> dict[str, Any]:
        return {"type": "bullet_list", "content": [{"type": "list_item", "content": paragraph(text)["content"]}]}

    heading = {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "C #\nand more"}]}
    code = paragraph((" a ", "code"))["content"][0]
    written = bundle.write({"type": "doc", "content": [code, heading, items("one"), items("two")]})
    assert written["markdown"] == "`  a  `\n\n## C # and more\n\n- one\n\n* two"
    assert bundle.read(written["markdown"])["document"] == written["settled"]
    assert (
        bundle.write({"type": "doc", "content": [{**heading, "content": [{"type": "text", "text": "C #"}]}]})[
            "markdown"
        ]
        == r"## C \#"
    )


@pytest.mark.parametrize("body", ["https://e.com/_cat/_/x_y", r"\[\[a_b\]\]", "[a](https://e.com/_cat/_/x_y)"])
def test_G5_ten_saves_add_no_backslash(bundle: Bundle, body: str) -> None:
    saved = body
    for _ in range(10):
        saved = bundle.read(saved)["anew"]
    assert saved == body


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "see https://e.com/_cat/_/x_y, x_y@e.com and www.e.com.",
            "see https://e.com/_cat/_/x_y, x_y@e.com and www.e.com.",
        ),
        ("go to https://e.com/*a*", r"go to <https://e.com/*a>\*"),
    ],
)
def test_G5_an_address_that_is_typed_stays_as_it_is(bundle: Bundle, text: str, expected: str) -> None:
    assert bundle.write(paragraph(text))["markdown"] == expected
