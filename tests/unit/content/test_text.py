import pytest

from eventmail.content.compile import compile_content
from eventmail.content.personalise import render


@pytest.fixture
def said(fields):
    """The text part of a body, without its footer."""

    def text(body, values=None):
        mail = render(compile_content("s", "", body, fields=fields), values or {}, fields)
        return mail.text.rpartition("\n\n------------------------\n")[0]

    return text


def test_C6_headings_lists_quotes_code_and_rules_read_as_plain_text(said):
    assert said(
        "# Title\n\nText *with* **marks**\\\nnext line\n\n- one\n- two\n  - inner\n\n3. three\n4. four\n\n"
        "> quoted\n> more\n\n```\ncode  here\n\nmore\n```\n\n---\n\nend"
    ) == (
        "Title\n\nText with marks\nnext line\n\n- one\n- two\n  - inner\n\n3. three\n4. four\n\n"
        "> quoted\n> more\n\n    code  here\n    \n    more\n\n------------------------\n\nend"
    )


def test_C6_a_loose_list_keeps_its_paragraphs_apart(said):
    assert said("- one\n\n  more\n\n- two") == "- one\n\n  more\n\n- two"


def test_C6_a_table_reads_as_head_and_value(said):
    assert said("| Who | Seat |\n|---|---|\n| Ada | 1 |\n| Bob | |") == "Who: Ada\nSeat: 1\n\nWho: Bob\nSeat:"


def test_C6_links_carry_their_address_unless_the_label_is_it(said):
    assert said(
        "[page](https://a.example), <https://b.example>, <me@example.org>, [![alt](https://a.example/p.png)](https://c.example)"
    ).split(", ") == ["page: https://a.example", "https://b.example", "me@example.org", "alt:\nhttps://c.example"]


def test_C6_lines_are_wrapped_at_78_and_a_long_address_stays_whole(said):
    url = f"https://a.example/{'x' * 90}"
    text = said(
        f"{'some words ' * 30}[here]({url}) {'more words ' * 20}\n\n> {'quoted words ' * 20}\n\n- {'item words ' * 20}"
    )
    long = [line for line in text.split("\n") if len(line) > 78]
    assert long == [url]
    assert "\n  item words" in text
    assert "\n> " in text


def test_C6_the_footer_tells_why_and_how_to_leave(fields):
    values = {"event.title": "Gala", "unsubscribe.url": "https://m.example/u/1"}
    assert render(compile_content("s", "", "x", fields=fields), values, fields).text == (
        "x\n\n------------------------\nYou get this mail because you are on the guest list of Gala.\n"
        "Unsubscribe: https://m.example/u/1\n"
    )
