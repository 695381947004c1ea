import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.compile import compile_content
from eventmail.content.mime import Envelope, Skeleton
from eventmail.content.personalise import bind, render
from eventmail.content.tokens import known_fields
from eventmail.errors import InvalidInput
from eventmail.value_parsing import clean_value
from tests.support.budgets import budget

GOLDEN = Path(__file__).parents[2] / "golden"
URL = "https://mail.example.org/unsubscribe/0123456789abcdef012345"
HEADERS = [
    "From",
    "To",
    "Subject",
    "Reply-To",
    "Date",
    "MIME-Version",
    "Auto-Submitted",
    "List-Id",
    "Message-ID",
    "X-Eventmail-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Content-Type",
]


@pytest.fixture
def skeleton(fields, envelope, body, event_values):
    compiled = compile_content(
        "{guest.firstName}, join {event.title}", "See you, {guest.firstName}", body, fields=fields
    )
    return Skeleton(bind(compiled, event_values, fields), envelope, fields)


def parts(mail):
    """The headers in order, and the two parts' text."""
    message = message_from_bytes(mail, policy=policy.default)
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert [part["Content-Transfer-Encoding"] for part in (plain, html)] == ["quoted-printable"] * 2
    return message, *(part.get_content().replace("\r\n", "\n") for part in (plain, html))


def test_C6_a_mail_is_the_golden_one_byte_for_byte(skeleton, guest_values):
    mail = skeleton.mail("ada@example.org", guest_values, "key-1", URL)
    golden = GOLDEN / "mail.eml"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_bytes(mail)
    assert mail == golden.read_bytes()


def test_C5_the_mail_says_exactly_what_the_preview_said(skeleton, fields, body, event_values, guest_values):
    compiled = compile_content(
        "{guest.firstName}, join {event.title}", "See you, {guest.firstName}", body, fields=fields
    )
    preview = render(compiled, {**event_values, **guest_values, "unsubscribe.url": URL}, fields)
    message, plain, html = parts(skeleton.mail("ada@example.org", guest_values, "key-1", URL))
    assert (message["Subject"], plain, html) == (preview.subject, preview.text, preview.html)


