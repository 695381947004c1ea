"""The HTML that the editor reads: what it shows of a body, and that each block brings its source."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventmail.content.compile import TooMuch
from eventmail.content.editor_html import editor_html
from eventmail.content.tokens import clean_source, known_fields

FIELDS = known_fields({"seat": ""})
_KEPT = re.compile(r'<\w+ data-gap="([^"]*)"(?: data-source="([^"]*)")?')


LINES = (
    "", " ", "a", "- b", "1. c", "> d", "```", "    e", "[r]: https://e.com", "[r]", "H\n==", "{guest.seat|x}", "\\{",
    "|a|\n|-|", ":::", '"<&>"', "\t", "\u00a0",
)  # fmt: skip


def shown(body: str) -> list[str]:
    """The blocks of a body without what is kept of their source, the end left out."""
    blocks = re.split(r"(?=<\w+ data-gap=)", editor_html(body, FIELDS))[1:-1]
    return [re.sub(r' data-gap="[^"]*"(?: data-source="[^"]*")?', "", block) for block in blocks]


@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_C5_the_sources_of_the_blocks_and_what_stands_between_are_the_body(parts: list[str]) -> None:
    body = clean_source("\n".join(parts))
    kept = _KEPT.findall(editor_html(body, FIELDS))
    assert unescape("".join(gap + source for gap, source in kept)) == body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hi {guest.firstName|you}", ['<p>Hi <span data-token="{guest.firstName|you}"></span></p>']),
        (r"\{x\} **b** *i*", ["<p>{x} <strong>b</strong> <em>i</em></p>"]),
        ("a\nb", ["<p>a<br>b</p>"]),
        ("2. a\n3. b", ['<ol data-start="2" data-delimiter="." data-tight=""><li><p>a</p></li><li><p>b</p></li></ol>']),
        ("[a]({event.url}?x=1)", ['<p><a data-href="{event.url}?x=1">a</a></p>']),
        ("[a](javascript:x)", ['<p><a data-href="javascript:x">a</a></p>']),
        ("www.e.com", ['<p><a data-href="http://www.e.com" data-bare="">www.e.com</a></p>']),
        ("::: button {event.url}\nGo\n:::", ['<div data-kind="button" data-href="{event.url}" data-label="Go"></div>']),
        ("<b>&amp;", ["<p>&lt;b&gt;&amp;</p>"]),
        ("```\nx\n```", ['<pre data-language=""><code>x</code></pre>']),
    ],
)
def test_C5_a_block_is_shown_as_it_is_read(body: str, expected: list[str]) -> None:
    assert shown(body) == expected


@pytest.mark.parametrize(
    "body",
    ["two\nlines\n===", "::: nope", "[](https://e.com)", "```a b\n```", "![*x*](https://e.com/p.png)", "a\n\\\nb"],
)
def test_C5_what_cannot_be_shown_without_loss_is_a_block_of_its_source(body: str) -> None:
    assert shown(body) == ["<pre data-raw></pre>"]


def test_C5_a_link_whose_address_stands_elsewhere_and_that_address_are_blocks_of_their_source() -> None:
    assert shown("[r]: https://e.com\n\nsee [r]\n\nplain") == [
        "<pre data-raw></pre>",
        "<pre data-raw></pre>",
        "<p>plain</p>",
    ]


@pytest.mark.parametrize(
    "body", ["{guest.seat}" * 2_001, "[" * 5_001, "|a" * 3_000 + "\n" + "|-" * 3_000 + "\n|b"], ids=len
)
def test_C6_what_is_too_much_to_compile_is_too_much_for_the_editor(body: str) -> None:
    with pytest.raises(TooMuch, match=r"Shorten the message, or split it\."):
        editor_html(body, FIELDS)


def test_C1_what_people_look_at_before_the_editor_is_there_is_drawn_from_what_is_written() -> None:
    body = "Hi {guest.seat|you}\n\n::: button https://e.com\nSeat {guest.seat}\n:::\n\n![Plan {guest.seat}](https://e.com/p)"
    html = editor_html(body, FIELDS, lambda text: f"<i>{text}</i>")
    assert re.findall(r"<i>(.*?)</i>", html) == ["{guest.seat|you}", "Seat {guest.seat}", "Plan {guest.seat}"]
    assert re.sub(r"<i>.*?</i>", "", html) == editor_html(body, FIELDS)
