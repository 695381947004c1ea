"""Connections: kept, shared, replaced when nothing is in doubt; and nothing leaves before it is asked for."""

import threading

import pytest

from eventmail.providers.base import Accepted, Permanent, Transient
from eventmail.providers.smtp import session
from tests.support.smtp_peer import FEATURES, LOCK_STEP, Close, Peer, Reset, handed_over, mail, mails

BOTH = pytest.mark.parametrize("features", [FEATURES, LOCK_STEP], ids=["pipelined", "lock-step"])
OK = b"250 Ok\r\n"


@BOTH
def test_groups_share_one_connection(features):
    with Peer(features=features) as peer:
        provider = peer.provider()
        for _ in range(3):
            assert [type(outcome) for outcome in handed_over(provider, mails(3))] == [Accepted] * 3
        provider.close()
    assert peer.connections == 1
    assert [line for line in peer.commands if line in ("RSET", "NOOP", "QUIT")] == ["QUIT"]


def test_threads_do_not_share_a_connection_at_work():
    with Peer() as peer:
        provider = peer.provider()
        first, second = handed_over(provider, mails(2)), handed_over(provider, mails(2))
        assert [type(outcome) for outcome in (next(first), next(second), *first, *second)] == [Accepted] * 4
        assert peer.connections == 2
        groups = [threading.Thread(target=lambda: list(handed_over(provider, mails(20)))) for _ in range(4)]
        for group in groups:
            group.start()
        for group in groups:
            group.join()
        provider.close()
    assert len(peer.messages) == 84
    assert sorted({taken.to for taken in peer.messages}) == sorted({each.to for each in mails(20)})


@BOTH
@pytest.mark.parametrize("how", [Close, Reset, (b"421 4.4.2 Idle too long\r\n", Close)])
def test_a_connection_that_ended_while_idle_costs_nothing(features, how):
    after = how if isinstance(how, tuple) else (how,)
    with Peer({".": [(b"250 Ok\r\n", *after)]}, features) as peer:
        provider = peer.provider()
        assert list(handed_over(provider, mails(1))) == [Accepted("Ok")]
        assert peer.ended.acquire(timeout=60)
        assert list(handed_over(provider, mails(1))) == [Accepted("Ok: queued as 2")]
        provider.close()
    assert peer.connections == 2


def test_a_connection_idle_for_long_is_ended_and_another_opened(monkeypatch):
    with Peer() as peer:
        provider = peer.provider(idle_seconds=-1.0)
        for _ in range(2):
            assert [type(outcome) for outcome in handed_over(provider, mails(1))] == [Accepted]
        provider.close()
    assert peer.connections == 2
    assert peer.commands.count("QUIT") == 2


@BOTH
@pytest.mark.parametrize("reply", [b"421 4.7.0 Enough for now\r\n", b"452 4.5.3 Too many mails\r\n"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_server_that_takes_so_many_mails_a_connection_gets_the_rest_on_another(features, step, reply):
    with Peer({step: [OK, OK, reply]}, features) as peer:
        outcomes = peer.hand_over(mails(5))
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 5
    assert [taken.to for taken in peer.messages] == [each.to for each in mails(5)]
    assert peer.connections == 2


@BOTH
@pytest.mark.parametrize("reply", [b"421 4.7.0 Not now\r\n", b"452 4.5.3 Too many\r\n"])
def test_S4_a_new_connection_that_takes_nothing_is_not_followed_by_yet_another(features, reply):
    with Peer({"MAIL": [OK, reply, reply]}, features) as peer:
        [first, second, third] = peer.hand_over(mails(3))
    assert [type(outcome) for outcome in (first, second, third)] == [Accepted, Transient, Accepted]
    assert second.code == " ".join(reply.decode().split()[:2])
    assert peer.connections == 3


# Laziness


@BOTH
def test_nothing_leaves_before_it_is_asked_for(features):
    with Peer(features=features) as peer:
        provider = peer.provider()
        outcomes = handed_over(provider, mails(3))
        assert peer.connections == 0
        next(outcomes)
        outcomes.close()
        provider.close()
        assert peer.ended.acquire(timeout=60)
        assert (len(peer.messages), peer.begun) == (1, 1)
        assert b"Mail 1" not in peer.received


def test_an_envelope_that_went_ahead_for_nobody_ends_the_connection_without_a_dot():
    with Peer() as peer:
        provider = peer.provider()
        outcomes = handed_over(provider, mails(2))
        next(outcomes)
        outcomes.close()
        assert peer.ended.acquire(timeout=60)
        assert peer.received.endswith(b"RCPT TO:<guest1@example.com>\r\nDATA\r\n")
        assert [type(outcome) for outcome in handed_over(provider, mails(1))] == [Accepted]
        provider.close()
    assert [(taken.to, taken.data) for taken in peer.messages] == [(mail(0).to, mail(0).data)] * 2


def test_who_takes_a_while_to_ask_gets_no_envelope_ahead(monkeypatch):
    monkeypatch.setattr(session, "PAUSE_SECONDS", -1.0)
    with Peer() as peer:
        assert [type(outcome) for outcome in peer.hand_over(mails(3))] == [Accepted] * 3
    assert [packet for packet in peer.packets if b".\r\nMAIL" in packet] == []
    assert [packet[-6:] for packet in peer.packets if packet.startswith(b"MAIL")] == [b"DATA\r\n"] * 3


def test_an_interrupted_mail_is_not_finished_by_the_next_one(monkeypatch):
    def interrupted(_data):
        raise KeyboardInterrupt

    with Peer() as peer:
        provider = peer.provider()
        with monkeypatch.context() as patch:
            patch.setattr(session, "stuffed", interrupted)
            with pytest.raises(KeyboardInterrupt):
                next(handed_over(provider, mails(1)))
        assert [type(outcome) for outcome in handed_over(provider, [mail(1)])] == [Accepted]
        provider.close()
    assert peer.connections == 2
    assert [taken.to for taken in peer.messages] == [mail(1).to]


# What the server can't take is not offered to it


@BOTH
def test_a_mail_larger_than_announced_is_not_offered(features):
    small = ("SIZE 1000", *(feature for feature in features if not feature.startswith("SIZE")))
    sent = [mail(0), mail(1, data=b"x" * 1001), mail(2)]
    with Peer(features=small) as peer:
        [first, second, third] = peer.hand_over(sent)
    assert (type(second), second.code, second.hard) == (Permanent, "552 5.3.4", False)
    assert second.detail == "The mail has 1001 bytes, the mail server takes 1000"
    assert [type(outcome) for outcome in (first, third)] == [Accepted] * 2
    assert not any("guest1" in line for line in peer.commands)
    assert peer.connections == 1


@BOTH
def test_no_address_becomes_a_command(features):
    evil = "x@example.com>\r\nRCPT TO:<victim@example.com"
    with Peer(features=features) as peer:
        outcomes = peer.hand_over([mail(0), mail(1, to=evil), mail(2)])
    assert [type(outcome) for outcome in outcomes] == [Accepted, Permanent, Accepted]
    assert b"victim" not in peer.received
    assert peer.connections == 1
