import re

import pytest

from eventmail.content.checks import first_look, in_the_way, remarks
from eventmail.content.compile import compile_content
from eventmail.link_targets import odd_address


def test_C6_a_mail_from_80_KB_on_is_remarked(fields):
    assert [r.code for r in remarks("x", 80 * 1024 - 1, fields)] == []
    assert [(r.code, r.message) for r in remarks("x", 80 * 1024, fields)] == [
        ("LARGE", "The mail is 80 KB; mail services cut mails beyond 100 KB.")
    ]


def test_C6_pictures_and_links_that_say_nothing_are_remarked_in_reading_order(fields):
    body = "![](https://a.org/p.png) [](https://a.org) [x](/relative) [{guest.seat}]({event.url}) ![alt](https://a.org/p.png)"
    assert [r.code for r in remarks(body, 0, fields)] == [
        "IMAGE_WITHOUT_ALT",
        "LINK_WITHOUT_TEXT",
        "LINK_WITHOUT_ADDRESS",
    ]


def test_links_and_buttons_that_do_not_say_where_they_lead_are_remarked_with_their_words(fields):
    body = (
        "[**Click here**](https://a.org) [here](https://a.org) [here](https://b.org) [the programme](https://a.org) "
        "https://a.org/here [here][1] [{guest.seat}](https://a.org)\n\n::: button https://a.org\nRead more\n:::\n\n[1]: https://a.org"
    )
    why = "does not say where it leads, and some guests hear or see the links alone. Name what is behind it."
    assert [(r.code, r.message, r.part) for r in remarks(body, 0, fields)] == [
        ("VAGUE_LINK", f"The link “Click here” {why}", "body"),
        ("VAGUE_LINK", f"The link “here” {why}", "body"),
        ("VAGUE_LINK", f"The button “Read more” {why}", "body"),
    ]


def test_C8_links_without_an_address_are_remarked_with_their_words_and_empty_ones_too(fields):
    body = "[plan]() [plan **B**](/relative) [](/other) ![map](x.png) ![map]() [{guest.seat|x}](<>)"
    wanted = ": its address must begin with https://."
    assert [(r.code, r.message) for r in remarks(body, 0, fields)] == [
        ("LINK_WITHOUT_ADDRESS", f"The link “plan” has no address{wanted}"),
        ("LINK_WITHOUT_ADDRESS", f"The link “plan B” leads nowhere (“/relative”){wanted}"),
        ("LINK_WITHOUT_ADDRESS", f"A link leads nowhere (“/other”){wanted}"),
        ("LINK_WITHOUT_ADDRESS", f"The link “{{guest.seat|x}}” has no address{wanted}"),
    ]


def test_a_picture_without_a_description_is_remarked_with_its_address(fields):
    assert [r.message for r in remarks("![](https://a.org/{guest.seat}.png)", 0, fields)] == [
        "A picture has no description, and many guests see only that: https://a.org/{guest.seat}.png"
    ]


@pytest.mark.parametrize(
    ("url", "odd"),
    [
        ("https://gala.org/x?a=http://localhost", ""),
        ("mailto:a@localhost", ""),
        ("http://gala.org", "is not encrypted (http: instead of https:)"),
        ("https://localhost:8000/a", "leads to a computer that guests cannot reach"),
        ("http://127.0.0.1/", "leads to a computer that guests cannot reach"),
        ("https://10.0.0.7", "leads to a computer that guests cannot reach"),
        ("https://172.20.1.1/", "leads to a computer that guests cannot reach"),
        ("https://172.40.1.1/", ""),
        ("http://[::1]/", "leads to a computer that guests cannot reach"),
        ("https://box.local", "leads to a computer that guests cannot reach"),
        ("https://www.example.com/x", "leads to an example address"),
        ("https://counterexample.com", ""),
        ("https://[", "cannot be read as an address"),
    ],
)
def test_links_that_guests_cannot_use_are_odd(url, odd):
    assert odd_address(url) == odd


def test_odd_links_of_text_buttons_and_pictures_are_remarked_once_each_as_they_were_written(fields):
    body = (
        "[a](http://gala.org/?g={guest.seat}) [b](http://gala.org/?g={guest.seat}) [c]({event.url}) [](https://a.org/{guest.seat})"
        "\n\n![d](http://gala.org/p.png)\n\n::: button https://localhost/x\nGo\n:::"
    )
    assert [(r.code, r.message) for r in remarks(body, 0, fields)] == [
        ("ODD_LINK", "A link is not encrypted (http: instead of https:): http://gala.org/?g={guest.seat}"),
        ("LINK_WITHOUT_TEXT", "A link has no text: https://a.org/{guest.seat}"),
        ("ODD_LINK", "A picture’s address is not encrypted (http: instead of https:): http://gala.org/p.png"),
        ("ODD_LINK", "A link leads to a computer that guests cannot reach: https://localhost/x"),
    ]


@pytest.mark.parametrize(
    ("subject", "preheader", "codes"),
    [
        ("Doors open at six", "Bring a coat", []),
        ("Doors open at six", " ", ["NO_PREVIEW_TEXT"]),
        ("", "", []),
        ("a" * 70, "x", []),
        ("a" * 71, "x", ["SUBJECT_LONG"]),
        ("a" * 999, "x", ["SUBJECT_TOO_LONG"]),
        ("{guest.firstName}" * 10, "x", []),
        ("DOORS OPEN AT 6", "x", ["SUBJECT_CAPITALS"]),
        ("RSVP 2027", "x", []),
        ("DOORS OPEN, {guest.firstName}", "x", []),
        ("דלתות נפתחות", "x", []),
        ("開場時間のお知らせ", "x", []),
    ],
)
def test_what_a_mail_list_shows_is_looked_at(fields, subject, preheader, codes):
    compiled = compile_content(subject, preheader, "x", fields=fields, strict=False)
    assert [r.code for r in first_look(subject, preheader, compiled, fields)] == codes


def test_C6_what_is_refused_when_sending_is_in_the_way_before(fields):
    body = "x\n\n::: button\nGo\n:::\n\n" + "word " * 12_000
    compiled = compile_content("s", "", body, fields=fields, strict=False)
    assert [(r.code, r.message.partition(":")[0]) for r in in_the_way(body, compiled, fields)] == [
        ("BROKEN_BLOCK", "Line 3"),
        ("TOO_LARGE", in_the_way(body, compiled, fields)[1].message),
    ]
    assert remarks(body, compiled.size, fields) == []
    assert in_the_way("x", compile_content("s", "", "x", fields=fields), fields) == []


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        (r"Hi \{guest.firstName\}, `\{guest.lastName|x\}`", ["First name", "Last name"]),
        (r"[For \{guest.firstName\}](https://e.com)", ["First name"]),
        (r"Hi {guest.firstName}, \{x\} and \{guest.nope\}", []),
    ],
)
def test_C1_a_field_whose_braces_are_escaped_is_told_since_guests_read_it_as_it_is_typed(fields, body, labels):
    told = [remark.message for remark in remarks(body, 0, fields) if remark.code == "FIELD_AS_TEXT"]
    assert [re.findall("“(.*?)”", message)[0] for message in told] == labels
