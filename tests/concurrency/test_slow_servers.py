"""The whole product against mail servers that take their time (S11a): everybody once, and it can be stopped."""

import signal
import time
from collections import Counter
from collections.abc import Callable

from tests.support.live import Live
from tests.support.messages import add_guests, finished, mailing, send
from tests.support.smtp_peer import FRIENDLY, Peer, Silence, Wait
from tests.support.waiting import wait_for

SLOW_GREETING = (Wait(3.0), FRIENDLY["connect"])
SLOW_DOT = (Wait(2.5), b"250 2.0.0 Ok\r\n")


def served_by(make_live: Callable[..., Live], peer: Peer) -> Live:
    live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=peer.url)
    live.start()
    return live


def counts(live: Live, mailing_id: int) -> dict[str, int]:
    return {state: number for state, number in mailing(live, mailing_id)["counts"].items() if number}


def test_S11a_a_server_that_takes_longer_than_a_turn_to_greet_gets_everybody_s_mail_once(
    make_live: Callable[..., Live],
) -> None:
    with Peer({"connect": [SLOW_GREETING] * 8}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 100)
        mailing_id = send(live)
        wait_for(lambda: peer.connections, 30.0, "the first connection")
        assert live.query("SELECT DISTINCT state, claim_owner FROM recipient") == [
            {"state": "queued", "claim_owner": None}
        ]
        wait_for(finished(live, mailing_id), 60.0, "the end of the run")
        live.stop()
    assert counts_of(peer) == {1: 100}
    assert peer.connections <= 4


def test_S6_cancelled_while_the_server_takes_its_time_to_greet(make_live: Callable[..., Live]) -> None:
    with Peer({"connect": [Silence] * 8}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 10)
        mailing_id = send(live)
        wait_for(lambda: peer.connections, 30.0, "the first connection")
        wait_for(lambda: mailing(live, mailing_id)["waits_for"], 60.0, "the tracker to say what it waits for")
        assert mailing(live, mailing_id)["waits_for"]["what"] == "the mail server 127.0.0.1 to greet"

        url = f"/admin/events/{live.event_id}/mailings/{mailing_id}/cancellation"
        assert live.api("POST", url).status == 200
        assert counts(live, mailing_id) == {"cancelled": 10}
        for _ in range(peer.connections):
            assert peer.ended.acquire(timeout=30), "the connection is given up"
        live.stop()
        assert live.query("SELECT count(*) AS n FROM attempt") == [{"n": 0}]
    assert (peer.messages, [line for line in peer.commands if line.startswith("MAIL")]) == ([], [])


def test_S11a_slow_final_dots_cost_no_connection_a_mail_and_no_doubt(make_live: Callable[..., Live]) -> None:
    with Peer({".": [SLOW_DOT] * 12}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 12)
        mailing_id = send(live)
        wait_for(finished(live, mailing_id), 120.0, "the end of the run")
        assert counts(live, mailing_id) == {"sent": 12}
        live.stop()
    assert counts_of(peer) == {1: 12}
    assert peer.connections <= 4


def test_S11a_a_stop_is_prompt_while_the_server_takes_its_time_to_greet(make_live: Callable[..., Live]) -> None:
    with Peer({"connect": [Silence] * 8}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 3)
        mailing_id = send(live)
        wait_for(lambda: peer.connections, 30.0, "the first connection")
        began = time.monotonic()
        assert live.stop_worker() in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 20.0, "a turn, and no greeting"
        assert counts(live, mailing_id) == {"queued": 3}


def counts_of(peer: Peer) -> dict[int, int]:
    """How many addresses got how many mails."""
    return dict(Counter(Counter(taken.to for taken in peer.messages).values()))
