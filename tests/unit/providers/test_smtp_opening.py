"""Reaching a server: greeting, EHLO, encryption, credentials. Without a connection nothing is sent, nothing failed."""

import errno
import socket
import ssl
import threading
from base64 import b64encode
from functools import partial

import pytest

from eventmail.providers.base import Accepted, Refused, Transient
from eventmail.providers.smtp import url as smtp_url
from eventmail.providers.smtp.service import LANES, Slow, Smtp, check, parse
from tests.support.smtp_peer import FEATURES, Close, Peer, Reset, Silence, handed_over, mails, make_certificate, patient
from tests.support.waiting import wait_for

STARTTLS = ("STARTTLS", *FEATURES)
PLAIN = b64encode(b"\0team\0s3:cret").decode()
USER = "team:s3%3Acret"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_side(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture
def elsewhere(monkeypatch):
    """The peer counts as a server on another box."""
    monkeypatch.setattr(smtp_url, "is_loopback", lambda _address: False)


def test_S4_nobody_listening_is_tried_once_a_group():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    provider = Smtp(parse(f"smtp://127.0.0.1:{port}"), timeouts=patient())
    outcomes = list(handed_over(provider, mails(3)))
    assert [type(outcome) for outcome in outcomes] == [Transient] * 3
    assert {str(outcome) for outcome in outcomes} == {
        f"The mail server 127.0.0.1, port {port}, cannot be reached: Connection refused"
    }


def test_S4_a_name_that_is_not_known(monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    [only] = handed_over(Smtp(parse("smtp://mail.example.org")), mails(1))
    assert type(only) is Transient
    assert only.detail == "The mail server mail.example.org, port 587, cannot be reached: Name or service not known"


@pytest.mark.parametrize(
    ("answers", "words", "code"),
    [
        ({"connect": [b"421 4.3.2 Too busy\r\n"]}, "The mail server does not take us in: Too busy", "421 4.3.2"),
        (
            {"connect": [b"554 5.7.1 You are listed\r\n"]},
            "The mail server does not take us in: You are listed",
            "554 5.7.1",
        ),
        ({"connect": [b"nonsense\r\n"]}, "The mail server's answer made no sense", ""),
        ({"connect": [Close]}, "The mail server closed the connection", ""),
        ({"connect": [Reset]}, "The mail server closed the connection", ""),
        (
            {"EHLO": [b"502 What?\r\n"], "HELO": [b"502 What either?\r\n"]},
            "The mail server does not take our HELO: What either?",
            "502",
        ),
        ({"EHLO": [b"421 Busy\r\n"]}, "The mail server does not take our EHLO: Busy", "421"),
        ({"EHLO": [Close]}, "The mail server closed the connection", ""),
    ],
)
def test_S4_a_server_that_does_not_take_us_in_is_asked_once_a_group(answers, words, code):
    with Peer(answers) as peer:
        outcomes = peer.hand_over(mails(3))
        assert [(type(outcome), outcome.detail, outcome.code) for outcome in outcomes] == [(Transient, words, code)] * 3
        assert peer.connections == 1
        assert [type(outcome) for outcome in peer.hand_over(mails(1))] == [Accepted]


@pytest.mark.parametrize("error", [ConnectionResetError, ConnectionAbortedError, BrokenPipeError])
def test_S4_a_server_that_hangs_up_before_we_know_that_it_took_us_in_closed_the_connection(monkeypatch, error):
    def hung_up(*_args, **_kwargs):
        raise error(errno.ECONNRESET, "Connection reset by peer")

    monkeypatch.setattr(socket, "create_connection", hung_up)
    [only] = handed_over(Smtp(parse("smtp://127.0.0.1:2525")), mails(1))
    assert (type(only), only.detail) == (Transient, "The mail server closed the connection")


@pytest.mark.parametrize("how", [Close, Reset], ids=["closed", "reset"])
@pytest.mark.parametrize("step", ["connect", "STARTTLS"])
def test_S4_a_server_that_hangs_up_instead_of_encrypting_closed_the_connection(how, step, server_side, trusting):
    """Whether it ends or resets the connection, and whether the handshake has begun when that arrives."""
    answer = how if step == "connect" else (b"220 2.0.0 Go ahead\r\n", how)
    with Peer({step: [answer]}, features=STARTTLS, tls=server_side) as peer:
        url = peer.url.replace("smtp:", "smtps:") if step == "connect" else peer.url
        [only] = handed_over(Smtp(parse(url), timeouts=patient(), context=trusting), mails(1))
    assert (type(only), only.detail) == (Transient, "The mail server closed the connection")


def test_S4_a_server_that_hangs_up_before_the_credentials_leave_closed_the_connection(monkeypatch):
    class Gone(socket.socket):
        def getpeername(self):
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *given: Gone(fileno=connect(*given).detach()))
    with Peer() as peer:
        [only] = peer.hand_over(mails(1), user=USER)
    assert (type(only), only.detail) == (Transient, "The mail server closed the connection")


def test_S4_a_server_that_does_not_greet():
    with Peer({"connect": [Silence]}) as peer:
        [only] = peer.hand_over(mails(1), timeouts=patient(reply=0.2))
    assert (type(only), only.detail) == (Transient, "The mail server did not answer within 0.2 seconds")


def test_ehlo_names_this_box_by_its_name_or_its_address(monkeypatch):
    with Peer() as peer:
        for name in ("Mail.Example.org", "laptop", "bad name.example"):
            monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
            peer.hand_over(mails(1))
    said = [line for line in peer.commands if line.startswith("EHLO")]
    assert said == ["EHLO mail.example.org", "EHLO [127.0.0.1]", "EHLO [127.0.0.1]"]


# Encryption


def test_starttls_is_used_when_offered_and_what_was_announced_before_it_is_void(server_side, trusting):
    announced = b"250-peer\r\n250-STARTTLS\r\n250 SIZE 5\r\n"
    with Peer({"EHLO": [announced]}, tls=server_side) as peer:
        assert peer.hand_over(mails(3), context=trusting) == [Accepted(f"Ok: queued as {n}") for n in (1, 2, 3)]
    assert [line.partition(" ")[0] for line in peer.commands][:4] == ["EHLO", "STARTTLS", "EHLO", "MAIL"]
    assert peer.packets[2][:1] == b"E", "what comes after the handshake is counted as it was decrypted"


def test_smtps_is_encrypted_from_the_first_byte(server_side, trusting):
    with Peer(tls=server_side, tls_at_once=True) as peer:
        outcomes = peer.hand_over(mails(25), context=trusting, user=USER)
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 25
    assert sorted(taken.data for taken in peer.messages) == sorted(each.data for each in mails(25))
    assert peer.connections == LANES


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "smtps"])
def test_a_certificate_that_is_not_trusted_is_refused(server_side, at_once, elsewhere):
    with Peer(features=STARTTLS, tls=server_side, tls_at_once=at_once) as peer:
        outcomes = peer.hand_over(mails(2), user=USER)
    assert [type(outcome) for outcome in outcomes] == [Transient] * 2
    assert outcomes[0].detail == (
        "The certificate of the mail server 127.0.0.1 is not trusted: self-signed certificate. "
        "If the server is yours, name the file that holds its certificate in SSL_CERT_FILE"
    )
    assert peer.messages == []
    assert b"MAIL" not in peer.received
    assert b"AUTH " not in peer.received


