"""Mails about accounts: what they say, and that nothing in a name becomes more than text."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.content import account_mail
from eventmail.content.plain_mail import Frame
from eventmail.errors import InvalidInput
from eventmail.value_parsing import clean_value
from tests.support.account_mail import read
from tests.support.budgets import budget

NOW = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
FRAME = Frame(
    from_email="team@organizers.example",
    from_name="",
    to="ada@guests.example.net",
    message_id="account1-1-abc@organizers.example",
    date=NOW,
    site="https://mail.organizers.example",
)
LINK = "https://mail.organizers.example/sign-in/abc-_DEF?next=/admin/account"
UNTIL = NOW + timedelta(days=7)
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
    "MIME-Version",
]  # fmt: skip
Write = Callable[[Frame, str], bytes]


def invitation(frame: Frame, inviter: str, role: str = "owner") -> bytes:
    return account_mail.invitation(frame, link=LINK, until=UNTIL, inviter=inviter, role=role)


def sign_in(frame: Frame, name: str, asked_by: str) -> bytes:
    return account_mail.sign_in(frame, link=LINK, until=UNTIL, name=name, asked_by=asked_by)


WRITERS: dict[str, Write] = {
    "invitation": invitation,
    "sign in, asked by": lambda frame, name: sign_in(frame, "Ada", name),
    "sign in, for": lambda frame, name: sign_in(frame, name, ""),
    "changed address": lambda frame, name: account_mail.address_changed(frame, name=name),
}
EACH = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
NAMES = ["", "\r\nBcc: eve@evil.example", "<b>Bo</b>", "שלום", "\u202eevil", "x" * 300, "=?utf-8?q?a?=", "a\x00b", "."]


def test_an_invitation_says_who_invites_as_what_and_until_when() -> None:
    mail = read(invitation(FRAME, "Olive Owner"))
    text = mail.get_content()
    assert mail["Subject"] == "You are invited to eventmail"
    assert (
        "\u2068Olive Owner\u2069 invites you to join the team on eventmail at https://mail.organizers.example" in text
    )
    assert "as an owner" in text
    assert LINK in text
    assert "works once, until 29 November 2026, 09:05 UTC." in text
    assert "you need not do anything" in text


@pytest.mark.parametrize(
    ("asked_by", "words"),
    [("Olive Owner", "\u2068Olive Owner\u2069 asked"), ("", "Somebody who says that they forgot your password asked")],
)
def test_a_sign_in_link_says_who_asked_and_that_the_password_stays(asked_by: str, words: str) -> None:
    text = read(sign_in(FRAME, "Ada", asked_by)).get_content()
    assert words in text
    assert "Hello \u2068Ada\u2069," in text
    assert LINK in text
    assert "Your password stays as it is until you change it." in text
    assert "you need not do anything" in text


def test_the_news_of_another_address_has_no_link_and_says_what_to_do() -> None:
    mail = read(account_mail.address_changed(FRAME, name="Ada"))
    text = mail.get_content()
    assert mail["Subject"] == "Your address on eventmail was changed"
    assert "has another email address since 22 November 2026, 09:05 UTC." in text
    assert "tell an owner of your team at once" in text
    assert "/sign-in/" not in text


def test_it_is_a_plain_mail_that_programs_do_not_answer() -> None:
    data = invitation(FRAME, "Olive")
    mail = read(data)
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert (mail["From"], mail["To"]) == ("team@organizers.example", "ada@guests.example.net")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<account1-1-abc@organizers.example>"
    assert mail["Date"].datetime == NOW
    assert mail.get_content_type() == "text/plain"
    assert data.isascii()


def assert_nothing_got_in(data: bytes, name: str) -> None:
    mail = read(data)
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert [str(address) for address in mail["To"].addresses] == ["ada@guests.example.net"]
    assert mail.defects == []
    assert data.replace(b"\r\n", b"").count(b"\n") == data.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(map(len, data.split(b"\r\n"))) <= 78
    text = mail.get_content()
    assert text.count(LINK) == (0 if "another email address" in text else 1)  # news asks for nothing
    shown = clean_value(name)
    if len(shown) > 100:
        assert f"\u2068{shown[:99].rstrip()}…\u2069" in text
    elif shown:
        assert f"\u2068{shown}\u2069" in text
    assert len(text) < 1_200


@EACH
@pytest.mark.parametrize("name", NAMES)
def test_C4_an_awkward_name_is_text_in_one_line(write: Write, name: str) -> None:
    assert_nothing_got_in(write(FRAME, name), name)


@EACH
@settings(max_examples=budget(50, soaked=150))
@given(name=st.text(max_size=300))
def test_C4_no_name_adds_a_header_an_address_or_a_line(write: Write, name: str) -> None:
    assert_nothing_got_in(write(FRAME, name), name)


@EACH
@pytest.mark.parametrize(
    "to",
    [
        "a@b.example\r\nBcc: eve@evil.example",
        "a@b.example, eve@evil.example",
        "",
        "a b@c.example",
        "=?utf-8?q?a=40b.org=2c?=@c.example",
    ],
)
def test_C4_what_is_no_one_address_is_refused(write: Write, to: str) -> None:
    with pytest.raises(InvalidInput):
        write(replace(FRAME, to=to), "Ada")


@pytest.mark.parametrize("to", ["jörg@guests.example.net", "ada@bücher.example", "o'neil+x=y?@guests.example.net"])
def test_an_unusual_address_stays_the_one_it_is_for(to: str) -> None:
    mail = read(invitation(replace(FRAME, to=to), "Olive"))
    read_as = [address.addr_spec.encode(errors="surrogateescape").decode() for address in mail["To"].addresses]
    assert read_as == [to.replace("bücher", "xn--bcher-kva")]
