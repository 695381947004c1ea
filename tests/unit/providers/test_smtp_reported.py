"""What users of other programs met, as a peer does it: limits, dead addresses, odd refusals, old connections."""

import errno
import socket
from types import SimpleNamespace

import pytest

from eventmail.providers.base import Accepted, Permanent, Refused, Transient
from eventmail.providers.smtp import opening, pool, service
from eventmail.providers.smtp.service import Smtp, parse
from tests.support.smtp_peer import (
    FEATURES,
    LOCK_STEP,
    Close,
    Peer,
    Reset,
    handed_over,
    mail,
    mails,
    patient,
)
from tests.support.time import Stopwatch

BOTH = pytest.mark.parametrize("features", [FEATURES, LOCK_STEP], ids=["pipelined", "lock-step"])
OK = b"250 Ok\r\n"
CROWDED = [
    b"432 4.3.2 Concurrent connections limit exceeded. Visit https://a.example/concurrent\r\n",
    b"421 4.7.0 Too many connections from your host\r\n",
    b"451 4.7.1 Maximum number of simultaneous connections reached\r\n",
]


def kinds(outcomes):
    return [type(outcome) for outcome in outcomes]


# One connection too many, which shows only once it is at work


@BOTH
@pytest.mark.parametrize("reply", CROWDED)
@pytest.mark.parametrize("step", ["MAIL", "."])
def test_a_connection_too_many_makes_way_and_its_mail_is_no_failed_try(monkeypatch, features, reply, step):
    """Exchange Online counts the connections that hand over; so others' mails would wait for nothing."""
    for module in (service, pool):
        monkeypatch.setattr(module, "LANES", 2)
    with Peer({step: [OK] * 6 + [reply]}, features) as peer:
        provider = peer.provider()
        at_once = [handed_over(provider, mails(1)) for _ in range(2)]
        assert kinds(next(each) for each in at_once) == [Accepted] * 2, "two connections stand"
        assert kinds(outcome for each in at_once for outcome in each) == []
        told = list(provider.hand_over(mails(20), lambda _mail: True))
        more = list(handed_over(provider, mails(20)))
        provider.close()
    assert kinds(outcome for _, outcome in told) == [Accepted] * 20
    assert sorted(one.to for one, _ in told) == sorted(one.to for one in mails(20))
    assert kinds(more) == [Accepted] * 20
    answered = [taken.to for taken in peer.messages if b"250" in taken.answered]
    assert sorted(answered) == sorted([*([one.to for one in mails(20)] * 2), *([mail(0).to] * 2)])
    assert peer.connections == 2, "no other is tried for a while"


@BOTH
def test_with_one_connection_the_same_words_are_a_failed_try(features):
    with Peer({"MAIL": [CROWDED[0]]}, features) as peer:
        assert kinds(peer.hand_over(mails(2))) == [Transient, Accepted]


# What we may send is used up: nobody else would be taken either


@BOTH
@pytest.mark.parametrize(
    "reply",
    [
        b"550-5.4.5 Daily user sending limit exceeded. For more information\r\n550 5.4.5 see the help - gsmtp\r\n",
        b"550 Domain example.org has exceeded the max emails per hour (150/150 (100%)) allowed. Message discarded.\r\n",
        b"554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message\r\n",
        b"554 Throttling failure: Daily message quota exceeded.\r\n",
        b"550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients\r\n",
    ],
)
@pytest.mark.parametrize("step", ["RCPT", "."])
def test_S12_a_limit_of_ours_that_is_reached_in_mid_run_leaves_the_rest_untried(features, reply, step):
    with Peer({step: [OK, OK] + [reply] * 8}, features) as peer:
        [*taken, refused] = peer.hand_over(mails(8))
    assert kinds(taken) == [Accepted] * 2
    assert (type(refused), refused.of_one) == (Refused, False)


@pytest.mark.parametrize(
    "reply",
    [
        b"550 5.2.2 The mailbox has exceeded its daily limit\r\n",
        b"550 5.7.1 The recipient has reached the daily limit of mails that it may get\r\n",
        b"550 5.2.1 The user you are trying to contact is receiving mail beyond the hourly limit\r\n",
        b"552 5.3.4 Message size exceeds the limit\r\n",
        b"550 5.7.1 Message rejected, per our policy\r\n",
    ],
)
def test_a_limit_of_somebody_else_is_about_one_recipient(reply):
    with Peer({"RCPT": [reply]}, LOCK_STEP) as peer:
        [first, second] = peer.hand_over(mails(2))
    assert (type(first), first.hard, type(second)) == (Permanent, False, Accepted)


# Signing in