def test_a_certificate_for_another_name_is_refused(server_side, trusting):
    with Peer(tls=server_side, tls_at_once=True) as peer:
        [only] = handed_over(Smtp(parse(f"smtps://localhost:{peer.port}"), context=trusting), mails(1))
    assert type(only) is Transient
    assert "is not trusted: Hostname mismatch" in only.detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"454 4.7.0 No TLS today\r\n", "The mail server offers encryption, but does not begin it: No TLS today"),
        (b"220 Go\r\n250 injected\r\n", "The mail server answered out of turn"),
    ],
)
def test_nothing_is_sent_in_plain_once_encryption_was_offered(answer, words, server_side, trusting):
    with Peer({"STARTTLS": [answer]}, features=STARTTLS, tls=server_side) as peer:
        [only] = peer.hand_over(mails(1), context=trusting)
    assert type(only) is Transient
    assert only.detail.startswith(words)
    assert peer.commands == [peer.commands[0], "STARTTLS"]


def test_smtps_to_a_server_that_does_not_speak_tls():
    with Peer({"connect": [(b"220 peer.example ESMTP\r\n", Silence)]}) as peer:  # who reads no more may reset instead
        [only] = handed_over(Smtp(parse(f"smtps://127.0.0.1:{peer.port}"), timeouts=patient()), mails(1))
    assert type(only) is Transient
    assert only.detail == "No encrypted connection to the mail server 127.0.0.1: wrong version number"


# Credentials


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        ("AUTH LOGIN PLAIN", [f"AUTH PLAIN {PLAIN}"]),
        ("auth cram-md5 login", ["AUTH LOGIN", "dGVhbQ==", "czM6Y3JldA=="]),
    ],
)
def test_credentials_are_decoded_and_sent(offered, said):
    prompts = [b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"] if len(said) == 3 else []
    with Peer({"AUTH": prompts}, features=(offered,)) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(2), user=USER)] == [Accepted] * 2
    assert peer.commands[1 : 1 + len(said)] == said


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_S12_bad_credentials_are_refused_once_a_group(mechanism):
    with Peer({"AUTH": [b"535 5.7.8 Bad password\r\n"]}, features=(f"AUTH {mechanism}",)) as peer:
        outcomes = peer.hand_over(mails(3), user=USER)
    assert [(type(outcome), outcome.code) for outcome in outcomes] == [(Refused, "535 5.7.8")]
    assert outcomes[0].detail == "The mail server 127.0.0.1 refuses the credentials: Bad password"
    assert peer.connections == 1
    assert not any(line.startswith("MAIL") for line in peer.commands)


