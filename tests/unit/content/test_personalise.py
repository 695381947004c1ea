import re
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.calendar_links import calendar_values
from eventmail.content.compile import compile_content
from eventmail.content.personalise import bind, render
from eventmail.content.tokens import FIELDS, known_fields
from tests.support.budgets import budget

FIELDS_AND_COLUMNS = known_fields({"Company (full)": "", "seat": "any seat", "ticket": ""})
CONSTANT_SCOPES = ("event", "organizer", "calendar")


def content(body, subject="S", preheader=""):
    return compile_content(subject, preheader, body, fields=FIELDS_AND_COLUMNS)


def inner(html):
    body = re.search(r'<td class="em-body"[^>]*>\n(.*?)</td></tr>\n<tr><td class="em-foot"', html, re.DOTALL)
    assert body is not None
    return re.sub(r' style="[^"]*"', "", body[1])


def both(body, values):
    """The inside of the HTML part and of the text part."""
    mail = render(content(body), values, FIELDS_AND_COLUMNS)
    return inner(mail.html).removesuffix("\n"), mail.text.partition("\n\n------------------------\n")[0]


def test_C3_a_guest_without_a_first_name_reads_the_fallback_never_an_empty_merge():
    mail = render(
        content("Hi {guest.firstName},", "Hi {guest.firstName|friend}"),
        {"guest.firstName": " \x00"},
        FIELDS_AND_COLUMNS,
    )
    assert (mail.subject, inner(mail.html)) == ("Hi friend", "<p>Hi there,</p>\n")


@pytest.mark.parametrize("name", FIELDS)
def test_C3_every_standard_field_has_a_text_when_it_has_no_value(name):
    html, text = both(f"x {{{name}}} y", {})
    assert (html, text) == (f"<p>x {FIELDS[name].default} y</p>", f"x {FIELDS[name].default} y")


def test_H8_a_field_that_is_gone_reads_its_fallback_or_not_stated():
    compiled = content("{guest.seat} {guest.seat|a chair}")
    assert inner(render(compiled, {}, FIELDS).html) == "<p>not stated a chair</p>\n"


def test_C4_values_are_escaped_in_html_and_stay_as_they_are_in_text():
    value = "<b title=\"x\">&amp; 'y'"
    assert both("{guest.firstName}", {"guest.firstName": value}) == (
        "<p>&lt;b title=&quot;x&quot;&gt;&amp;amp; &#x27;y&#x27;</p>",
        value,
    )


def test_C4_a_token_in_a_value_stays_text():
    assert both("{guest.firstName}", {"guest.firstName": "{guest.email}", "guest.email": "x"}) == (
        "<p>{guest.email}</p>",
        "{guest.email}",
    )


def test_C4_a_value_inside_a_link_target_is_percent_encoded():
    values = {"guest.seat": 'a b&c="?/#é', "guest.email": "a+b@example.org"}
    assert both("[go](https://a.example/{guest.seat}?e={guest.email})", values) == (
        '<p><a href="https://a.example/a%20b%26c%3D%22%3F%2F%23%C3%A9?e=a%2Bb%40example.org">go</a></p>',
        "go: https://a.example/a%20b%26c%3D%22%3F%2F%23%C3%A9?e=a%2Bb%40example.org",
    )


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/relative", "//h", "https://", "x", ""]
)
@pytest.mark.parametrize("rest", ["", "?x=1"])
def test_C8_a_value_that_is_no_web_mail_or_phone_address_leaves_the_label_and_itself_as_text(url, rest):
    assert both(f"[the *label*]({{guest.ticket}}{rest}) end", {"guest.ticket": url}) == (
        f"<p>the <em>label</em>{f' ({url}{rest})' if url else ''} end</p>",
        f"the label{f': {url}{rest}' if url else ''} end",
    )


def test_C8_a_label_that_is_the_address_stands_once():
    body = "[{guest.ticket}]({guest.ticket})"
    assert both(body, {"guest.ticket": "at the door"}) == ("<p>at the door</p>", "at the door")
    assert both(body, {"guest.ticket": "https://a.example"}) == (
        '<p><a href="https://a.example">https://a.example</a></p>',
        "https://a.example",
    )


def test_C8_a_fallback_that_is_no_address_is_read_too_and_a_default_is_not():
    assert both("[Ticket]({guest.ticket|at the door})", {})[1] == "Ticket: at the door"
    assert both("[Ticket]({guest.ticket})", {}) == ("<p>Ticket</p>", "Ticket")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/p?x=1&y=%20#f", "https://a.example/p?x=1&y=%20#f"),
        ("HTTP://a.example", "HTTP://a.example"),
        ("https://a.example/ü <x>\"'", "https://a.example/%C3%BC%20%3Cx%3E%22'"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("tel:+4930", "tel:+4930"),
    ],
)
def test_C1_a_value_that_is_an_address_becomes_the_link(url, shown):
    assert both("[label]({guest.ticket})", {"guest.ticket": url}) == (
        f'<p><a href="{escape(shown)}">label</a></p>',
        f"label: {shown}",
    )


