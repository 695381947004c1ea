"""Addresses as commands, text as a message: no value of a guest ever becomes anything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventmail.providers.base import Permanent, Refused
from eventmail.providers.smtp.envelope import commands, path, stuffed
from tests.support.budgets import budget
from tests.support.smtp_peer import mail

ALL = {"PIPELINING": "", "SIZE": "1000", "8BITMIME": "", "SMTPUTF8": ""}
BREAKING = [
    "\r",
    "\n",
    "\0",
    " ",
    "<",
    ">",
    "\t",
    "\x7f",
    "\x85",
    "\u2028",
    "\xa0",
    "(",
    ",",
    ";",
    '"',
    "\\",
    "[",
    "\udc80",
]


def said(**given_):
    features = given_.pop("features", ALL)
    found = commands(mail(0, **given_), features)
    return [command for _, command in found] if isinstance(found, list) else found


@pytest.mark.parametrize("character", BREAKING)
@pytest.mark.parametrize("address", ["a{}b@example.com", "ab@exam{}ple.com", "{}ab@example.com", "ab@example.com{}"])
def test_C4_what_could_break_a_command_is_no_address(character, address):
    address = address.format(character)
    assert path(address) is None
    assert type(said(to=address)) is Permanent
    assert type(said(sender=address)) is Refused


@pytest.mark.parametrize(
    "address",
    ["example.com", "@example.com", "a@", "a@b@example.com", "a" * 250 + "@b.de", "ü" * 130 + "@b.de", "a@＜.com"],
)
def test_what_is_no_address_stays_here(address):
    assert path(address) is None


@given(st.text(st.characters(codec=None), max_size=30), st.text(st.characters(codec=None), max_size=30))
@settings(max_examples=budget(200))
def test_C4_any_text_is_one_command_or_none(local, domain):
    found = said(to=f"{local}@{domain}")
    if isinstance(found, list):
        assert [command.count(b"\r\n") for command in found] == [1, 1, 1]
        assert [sum(command.count(mark) for mark in (b"\r", b"\n", b"<", b">")) for command in found] == [4, 4, 2]
        assert b"\0" not in b"".join(found)


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("o'hara+x@example.com", "o'hara+x@example.com"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_sent_in_ascii(address, sent):
    assert path(address) == sent


def test_smtputf8_is_asked_for_when_the_address_needs_it():
    assert said(to="jörg@example.com")[:2] == [
        b"MAIL FROM:<team@example.org> SIZE=42 SMTPUTF8\r\n",
        "RCPT TO:<jörg@example.com>\r\n".encode(),
    ]
    assert said(to="jorg@bücher.example")[0] == b"MAIL FROM:<team@example.org> SIZE=42\r\n"


def test_an_address_that_the_server_can_not_take_is_final_for_this_guest():
    refused = said(to="jörg@example.com", features={"SIZE": ""})
    assert (type(refused), refused.code, refused.hard) == (Permanent, "553 5.6.7", False)
    assert type(said(to="jorg@bücher.example", features={})) is list


def test_eight_bit_text_needs_a_server_that_takes_it():
    text = "Subject: Grüße\r\n\r\nHallo\r\n".encode()
    assert said(data=text)[0] == b"MAIL FROM:<team@example.org> SIZE=27 BODY=8BITMIME\r\n"
    assert (said(data=text, features={}).code, said(data=text, features={}).hard) == ("554 5.6.3", False)


@pytest.mark.parametrize(
    ("size", "fits"), [("41", False), ("42", True), ("0", True), ("", True), ("lots", True), ("9" * 400, True)]
)
def test_a_size_is_a_limit_unless_it_is_zero(size, fits):
    assert (type(said(features={"SIZE": size})) is list) == fits


# Dots


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b".\r\n", b"..\r\n"),
        (b".a\r\n..b\r\n", b"..a\r\n...b\r\n"),
        (b"a.\r\nb.c\r\n", b"a.\r\nb.c\r\n"),
        (b"a\r\n.", b"a\r\n..\r\n"),
        (b"a", b"a\r\n"),
        (b"", b"\r\n"),
        (b"a\n.\r\nMAIL FROM:<x@example.com>\r\n", b"a\n..\r\nMAIL FROM:<x@example.com>\r\n"),
    ],
)
def test_C4_a_dot_at_the_start_of_a_line_is_doubled(text, sent):
    assert stuffed(text) == sent


@given(st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"a", b".\r\n", b"\r"]), max_size=20).map(b"".join))
@settings(max_examples=budget(300))
def test_C4_no_text_ends_the_message_early(text):
    sent = stuffed(text)
    assert sent.endswith(b"\r\n")
    for end in (b"\r\n.\r\n", b"\n.\r\n", b"\n.\n"):
        assert end not in b"\r\n" + sent
    lines = sent.split(b"\r\n")[:-1]
    read = b"".join(line.removeprefix(b".") + b"\r\n" for line in lines)
    if b"\n" not in text.replace(b"\r\n", b""):
        assert read == (text if text.endswith(b"\r\n") else text + b"\r\n")
