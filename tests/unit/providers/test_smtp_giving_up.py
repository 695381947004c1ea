"""An opening that nobody needs any more is given up, and one that somebody needs is not (S6)."""

import contextlib

from tests.support.smtp_peer import Peer, Silence
from tests.support.waiting import wait_for


def test_S6_the_last_one_to_need_no_connection_gives_up_what_is_being_opened() -> None:
    with Peer({"connect": [Silence] * 3}) as peer, contextlib.closing(peer.provider()) as provider:
        assert not provider.stands("one", 0.0)
        assert not provider.stands("other", 0.0)
        wait_for(lambda: peer.connections == 1, what="the connection")

        provider.spare("one")
        assert not peer.ended.acquire(blocking=False)
        assert provider.waits(), "the other one still needs it"
        provider.spare("other")
        assert provider.waits() is None
        assert peer.ended.acquire(timeout=30), "hung up, and no timeout of ours ended it"
