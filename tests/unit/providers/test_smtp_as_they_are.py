"""Mail servers as they are: old, slow, strict about one connection, and particular about how one signs in."""

import ssl
from base64 import b64encode

import pytest

from eventmail.providers.base import Accepted, Refused, Transient
from eventmail.providers.smtp import opening
from eventmail.providers.smtp.service import Smtp, parse
from tests.support.smtp_peer import (
    FEATURES,
    LOCK_STEP,
    Close,
    Peer,
    Wait,
    handed_over,
    in_fragments,
    mails,
    make_certificate,
    patient,
)

BOTH = pytest.mark.parametrize("features", [FEATURES, LOCK_STEP], ids=["pipelined", "lock-step"])
OK = b"250 Ok\r\n"
RESPONSE = b64encode(b"\0team\0secret").decode()


@pytest.fixture(scope="module")
def server_side(tmp_path_factory):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(tmp_path_factory.mktemp("tls")))
    return context


# Limits of one connection


@BOTH
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize(
    "reply",
    [
        b"452 #4.5.3 Too many messages\r\n",
        b"452 4.5.3 Too many mails\r\n",
        b"452 Too many messages in this connection\r\n",
        b"450 4.7.1 Error: too many messages for one session\r\n",
        b"451-4.7.0 Slow down\r\n451 4.7.0 Limit of 2 messages per connection exceeded: per-connection limit\r\n",
    ],
)
def test_a_limit_of_one_connection_is_no_failed_try(features, step, reply):
    with Peer({step: [OK, OK, reply]}, features) as peer:
        outcomes = peer.hand_over(mails(5))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 5
    assert peer.connections == 2


@pytest.mark.parametrize(
    "reply",
    [
        b"452 4.2.2 Mailbox full\r\n",
        b"452 Too many recipients received this hour\r\n",
        b"450 4.7.1 Too many connections from your network\r\n",
        b"250 Enough for this connection\r\n",
    ],
)
def test_what_is_about_more_than_this_connection_does_not_end_it(reply):
    with Peer({"RCPT": [OK, reply]}, LOCK_STEP) as peer:
        outcomes = peer.hand_over(mails(3))
    assert [type(outcome) for outcome in outcomes] == [
        Accepted,
        Accepted if reply.startswith(b"250") else Transient,
        Accepted,
    ]
    assert peer.connections == 1


@BOTH
def test_a_server_that_hangs_up_after_each_mail_gets_each_once(features):
    with Peer({".": [(OK, Close)] * 6}, features) as peer:
        outcomes = peer.hand_over(mails(6))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 6
    assert sorted(taken.to for taken in peer.messages) == sorted(each.to for each in mails(6))


# Greetings


def test_a_greeting_of_many_lines_comes_slowly_and_in_fragments():
    greeting = (b"220-peer.example\r\n", Wait(0.1), *in_fragments(b"220-Welcome\r\n220\r\n"))
    with Peer({"connect": [greeting]}) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(2))] == [Accepted] * 2


@pytest.mark.parametrize("greeting", [b"220\r\n", b"220peer.example\r\n", b"220-\r\n220\r\n", b"220 \r\n"])
def test_a_reply_without_a_space_behind_its_code_is_one(greeting):
    with Peer({"connect": [greeting], "MAIL": [b"250Ok\r\n"]}) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(1))] == [Accepted]


def test_four_digits_are_no_code():
    with Peer({"connect": [b"2200 Welcome\r\n"]}) as peer:
        [only] = peer.hand_over(mails(1))
    assert (type(only), only.detail) == (Transient, "The mail server's answer made no sense")


@pytest.mark.parametrize("reply", [b"500 What?\r\n", b"502 5.5.1 No\r\n", b"504 No\r\n", b"550 No EHLO here\r\n"])
def test_a_server_that_only_knows_helo(reply):
    with Peer({"EHLO": [reply]}, LOCK_STEP) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(2))] == [Accepted] * 2
    assert peer.commands[1].startswith("HELO ")
    assert [line for line in peer.commands if line.startswith("MAIL")] == ["MAIL FROM:<team@example.org>"] * 2