def test_S4_a_sign_in_that_fails_for_now_is_tried_again():
    with Peer({"AUTH": [b"454 4.7.0 Try later\r\n"]}) as peer:
        [only] = peer.hand_over(mails(1), user=USER)
    assert (type(only), only.code) == (Transient, "454 4.7.0")


def test_S12_credentials_without_a_sign_in_are_refused():
    with Peer(features=("AUTH GSSAPI",)) as peer:
        [only] = peer.hand_over(mails(1), user=USER)
    assert type(only) is Refused
    assert only.detail == "The mail server 127.0.0.1 offers no sign-in that eventmail knows (PLAIN or LOGIN)"


def test_S12_a_server_that_wants_credentials_and_gets_none():
    with Peer({"MAIL": [b"530 5.7.0 Sign in first\r\n"]}) as peer:
        outcomes = peer.hand_over(mails(3))
    assert [(type(outcome), outcome.code) for outcome in outcomes] == [(Refused, "530 5.7.0")]


def test_S12_credentials_never_leave_in_plain_except_to_this_box(elsewhere):
    with Peer() as peer:
        outcomes = peer.hand_over(mails(2), user=USER)
    assert [type(outcome) for outcome in outcomes] == [Refused]
    assert outcomes[0].detail == "The mail server 127.0.0.1 offers no encryption; credentials never leave in plain text"
    assert [line.partition(" ")[0] for line in peer.commands] == ["EHLO"]
    assert PLAIN.encode() not in peer.received


def test_credentials_leave_the_box_over_an_encrypted_connection(elsewhere, server_side, trusting):
    with Peer(features=STARTTLS, tls=server_side) as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(1), context=trusting, user=USER)] == [Accepted]
    assert f"AUTH PLAIN {PLAIN}" in peer.commands


# For `doctor`


def test_check_says_what_it_found_and_sends_nothing(server_side, trusting, elsewhere):
    with Peer(features=STARTTLS, tls=server_side) as peer:
        found = check(peer.url.replace("//", f"//{USER}@"), timeouts=patient(), context=trusting)
    assert found == [
        f"The mail server 127.0.0.1, port {peer.port}, answers",
        "The connection is encrypted (TLSv1.3), its certificate trusted",
        "It takes the credentials of team",
        "It takes mails of up to 10,000 KB",
    ]
    assert [line.partition(" ")[0] for line in peer.commands] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]


def test_check_looks_at_no_certificate_within_this_box(server_side):
    with Peer(features=STARTTLS, tls=server_side) as peer:
        assert check(peer.url, timeouts=patient())[1] == (
            "The connection is encrypted (TLSv1.3); whose certificate it is does not matter within this box"
        )


def test_check_of_a_plain_lock_step_server():
    with Peer(features=()) as peer:
        assert check(peer.url, timeouts=patient())[1:] == [
            "The connection is not encrypted: the mail server does not offer it",
            "No credentials are set, none were asked for",
            "It takes one command at a time, so mails leave more slowly",
        ]


def test_check_raises_what_keeps_mail_from_leaving():
    with Peer({"AUTH": [b"535 5.7.8 Bad\r\n"]}) as peer, pytest.raises(Refused, match="refuses the credentials: Bad"):
        check(peer.url.replace("//", f"//{USER}@"), timeouts=patient())
    with pytest.raises(Transient, match="cannot be reached"):
        check(f"smtp://127.0.0.1:{peer.port}", timeouts=patient())
    with pytest.raises(ValueError, match="must begin with"):
        check("http://127.0.0.1")


@pytest.mark.parametrize(
    ("step", "words"), [("connect", "to greet"), ("AUTH", "to sign us in")], ids=["greeting", "credentials"]
)
def test_S11a_check_gives_up_and_says_what_it_waited_for(step, words, monkeypatch):
    """The time is over when the peer falls silent, however busy this box is."""
    with Peer({step: [Silence]}) as peer:
        monkeypatch.setattr("eventmail.providers.smtp.service.threading.Timer", partial(OverAtSilence, peer))
        with pytest.raises(Slow) as slow:
            check(peer.url.replace("//", f"//{USER}@"), timeouts=patient(), seconds=0.2)
    assert slow.value.detail == f"waited 0.2 s for the mail server 127.0.0.1 {words}"


def test_S11a_check_gives_up_by_itself():
    with Peer({"connect": [Silence]}) as peer, pytest.raises(Slow):
        check(peer.url, timeouts=patient(), seconds=0.2)


class OverAtSilence(threading.Thread):
    """A timer whose time is over as soon as the peer says nothing any more."""

    def __init__(self, peer, _seconds, end):
        super().__init__(daemon=True)
        self.peer, self.end = peer, end

    def run(self):
        wait_for(lambda: self.peer.is_silent, 60.0, "the peer's silence")
        self.end()

    def cancel(self):
        pass
