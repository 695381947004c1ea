"""What a refusal means for the guest (F1, S4, S5, S12): by code, enhanced code, step and, last, words."""

import pytest

from eventmail.providers.base import Permanent
from eventmail.providers.smtp.refusals import Step, refusal
from eventmail.providers.smtp.wire import Reply

HARD = ("Permanent", True)
NOT_HARD = ("Permanent", False)
AGAIN = ("Transient", False)
REFUSED = ("Refused", False)
UNCLEAR = ("Unclear", False)


def told(reply, step=Step.RECIPIENT, signed_in=False, host="mail.example.org"):
    code, _, text = reply.partition(" ")
    outcome = refusal(Reply(int(code), (text.encode(),)), step, signed_in=signed_in, host=host)
    return type(outcome).__name__, isinstance(outcome, Permanent) and outcome.hard


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        *((f"550 5.1.{detail} Bad address", HARD) for detail in (0, 1, 2, 3, 6, 10)),
        ("550 5.2.1 Mailbox disabled", HARD),
        ("550 5.1.1 User unknown; not spam, no policy", NOT_HARD),
        ("552 5.2.2 Mailbox full", NOT_HARD),
        ("550 5.2.3 Too big", NOT_HARD),
        ("550 5.4.4 Unroutable", NOT_HARD),
        ("550 5.4.6 Loop", NOT_HARD),
        ("554 5.6.0 Bad content", NOT_HARD),
        ("550 5.7.1 User unknown", NOT_HARD),
        ("550 5.7.0 Blocked", NOT_HARD),
        ("550 5.7.13 Disabled", NOT_HARD),
        ("501 5.5.2 Syntax", NOT_HARD),
        ("550 No such user here", HARD),
        ("551 User not local", HARD),
        ("550 Requested action not taken: mailbox unavailable", HARD),
        ("550 4.2.2 Mixed up", NOT_HARD),
        ("552 Mailbox full", NOT_HARD),
        ("554 Transaction failed", NOT_HARD),
        ("550 Message looks like SPAM", NOT_HARD),
        ("550 Blocked by our blacklist", NOT_HARD),
        ("550 Rejected for policy reasons", NOT_HARD),
        ("550 Relay access denied", REFUSED),
        ("550 Mailbox over quota", NOT_HARD),
        ("450 4.2.1 Later", AGAIN),
        ("450 5.1.1 Later", AGAIN),
        ("452 4.2.2 Mailbox full", AGAIN),
        ("451 4.7.1 Greylisted", AGAIN),
        ("451 4.3.0 Later", AGAIN),
        ("421 4.7.28 Rate", AGAIN),
        ("530 5.7.0 Sign in first", REFUSED),
        ("535 5.7.8 Bad credentials", REFUSED),
        ("550 5.7.8 Bad credentials", REFUSED),
        ("550 5.7.26 Not authenticated", REFUSED),
        ("550 5.7.515 Access denied, sending domain", REFUSED),
        ("553 5.1.8 Bad sender domain", REFUSED),
        ("503 5.5.1 AUTH first", REFUSED),
    ],
)
def test_a_refused_recipient(reply, meaning):
    assert told(reply) == meaning


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("550 5.1.1 Who are you?", REFUSED),
        ("550 5.7.1 Not your address", REFUSED),
        ("553 Sender rejected", REFUSED),
        ("554 5.7.1 Your address is listed", REFUSED),
        ("552 5.3.4 Too big", NOT_HARD),
        ("554 5.3.4 Too big", NOT_HARD),
        ("555 5.5.4 Unknown parameter", NOT_HARD),
        ("451 4.3.2 Later", AGAIN),
    ],
)
def test_a_refused_sender_is_never_the_guests_fault(reply, meaning):
    assert told(reply, Step.SENDER) == meaning


@pytest.mark.parametrize(
    ("reply", "meaning"),
    [
        ("550 5.1.1 No such user", HARD),
        ("550 No such user", NOT_HARD),
        ("554 5.7.1 Spam", NOT_HARD),
        ("552 5.3.4 Too big", NOT_HARD),
        ("550 5.7.515 Access denied", REFUSED),
        ("451 4.3.0 Later", AGAIN),
        ("421 4.3.2 Shutting down", AGAIN),
    ],
)
def test_a_refused_message(reply, meaning):
    assert told(reply, Step.MESSAGE) == meaning


def test_a_server_that_wants_a_sign_in_after_one_is_no_refusal_of_us():
    assert told("503 5.5.1 Bad sequence", signed_in=True) == NOT_HARD


@pytest.mark.parametrize(
    ("host", "reply", "step", "meaning"),
    [
        ("smtp.mx.cloudflare.net", "451 4.3.0 Deferred", Step.MESSAGE, UNCLEAR),
        ("mx.cloudflare.net", "451 4.3.0 Deferred", Step.MESSAGE, UNCLEAR),
        ("smtp.mx.cloudflare.net", "451 4.3.0 Later", Step.RECIPIENT, AGAIN),
        ("smtp.mx.cloudflare.net", "451 4.7.1 Later", Step.MESSAGE, AGAIN),
        ("notmx.cloudflare.net", "451 4.3.0 Later", Step.MESSAGE, AGAIN),
    ],
)
def test_S5_cloudflares_deferred_mail_was_accepted(host, reply, step, meaning):
    assert told(reply, step, host=host) == meaning


@pytest.mark.parametrize(
    ("lines", "code", "detail"),
    [
        ((b"5.1.1 No such user", b"5.1.1 really"), "550 5.1.1", "No such user really"),
        ((b"No such user", b"#5.1.1 No such user"), "550 5.1.1", "No such user"),
        ((b"No such user",), "550", "No such user"),
        ((b"5.1.1",), "550 5.1.1", "The mail server answered 550 and no more"),
        ((b"",), "550", "The mail server answered 550 and no more"),
        ((b"5.1.1 a\x00b\x1b[31mc\td\xff",), "550 5.1.1", "a b [31mc d\ufffd"),
        ((b"5.1.1 " + b"x" * 400,), "550 5.1.1", "x" * 300),
        (("5.1.1 Empfänger unbekannt".encode(),), "550 5.1.1", "Empfänger unbekannt"),
    ],
)
def test_the_servers_words_are_kept_clean_and_short(lines, code, detail):
    outcome = refusal(Reply(550, lines), Step.RECIPIENT, signed_in=False, host="mail.example.org")
    assert (outcome.code, outcome.detail) == (code, detail)
