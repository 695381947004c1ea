import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.compile import compile_content
from eventmail.content.highlights import STYLE, Piece, highlighted, in_scheme, pieces
from eventmail.content.personalise import render
from eventmail.content.tokens import FIELDS, known_fields
from tests.support.budgets import budget

KNOWN = known_fields({"Table": "", "seat": "any seat"})
EVERYWHERE = """# {guest.firstName}

Hi **{guest.fullName|friend}**, table {guest.Table}, {event.url},
[{guest.seat}]({event.url}?n={guest.firstName} "{guest.firstName}").

![{guest.lastName}](https://pictures.example/{guest.seat}.png "{guest.lastName}") `{guest.seat}`

| {guest.seat} | b |
|---|---|
| {calendar.links} | {calendar.google} |

::: button {event.url}
For {guest.firstName}
:::

::: calendar-links
:::
"""


def why(field: str, fallback: bool) -> str:
    return f'{"no " if fallback else ""}{field} <&">'


def content(body, subject="Dear {guest.firstName}", preheader="{guest.lastName|you}, see"):
    return compile_content(subject, preheader, body, fields=KNOWN)


def unmarked(html):
    """The marks taken out again, by somebody who knows only what they look like."""
    assert html.count(STYLE) == 1
    return re.sub(
        r'<mark class="em-mark[a-z -]*" title="[^"]*">(.*?)</mark>', r"\1", html.replace(STYLE, ""), flags=re.DOTALL
    )


def test_C3_a_value_and_a_fallback_are_marked_each_in_its_own_way_and_say_why():
    html = highlighted(content("Hi {guest.firstName}, table {guest.Table}."), {"guest.firstName": "Ana"}, KNOWN, why)
    assert (
        'Hi <mark class="em-mark" title="guest.firstName &lt;&amp;&quot;&gt;">Ana</mark>, table '
        '<mark class="em-mark em-fallback" title="no guest.Table &lt;&amp;&quot;&gt;">not stated</mark>.'
    ) in html


NAMES = st.text() | st.sampled_from(
    [
        "</mark>",
        '"><mark class="em-mark">',
        "<b>Bo</b>",
        "\x000\x00",
        "</head>",
        "<!--",
        "' onx='",
        "{guest.seat}",
        "שלום",
    ]
)


@given(first=NAMES, last=NAMES, seat=NAMES, url=NAMES | st.just("https://gala.example/?a=b&c=d"))
@settings(max_examples=budget(150))
def test_C4_C5_without_its_marks_the_marked_mail_is_byte_for_byte_the_one_that_is_sent(first, last, seat, url):
    values = {"guest.firstName": first, "guest.lastName": last, "guest.seat": seat, "event.url": url,
              "calendar.google": url, "guest.fullName": f"{first} {last}"}  # fmt: skip
    mail = render(compiled, values, KNOWN)
    html = highlighted(compiled, values, KNOWN, why)
    assert "<mark" in html
    assert unmarked(html) == mail.html
    assert "".join(piece.text for piece in pieces(compiled.text, values, KNOWN)) == mail.text
    assert "".join(piece.text for piece in pieces(compiled.subject, values, KNOWN)) == mail.subject


compiled = content(EVERYWHERE)


def test_C4_a_mark_stands_around_text_and_never_inside_a_tag_or_the_title():
    html = highlighted(compiled, {"guest.firstName": "Ana", "event.url": "https://gala.example"}, KNOWN, why)
    seen = _Tags()
    seen.feed(html)
    assert [value for value in seen.attributes if "mark" in value and value not in MARKS] == []
    assert seen.attributes.count("em-mark") == 3  # the URL as text, the heading, the button
    assert "<mark" not in html[: html.index("</head>")]
    assert re.search(
        r'<a href="https://gala.example"[^>]*><mark class="em-mark" [^>]*>https://gala.example</mark>', html
    )


MARKS = ("em-marks", "em-mark", "em-mark em-fallback")


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.attributes += [value or "" for _, value in attrs]


def test_C4_a_value_that_looks_like_a_mark_is_text():
    html = highlighted(content("{guest.firstName}"), {"guest.firstName": '</mark><script>"'}, KNOWN, why)
    assert ">&lt;/mark&gt;&lt;script&gt;&quot;</mark>" in html
    assert html.count("<script") == 0


def test_a_subject_is_cut_where_its_values_begin_and_end():
    cut = pieces(
        content("x", "Dear {guest.firstName}, {guest.Table|your table}!").subject, {"guest.firstName": "Ana"}, KNOWN
    )
    assert cut == [
        Piece("Dear "), Piece("Ana", "guest.firstName"), Piece(", "),
        Piece("your table", "guest.Table", fallback=True), Piece("!"),
    ]  # fmt: skip
    assert pieces((), {}, KNOWN) == []


@pytest.mark.parametrize("dark", [True, False])
def test_C6_a_mail_is_shown_dark_or_light_whatever_the_browser_prefers(dark):
    body = 'Write (prefers-color-scheme: dark) and name="color-scheme" content="light dark".'
    mail = render(content(body), {}, FIELDS).html
    shown = in_scheme(mail, dark=dark)
    assert f"@media {'all' if dark else 'not all'} {{" in shown
    assert f'<meta name="color-scheme" content="{"dark" if dark else "light"}">' in shown
    assert shown.partition("</head>")[2] == mail.partition("</head>")[2]
