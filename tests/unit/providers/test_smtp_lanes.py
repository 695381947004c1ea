"""Several connections at once: more mails on the way, each of them once, and no more than the server likes."""

import pytest

from eventmail.providers.base import Accepted
from eventmail.providers.smtp.service import LANES
from tests.support.smtp_peer import FEATURES, LOCK_STEP, Peer, handed_over, mails

BOTH = pytest.mark.parametrize("features", [FEATURES, LOCK_STEP], ids=["pipelined", "lock-step"])
GREETING = b"220 peer.example ESMTP\r\n"
TOO_MANY = b"421 4.7.0 Too many connections\r\n"


@BOTH
def test_a_group_of_many_goes_over_a_few_connections_each_mail_once(features):
    with Peer(features=features) as peer:
        told = peer.told(mails(20))
    assert sorted(mail.to for mail, _ in told) == sorted(mail.to for mail in mails(20))
    assert {type(outcome) for _, outcome in told} == {Accepted}
    assert sorted(taken.to for taken in peer.messages) == sorted(mail.to for mail in mails(20))
    assert peer.connections == LANES


@BOTH
def test_a_server_that_takes_one_connection_at_a_time_gets_everything_over_it_and_is_not_asked_again(features):
    with Peer({"connect": [GREETING, TOO_MANY, TOO_MANY]}, features) as peer:
        provider = peer.provider()
        for _ in range(2):
            assert [type(outcome) for outcome in handed_over(provider, mails(20))] == [Accepted] * 20
        provider.close()
    assert len(peer.messages) == 40
    assert peer.connections == 2  # the one, and the one that was one too many


@BOTH
def test_S11_nothing_more_leaves_on_any_connection_once_it_may_not_begin(features):
    begun = []

    def may_begin(mail):
        begun.append(mail)
        return len(begun) <= 13

    with Peer(features=features) as peer:
        provider = peer.provider()
        told = list(provider.hand_over(mails(20), may_begin))
        provider.close()
    assert sorted(mail.to for mail, _ in told) == sorted(mail.to for mail in begun[:13])
    assert sorted(taken.to for taken in peer.messages) == sorted(mail.to for mail in begun[:13])
