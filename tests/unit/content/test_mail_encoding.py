from email import message_from_bytes
from email.header import decode_header, make_header
from quopri import decodestring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.mail_encoding import header, quoted_printable, wire_address
from eventmail.errors import InvalidInput
from eventmail.value_parsing import clean_value
from tests.support.budgets import budget

MODERATE = settings(max_examples=budget(100))
LINES = st.text().map(clean_value)


@MODERATE
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r")))
def test_C6_quoted_printable_is_exact_and_at_most_76_wide(text):
    encoded = quoted_printable(text)
    assert decodestring(encoded).decode().replace("\r\n", "\n") == text
    assert [line for line in encoded.split(b"\r\n") if len(line) > 76 or line == b"."] == []
    encoded.decode("ascii")


@MODERATE
@given(LINES)
def test_C4_a_subject_is_one_header_that_decodes_to_the_text(text):
    line = header("Subject", text)
    message = message_from_bytes(line + b"X-After: 1\r\n\r\n")
    assert message.keys() == ["Subject", "X-After"]
    assert str(make_header(decode_header(message["Subject"].replace("\r\n", "")))) == text
    assert [part for part in line.split(b"\r\n") if len(part) > 78] == []
    assert [word for word in line.split() if word.startswith(b"=?") and len(word) > 75] == []


def test_C4_text_that_looks_like_an_encoded_word_stays_that_text():
    assert header("Subject", "=?utf-8?q?=0d=0aBcc:_x?=") == b"Subject: =?utf-8?b?PT91dGYtOD9xPz0wZD0wYUJjYzpfeD89?=\r\n"


def test_C6_a_short_plain_subject_stays_readable():
    assert header("Subject", "Doors open at 18:00") == b"Subject: Doors open at 18:00\r\n"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("Ada.L+x@Example.org", "Ada.L+x@Example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("jürgen@example.org", "jürgen@example.org"),
    ],
)
def test_C4_an_address_goes_out_as_typed_its_domain_in_ascii(address, wire):
    assert wire_address(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@example.org",
        "a@",
        "a b@example.org",
        "a@exa mple.org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\n",
        "a\x00@example.org",
        "<a@example.org>",
        "a@example.org>",
        "a@example.org,b@example.org",
        "a,b@example.org",
        "a@b@example.org",
        'a"b@example.org',
        "a@-example.org",
        "a@example..org",
        "a@exa／mple.org",
        "a\u2028@example.org",
        "a@exa\u202emple.org",
        "\ud800@example.org",
    ],
)
def test_C4_what_is_not_one_bare_address_is_refused(address):
    with pytest.raises(InvalidInput):
        wire_address(address)