def test_C4_a_button_without_an_address_is_plain_text():
    body = "::: button {guest.ticket}\nGo {guest.firstName}\n:::"
    assert both(body, {"guest.firstName": "<A>"}) == ("<p>Go &lt;A&gt;</p>", "Go <A>")


def test_C4_a_picture_without_an_address_is_its_description():
    assert both("![A {guest.seat}]({guest.ticket})", {"guest.ticket": "x"}) == ("<p>A any seat (x)</p>", "A any seat")


def test_C4_a_mail_link_needs_a_mail_address():
    body = "[write](mailto:{organizer.email}?subject={event.title})"
    assert both(body, {"organizer.email": "a+b@example.org", "event.title": "A & B"}) == (
        '<p><a href="mailto:a+b@example.org?subject=A%20%26%20B">write</a></p>',
        "write: mailto:a+b@example.org?subject=A%20%26%20B",
    )
    assert both(body, {}) == ("<p>write</p>", "write")
    assert both("[w](mailto:{guest.email})", {"guest.email": "a&b?cc=c@example.org"})[1] == (
        "w: mailto:a%26b%3Fcc%3Dc@example.org"
    )


def test_K1_the_block_and_the_token_give_the_same_calendar_links(event_values):
    block, text = both("::: calendar-links\n:::", event_values)
    token, same_text = both("{calendar.links}", event_values)
    assert (block.removeprefix('<p class="em-calendar">'), text) == (token.removeprefix("<p>"), same_text)
    assert re.findall(r">([^<>]+)</a>", block) == [
        "Google Calendar",
        "Outlook",
        "Outlook (work or school)",
        "Yahoo",
        "Apple and others (.ics)",
    ]
    assert [line.partition(": ")[0] for line in text.split("\n")] == [
        "- Google Calendar",
        "- Outlook",
        "- Outlook (work or school)",
        "- Yahoo",
        "- Apple and others (.ics)",
    ]


def test_K4_without_links_the_block_reads_the_default_and_the_token_its_fallback():
    assert both("::: calendar-links\n:::", calendar_values({})) == (
        '<p class="em-calendar">Calendar links to follow</p>',
        "Calendar links to follow",
    )
    assert both("Dates: {calendar.links|soon}.", {})[1] == "Dates: soon."


def test_K1_in_a_subject_the_calendar_links_are_words(event_values):
    mail = render(content("x", "{calendar.links}"), event_values, FIELDS_AND_COLUMNS)
    assert mail.subject == "Google Calendar, Outlook, Outlook (work or school), Yahoo, Apple and others (.ics)"


def test_C3_a_subject_never_doubles_a_blank_nor_outgrows_its_limit():
    mail = render(content("x", " Hi   {guest.firstName} \n now "), {"guest.firstName": "é" * 2000}, FIELDS_AND_COLUMNS)
    assert (len(mail.subject), mail.subject[:4], mail.subject[-1]) == (998, "Hi é", "…")


PIECES = [f"{{{name}}}" for name in FIELDS_AND_COLUMNS] + [
    "[l {guest.firstName}]({guest.ticket}?a={guest.seat})",
    "[m](mailto:{organizer.email})",
    "![p]({event.url})",
    "\n\n::: button {event.url}\nGo {event.title}\n:::\n\n",
    "\n\n::: calendar-links\n:::\n\n",
    "{guest.seat|a|b}",
    "word",
]
VALUES = st.dictionaries(
    st.sampled_from(list(FIELDS_AND_COLUMNS)), st.none() | st.text(max_size=20) | st.just("https://a.example/?x=1&y=ü")
)


@settings(max_examples=budget(60))
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), VALUES)
def test_C5_bound_and_unbound_content_render_alike(pieces, values):
    values.pop("calendar.links", None)
    compiled = content(" ".join(["x", *pieces]), "s {event.title} {guest.seat}", "{calendar.links} {event.date}")
    constants = {n: values.get(n) for n in FIELDS_AND_COLUMNS if n.partition(".")[0] in CONSTANT_SCOPES}
    bound = bind(compiled, constants, FIELDS_AND_COLUMNS)
    guest = {n: v for n, v in values.items() if n not in constants}
    assert render(bound, guest, FIELDS_AND_COLUMNS) == render(compiled, values, FIELDS_AND_COLUMNS)
    assert render(bound, values, FIELDS_AND_COLUMNS) == render(compiled, values, FIELDS_AND_COLUMNS)