def test_C6_the_headers_are_exactly_these(skeleton, guest_values):
    message, _, _ = parts(skeleton.mail("ada@example.org", guest_values, "key-1", URL))
    assert message.keys() == HEADERS
    assert {name: str(message[name]) for name in HEADERS[:-1]} == {
        "From": "Gala Team <gala@example.org>",
        "To": "ada@example.org",
        "Subject": "Ada, join Fixture Gala",
        "Reply-To": "team@example.org",
        "Date": "Mon, 02 Nov 2026 08:00:00 +0000",
        "MIME-Version": "1.0",
        "Auto-Submitted": "auto-generated",
        "List-Id": "<gala.example.org>",
        "Message-ID": "<key-1@example.org>",
        "X-Eventmail-Id": "key-1",
        "List-Unsubscribe": f"<{URL}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_S3_the_same_arguments_give_the_same_bytes(skeleton, guest_values):
    first = skeleton.mail("ada@example.org", guest_values, "key-1", URL)
    assert skeleton.mail("ada@example.org", guest_values, "key-1", URL) == first


def test_F2_a_long_unsubscribe_address_is_neither_folded_nor_encoded(skeleton, guest_values):
    url = f"https://mail.example.org/unsubscribe/{'x' * 300}?a=b&c=%20"
    mail = skeleton.mail("ada@example.org", guest_values, "key-1", url)
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in mail


def test_F2_one_click_is_left_out_on_an_http_address(skeleton, guest_values):
    message, _, _ = parts(skeleton.mail("ada@example.org", guest_values, "k", "http://localhost:8000/unsubscribe/x"))
    assert message.keys() == [name for name in HEADERS if name != "List-Unsubscribe-Post"]


@pytest.mark.parametrize(
    "url", ["", "x", "javascript:x", "https://a b", "https://a\r\nX: y", "https://a>", "https://é"]
)
def test_F2_what_cannot_stand_in_the_header_is_refused(skeleton, guest_values, url):
    with pytest.raises(InvalidInput):
        skeleton.mail("ada@example.org", guest_values, "key-1", url)


@pytest.mark.parametrize("key", ["", "a b", "a\r\nBcc: x", "a>", "é"])
def test_S3_a_key_that_cannot_stand_in_a_header_is_refused(skeleton, guest_values, key):
    with pytest.raises(InvalidInput):
        skeleton.mail("ada@example.org", guest_values, key, URL)


@pytest.mark.parametrize(
    "change",
    [
        {"from_email": "a@example.org\r\nBcc: b@example.org"},
        {"reply_to": "a@example.org, b@example.org"},
        {"message_id_domain": "a>b"},
        {"list_id": "x\r\nBcc: b@example.org"},
    ],
)
def test_C4_an_envelope_cannot_add_a_header(fields, envelope, change):
    compiled = compile_content("s", "", "b", fields=fields)
    with pytest.raises(InvalidInput):
        Skeleton(compiled, replace(envelope, **change), fields)


def test_E1_a_mark_begins_the_subject(fields, envelope):
    skeleton = Skeleton(
        compile_content("Hi {guest.firstName}", "", "b", fields=fields), envelope, fields, prefix="[Test] "
    )
    message, _, _ = parts(skeleton.mail("a@example.org", {"guest.firstName": "Zoë"}, "k", URL))
    assert message["Subject"] == "[Test] Hi Zoë"


FIELDS = known_fields({"note": ""})
CONTENT = compile_content(
    "Hi {guest.firstName}",
    "{guest.note}",
    ".{guest.firstName}\n\n{guest.note}.\n\n[a](https://a.example/{guest.note}) [b]({guest.note})\n\n"
    "| {guest.note} |\n|---|",
    fields=FIELDS,
)
SKELETON = Skeleton(
    CONTENT,
    Envelope("f@example.org", "F", None, datetime(2026, 11, 2, tzinfo=UTC), "example.org", None),
    FIELDS,
)
NASTY = [
    "\r\nBcc: victim@example.org\r\n\r\n<b>body</b>",
    "a\n.\nQUIT",
    ".",
    "..",
    "=?utf-8?q?=0d=0aBcc:_x?=",
    "=3D=0A",
    '"<x@example.org>", (c)',
    "{guest.email}",
    "مرحبا \u202eevil",
    "👩‍👩‍👧" * 20,
    "x" * 300,
    "é " * 150,
    "--=_boundary--",
    "From me",
    " = ",
    "\t\x00\x7f",
    "https://a.example/?q=<&\"'",
    "javascript:alert(1)",
    "\ud800",
]


@settings(max_examples=budget(100))
@given(st.sampled_from(NASTY) | st.text(), st.sampled_from(NASTY) | st.text())
def test_C4_whatever_a_guest_is_called_the_mail_keeps_its_shape(name, note):
    values = {"guest.firstName": name, "guest.note": note}
    mail = SKELETON.mail("ada@example.org", values, "key-1", URL)
    message, plain, html = parts(mail)
    preview = render(CONTENT, {**values, "unsubscribe.url": URL}, FIELDS)
    assert message.keys() == [header for header in HEADERS if header not in {"Reply-To", "List-Id"}]
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]
    assert str(message["Subject"]) == preview.subject == f"Hi {clean_value(name) or 'there'}"
    assert (plain, html) == (preview.text, preview.html)
    assert plain.startswith(f".{clean_value(name) or 'there'}\n\n{clean_value(note) or 'not stated'}.\n")
    assert [line for line in mail.split(b"\r\n") if len(line) > 78 and not line.startswith(b"List-Uns")] == []
    assert re.search(rb"(?<!\r)\n|\r(?!\n)|[\x80-\xff]", mail) is None