@pytest.mark.parametrize(
    "reply",
    [b"535 5.7.8 Error: authentication failed: Invalid authentication mechanism\r\n", b"535 Unknown mechanism\r\n"],
)
def test_plain_that_is_refused_as_a_mechanism_makes_way_for_login_whatever_the_code(reply):
    with Peer({"AUTH": [reply, b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 Welcome\r\n"]}) as peer:
        assert kinds(peer.hand_over(mails(1), user="team:secret")) == [Accepted]


@pytest.mark.parametrize("offered", ["AUTH NTLM", "AUTH XOAUTH2", "AUTH GSSAPI NTLM", "AUTH CRAM-MD5"])
def test_S12_a_server_without_a_way_to_sign_in_that_we_know_is_told(offered):
    with Peer(features=("PIPELINING", offered)) as peer:
        [only] = peer.hand_over(mails(1), user="team:secret")
    assert (type(only), only.detail) == (
        Refused,
        "The mail server 127.0.0.1 offers no sign-in that eventmail knows (PLAIN or LOGIN)",
    )


# Addresses of the server


def resolved(monkeypatch, *addresses):
    """`mail.example.org` has these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    real = socket.getaddrinfo

    def look_up(host, *rest, **named):
        return found if host == "mail.example.org" else real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.fixture
def reached(monkeypatch):
    """reached(port, *silent): the next connections go to `port`, and to these addresses nobody answers."""
    real = socket.create_connection

    def set_up(port, *silent):
        tried = []

        def connect(address, timeout=None):
            tried.append((address[0], timeout))
            if address[0] in silent:
                raise TimeoutError
            return real(("127.0.0.1", port), timeout)

        monkeypatch.setattr(socket, "create_connection", connect)
        return tried

    return set_up


def test_an_address_that_leads_nowhere_does_not_use_up_the_time(monkeypatch, reached):
    """IPv6 is announced and blocked on many networks."""
    with Peer() as peer:
        resolved(monkeypatch, ("2001:db8::1", peer.port, 0, 0), ("192.0.2.1", peer.port))
        monkeypatch.setattr(opening, "time", Stopwatch())
        tried = reached(peer.port, "2001:db8::1")
        provider = Smtp(parse("smtp://mail.example.org"), timeouts=patient(connect=20.0))
        assert kinds(handed_over(provider, mails(1))) == [Accepted]
        provider.close()
    assert tried == [("2001:db8::1", 4.0), ("192.0.2.1", 20.0)]


def test_an_address_that_was_only_slow_is_tried_again_while_there_is_time(monkeypatch):
    resolved(monkeypatch, ("192.0.2.1", 25), ("192.0.2.2", 25))
    now, tried = [0.0], []

    def connect(address, timeout=None):
        tried.append((address[0], timeout))
        if address[0] == "192.0.2.2":
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        now[0] += timeout
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(opening, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with pytest.raises(TimeoutError):
        opening._connected(parse("smtp://mail.example.org:25"), 20.0)
    assert tried == [("192.0.2.1", 4.0), ("192.0.2.2", 16.0), ("192.0.2.1", 16.0)]


def test_a_server_with_two_names_for_one_address_is_tried_once_at_each(monkeypatch, reached):
    with Peer() as peer:
        resolved(monkeypatch, ("192.0.2.1", peer.port), ("192.0.2.1", peer.port))
        tried = reached(peer.port)
        opening._connected(parse("smtp://mail.example.org"), 5.0).close()
        assert peer.ended.acquire(timeout=60)
    assert [address for address, _ in tried] == ["192.0.2.1"]


# Connections that grew old


@BOTH
@pytest.mark.parametrize(
    "said",
    [
        b"451 4.4.2 Timeout waiting for data from client.\r\n",
        b"451 4.4.1 Connection timed out. Total session duration: 00:20:55\r\n",
        b"221 2.0.0 Bye\r\n",
        b"",
    ],
)
def test_a_kept_connection_that_the_server_ends_in_its_own_way_costs_nothing(features, said):
    """SES says 451 and not 421; the last word is read before anything is begun."""
    with Peer({".": [(OK, *([said] if said else []), Close)]}, features) as peer:
        provider = peer.provider()
        assert kinds(handed_over(provider, mails(1))) == [Accepted]
        assert peer.ended.acquire(timeout=60)
        assert kinds(handed_over(provider, [mail(1)])) == [Accepted]
        provider.close()
    assert [taken.to for taken in peer.messages] == [mail(0).to, mail(1).to]


@BOTH
@pytest.mark.parametrize("end", [Close, Reset])
def test_a_server_that_goes_after_five_mails_without_a_word_gets_each_once(features, end):
    with Peer({"MAIL": ([OK] * 5 + [end]) * 3}, features) as peer:
        told = peer.told(mails(7))
    assert kinds(outcome for _, outcome in told) == [Accepted] * 7
    assert sorted(taken.to for taken in peer.messages) == sorted(one.to for one in mails(7))


def test_a_greylist_holds_up_whom_it_names_alone():
    grey = b"450 4.2.0 <{to}>: Recipient address rejected: Greylisted for 300 seconds\r\n"
    with Peer({"RCPT": [OK, grey, OK, grey]}) as peer:
        outcomes = peer.hand_over(mails(5))
    assert kinds(outcomes) == [Accepted, Transient, Accepted, Transient, Accepted]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (mail(1, to="müller@example.com"), "553 5.6.7"),
        (mail(1, data="Subject: Ü\r\n\r\nÜ\r\n".encode()), "554 5.6.3"),
    ],
)
def test_what_an_old_server_cannot_take_fails_alone_and_lists_nobody(sent, code):
    with Peer(features=("PIPELINING",)) as peer:
        [first, second, third] = peer.hand_over([mail(0), sent, mail(2)])
    assert kinds([first, third]) == [Accepted, Accepted]
    assert (type(second), second.code, second.hard) == (Permanent, code, False)
