"""A write that fails half-way: the exact byte from which on nobody can say whether the mail was taken."""

import socket

import pytest

from eventmail.providers.base import Accepted, Transient, Unclear
from eventmail.providers.smtp import session, wire
from eventmail.providers.smtp.envelope import stuffed
from tests.support.smtp_peer import Peer, mail

MESSAGE = mail(0, data=b"Subject: Cut\r\n\r\n" + b".A line\r\n" * 4000)
LENGTH = len(stuffed(MESSAGE.data))


class Cut(socket.socket):
    """Sends so many bytes of the message, then the connection is gone. In TLS the last piece leaves only in part."""

    allowed, left = 0, -1
    in_tls = False

    def send(self, data, *_):
        if not bytes(data).startswith(b"Subject: Cut") and Cut.left < 0:
            return super().send(data)
        if Cut.left < 0:
            Cut.left = Cut.allowed
        if not Cut.left or (Cut.in_tls and Cut.left < len(data)):
            if Cut.left:
                super().send(data[: Cut.left])
            Cut.left = -1
            raise ConnectionResetError
        sent = super().send(data[: Cut.left])
        Cut.left -= sent
        return sent


@pytest.fixture
def cut(monkeypatch):
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *given: Cut(fileno=connect(*given).detach()))
    Cut.left = -1
    return Cut


@pytest.mark.parametrize("in_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("allowed", [0, 1, 16 * 1024, LENGTH - 1, LENGTH, LENGTH + 1, LENGTH + 2])
def test_S5_a_mail_is_in_doubt_from_the_first_byte_of_its_final_dot(cut, monkeypatch, in_tls, allowed):
    cut.allowed, cut.in_tls = allowed, in_tls
    monkeypatch.setattr(session, "LAST_WORDS_SECONDS", 0.05)
    monkeypatch.setattr(wire.Wire, "encrypted", property(lambda _self: in_tls))
    with Peer() as peer:
        [first, second] = peer.hand_over([MESSAGE, mail(1)])
    in_doubt = allowed > LENGTH or (in_tls and allowed == LENGTH)  # in TLS a piece that failed may have left
    assert type(first) is (Unclear if in_doubt else Transient)
    assert type(second) is Accepted
    assert [taken.to for taken in peer.messages] == [mail(1).to]