def test_a_server_that_only_knows_helo_takes_no_credentials():
    with Peer({"EHLO": [b"500 What?\r\n"]}) as peer:
        [only] = peer.hand_over(mails(1), user="team:secret")
    assert type(only) is Refused
    assert only.detail == "The mail server 127.0.0.1 offers no sign-in that eventmail knows (PLAIN or LOGIN)"


# Signing in


@pytest.mark.parametrize("code", [b"504 5.7.4 Unrecognized authentication type", b"500 No", b"534 5.7.9 Too weak"])
def test_plain_that_is_announced_and_not_known_makes_way_for_login(code):
    answers = [code + b"\r\n", b"334 VXNlcm5hbWU6\r\n", b"334\r\n", b"235 2.7.0 Welcome\r\n"]
    with Peer({"AUTH": answers}) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(1), user="team:secret")] == [Accepted]
    assert peer.commands[1:5] == [f"AUTH PLAIN {RESPONSE}", "AUTH LOGIN", "dGVhbQ==", "c2VjcmV0"]


def test_S12_wrong_credentials_are_tried_in_one_way_only():
    with Peer({"AUTH": [b"535 5.7.8 Bad\r\n"]}) as peer:
        [only] = peer.hand_over(mails(1), user="team:secret")
    assert (type(only), only.code) == (Refused, "535 5.7.8")
    assert [line for line in peer.commands if line.startswith("AUTH")] == [f"AUTH PLAIN {RESPONSE}"]


def test_plain_whose_response_is_asked_for_once_more():
    with Peer({"AUTH": [b"334 \r\n", b"235 Welcome\r\n"]}) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(1), user="team:secret")] == [Accepted]
    assert peer.commands[1:3] == [f"AUTH PLAIN {RESPONSE}", RESPONSE]


@pytest.mark.parametrize("offered", [("AUTH=LOGIN PLAIN",), ("AUTH=LOGIN", "AUTH PLAIN"), ("AUTH", "AUTH=PLAIN")])
def test_mechanisms_in_the_old_form_are_understood(offered):
    with Peer(features=offered) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(1), user="team:secret")] == [Accepted]
    assert peer.commands[1] == f"AUTH PLAIN {RESPONSE}"


# Encryption


def test_the_certificate_of_a_server_on_this_box_is_not_looked_at(server_side):
    with Peer(features=("STARTTLS", *FEATURES), tls=server_side) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(1), user="team:secret")] == [Accepted]
    assert "STARTTLS" in peer.commands


def test_a_server_that_awaits_tls_from_the_first_byte_is_named_soon(server_side, monkeypatch):
    look = opening._speaks_tls
    monkeypatch.setattr(opening, "PROBE_SECONDS", 60.0)  # the silence is short; the look may take its time
    monkeypatch.setattr(opening, "_speaks_tls", lambda server, _timeouts: look(server, patient(silence=60.0)))
    with Peer(tls=server_side, tls_at_once=True) as peer:
        provider = Smtp(parse(f"smtp://127.0.0.1:{peer.port}"), timeouts=patient(silence=0.1))
        [only] = handed_over(provider, mails(1))
    assert type(only) is Transient
    assert only.detail == (
        f"The mail server 127.0.0.1 awaits encryption from the first byte on port {peer.port}: "
        "EVENTMAIL_SMTP_URL must begin with smtps:// for it"
    )


def test_a_server_that_is_only_slow_is_not_taken_for_one_that_awaits_tls():
    with Peer({"connect": [(Wait(0.5), b"220 peer.example\r\n")]}) as peer:
        outcomes = peer.hand_over(mails(2), timeouts=patient(silence=0.05))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 2
