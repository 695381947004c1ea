"""Addresses that stand in a text by themselves are links, and what only looks like one is not (C5)."""

import re

import pytest

from eventmail.content.compile import compile_content
from eventmail.content.personalise import render
from eventmail.content.tokens import FIELDS


def html_of(body):
    """The HTML of a body without its shell and styles, and the text part without the footer."""
    mail = render(compile_content("S", "", body, fields=FIELDS), {}, FIELDS)
    html = mail.html.partition('class="em-body"')[2].partition(">\n")[2].partition("</td></tr>\n<tr><td")[0]
    return re.sub(r' style="[^"]*"', "", html).rstrip("\n"), mail.text.rpartition("\n\n------------------------\n")[0]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("www.a.org", '<a href="http://www.a.org">www.a.org</a>'),
        ("see www.a.org, then go", 'see <a href="http://www.a.org">www.a.org</a>, then go'),
        ("see https://a.org/x_y_z.", 'see <a href="https://a.org/x_y_z">https://a.org/x_y_z</a>.'),
        ("ask x_y@a.org or _us_", 'ask <a href="mailto:x_y@a.org">x_y@a.org</a> or <em>us</em>'),
        ("call tel:+4912345", 'call <a href="tel:+4912345">tel:+4912345</a>'),
        ("„https://a.org/x“", '„<a href="https://a.org/x">https://a.org/x</a>“'),
        ("see https://a.org/a*b*c", 'see <a href="https://a.org/a*b*c">https://a.org/a*b*c</a>'),
    ],
)
def test_C5_an_address_by_itself_is_a_link_wherever_it_stands(text, html):
    assert html_of(text)[0] == f"<p>{html}</p>"


@pytest.mark.parametrize("around", ["_", "__", "*", "**"])
@pytest.mark.parametrize("address", ["https://a.org", "https://a.org/x_y", "www.a.org", "x@a.org", "mailto:x@a.org"])
@pytest.mark.parametrize("then", ["", ",", ".", ")"])
def test_C5_an_address_in_emphasis_is_a_link_that_is_emphasised(around, address, then):
    tag = "em" if len(around) == 1 else "strong"
    html, text = html_of(f"see {around}{address}{around}{then}")
    assert re.sub(r' href="[^"]*"', "", html) == f"<p>see <{tag}><a>{address}</a></{tag}>{then}</p>"
    assert text == f"see {address}{then}"


@pytest.mark.parametrize(
    "text",
    [
        "foo.www.a.org",
        "xwww.a.org",
        "x_www.a.org",
        "/www.a.org",
        "-www.a.org",
        "see www.tickets",
        "www. a.org",
        "xhttps://a.org",
        "a@b",
        "mailto: us",
    ],
)
def test_C5_what_only_holds_the_beginning_of_an_address_is_text(text):
    assert html_of(text) == (f"<p>{text}</p>", text)


def test_C5_an_address_in_the_label_of_a_link_is_its_text():
    assert html_of("[see www.a.org](https://b.org)") == (
        '<p><a href="https://b.org">see www.a.org</a></p>',
        "see www.a.org: https://b.org",
    )
