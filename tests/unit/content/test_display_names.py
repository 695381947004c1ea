"""The sender's name in a header: every character is read as it was typed, and none adds an address or a line (C7)."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content.mail_encoding import mailbox
from eventmail.value_parsing import clean_value
from tests.support.account_mail import read
from tests.support.budgets import budget
from tests.unit.content.test_account_mail import FRAME, assert_nothing_got_in, invitation

MODERATE = settings(max_examples=budget(100))
NAMES = st.text(st.characters(codec="utf-8") | st.sampled_from('<>@,;:"\\() =?.'), max_size=250)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Gala Team", '"Gala Team" <a@example.org>'),
        ("", "a@example.org"),
        ("Sons & Co. (Berlin), Ltd.", '"Sons & Co. (Berlin), Ltd." <a@example.org>'),
        (' <>@,;:"\\() ', '"<>@,;:\\"\\\\()" <a@example.org>'),
        ('Bob <victim@evil.test>, "x"', '"Bob <victim@evil.test>, \\"x\\"" <a@example.org>'),
        ("a\r\nBcc: b", '"a Bcc: b" <a@example.org>'),
        ("Müller", "=?utf-8?b?TcO8bGxlcg==?= <a@example.org>"),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@example.org>"),
        ("x" * 60, f'"{"x" * 60}"\r\n <a@example.org>'),
        ("x" * 65, f"=?utf-8?b?{'eHh4' * 14}?=\r\n =?utf-8?b?{'eHh4' * 7}eHg=?=\r\n <a@example.org>"),
    ],
)
def test_C7_a_display_name_keeps_every_character_and_adds_no_address(name: str, shown: str) -> None:
    assert mailbox(name, "a@example.org") == shown


@MODERATE
@given(NAMES)
def test_C7_any_name_is_read_as_it_was_typed_in_one_header_of_ascii(name: str) -> None:
    line = f"From: {mailbox(name, 'ada@example.org')}\r\n".encode()
    line.decode("ascii")
    assert [part for part in line.split(b"\r\n") if len(part) > 78] == []
    words = [word for word in line.split() if word.startswith(b"=?")]
    assert [word for word in words if len(word) > 75] == []
    message = message_from_bytes(line + b"X-After: 1\r\n\r\n", policy=policy.default)
    (sender,) = message["From"].addresses
    assert (message.keys(), sender.addr_spec, message["From"].defects) == (["From", "X-After"], "ada@example.org", ())
    assert _name(line, sender) == clean_value(name)


def _name(line: bytes, sender: Address) -> str:
    """The name in a From line; of several encoded words by RFC 2047 6.2, since the new parser adds blanks there."""
    if line.count(b"=?utf-8?") < 2:
        return str(sender.display_name)
    return str(make_header(decode_header(line.decode()[6:].replace("\r\n", "")))).removesuffix(" <ada@example.org>")


@pytest.mark.parametrize("name", ["Müller, Söhne & Co.", 'Gala <x@evil.example>, "Team" (Büro)', "a\r\nBcc: b, \\c"])
def test_C7_in_a_mail_about_an_account_it_keeps_every_character(name: str) -> None:
    data = invitation(replace(FRAME, from_name=name), "Olive")
    (sender,) = read(data)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (clean_value(name), "team@organizers.example")
    assert_nothing_got_in(data, "Olive")
