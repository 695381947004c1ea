"""The whole product against mail servers that take their time (S11a): everybody once, and it can be stopped."""

import signal
import ssl
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.domain.people import invitations
from eventmail.models import AccountMail
from eventmail.models.account import Role
from tests.support.account_mail import ADA, PLACE, SENDER, SITE
from tests.support.far_line import far_line
from tests.support.live import Live
from tests.support.messages import add_guests, finished, mailing, send
from tests.support.seeding import acting
from tests.support.smtp_peer import FEATURES, FRIENDLY, Answer, Hold, Peer, Silence, Wait, make_certificate
from tests.support.waiting import slowdown, wait_for

SLOW_DOT = (Wait(2.5), b"250 2.0.0 Ok\r\n")


def greeting_after(seconds: float) -> tuple[Wait, bytes]:
    return Wait(seconds), FRIENDLY["connect"]


def served_by(make_live: Callable[..., Live], peer: Peer, **environment: str) -> Live:
    live = connected(make_live, peer, **environment)
    live.start()
    return live


def connected(make_live: Callable[..., Live], peer: Peer, **environment: str) -> Live:
    return make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=peer.url, **environment)


def counts(live: Live, mailing_id: int) -> dict[str, int]:
    return {state: number for state, number in mailing(live, mailing_id)["counts"].items() if number}


@pytest.mark.parametrize("seconds", [3.0, pytest.param(20.0, marks=pytest.mark.soak)])
def test_S11a_a_server_that_takes_longer_than_a_turn_to_greet_gets_everybody_s_mail_once(
    make_live: Callable[..., Live], seconds: float
) -> None:
    looked = Hold()
    with Peer({"connect": [(looked, *greeting_after(seconds))] * 8}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 100)
        mailing_id = send(live)
        wait_for(lambda: peer.connections, 30.0, "the first connection")
        assert live.query("SELECT DISTINCT state, claim_owner FROM recipient") == [
            {"state": "queued", "claim_owner": None}
        ]
        looked.over.set()
        wait_for(finished(live, mailing_id), 60.0 + 2 * seconds, "the end of the run")
        live.stop()
    assert counts_of(peer) == {1: 100}
    assert peer.connections <= 4


@pytest.mark.parametrize("guests", [4, pytest.param(100, marks=pytest.mark.soak)])
def test_S11a_a_far_server_that_is_signed_in_to_over_STARTTLS_gets_everybody_s_mail_once(
    make_live: Callable[..., Live], tmp_path: Path, guests: int
) -> None:
    """300 ms each way: to open a connection takes longer than a turn."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(make_certificate(tmp_path))
    with Peer(features=(*FEATURES, "STARTTLS"), tls=tls) as peer, far_line(peer.port, 0.3) as port:
        live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://team:secret@127.0.0.1:{port}")
        live.start()
        add_guests(live, guests)
        wait_for(finished(live, send(live)), 120.0, "the end of the run")
        live.stop()
    assert counts_of(peer) == {1: guests}
    assert 1 <= len([line for line in peer.commands if line.startswith("AUTH")]) <= 4, "connections are kept"


@pytest.mark.parametrize("greeting", [Silence, pytest.param(greeting_after(30.0), marks=pytest.mark.soak)])
def test_S6_cancelled_while_the_server_takes_its_time_to_greet(
    make_live: Callable[..., Live], greeting: Answer
) -> None:
    with Peer({"connect": [greeting] * 8}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 10)
        mailing_id = send(live)
        wait_for(lambda: peer.connections, 30.0, "the first connection")
        if greeting is not Silence:
            wait_for(lambda: mailing(live, mailing_id)["waits_for"], 60.0, "the tracker to say what it waits for")
            assert mailing(live, mailing_id)["waits_for"]["what"] == "the mail server 127.0.0.1 to greet"

        url = f"/admin/events/{live.event_id}/mailings/{mailing_id}/cancellation"
        assert live.api("POST", url).status == 200
        assert counts(live, mailing_id) == {"cancelled": 10}
        for _ in range(peer.connections):
            assert peer.ended.acquire(timeout=60), "the connection is given up"
        live.stop()
        assert live.query("SELECT count(*) AS n FROM attempt") == [{"n": 0}]
    assert (peer.messages, [line for line in peer.commands if line.startswith("MAIL")]) == ([], [])


def test_S11a_slow_final_dots_cost_no_connection_a_mail_and_no_doubt(make_live: Callable[..., Live]) -> None:
    with Peer({".": [SLOW_DOT] * 5}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 5)
        mailing_id = send(live)
        wait_for(finished(live, mailing_id), 120.0, "the end of the run")
        assert counts(live, mailing_id) == {"sent": 5}
        live.stop()
    assert counts_of(peer) == {1: 5}
    assert peer.connections <= 4


def test_S11a_a_stop_is_prompt_while_the_server_takes_its_time_to_greet(make_live: Callable[..., Live]) -> None:
    with Peer({"connect": [Silence] * 8}) as peer:
        live = served_by(make_live, peer)
        add_guests(live, 3)
        mailing_id = send(live)
        wait_for(lambda: peer.connections, 30.0, "the first connection")
        began = time.monotonic()
        assert live.stop_worker() in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 20.0 * slowdown(), "a turn, and no greeting"
        assert counts(live, mailing_id) == {"queued": 3}


def test_S11a_with_a_mail_of_each_kind_in_a_final_dot_a_due_message_begins_and_what_a_dead_worker_left_is_settled(
    make_live: Callable[..., Live],
) -> None:
    hold = Hold()
    with Peer({".": [(hold, b"250 2.0.0 Ok\r\n")] * 2}) as peer:
        live = connected(make_live, peer, EVENTMAIL_BASE_URL=SITE, EVENTMAIL_FROM=SENDER)
        add_guests(live, 1)
        invite(live, ADA)
        live.start()
        send(live, "first")
        wait_for(lambda: len(peer.messages) == 2, 60.0, "both kinds of mail to be with the server")

        invite(live, "gone@guests.example.net", state="sending", claim_owner="dead", claim_until=acting().now)
        due = send(live, "second")
        wait_for(lambda: has_begun(live, due), 60.0, "the due message to begin")
        wait_for(lambda: "unknown" in account_mails(live), 60.0, "what a dead worker left to be settled")
        assert account_mails(live) == ["sending", "unknown"]
        assert counts(live, due) == {"queued": 1}

        hold.over.set()
        wait_for(finished(live, due), 60.0, "its end")
        live.stop()
    assert counts_of(peer) == {1: 1, 2: 1}, "an invitation, and two messages to one guest"


def invite(live: Live, email: str, **values: Any) -> None:
    """Ask for an invitation by mail; `values` are then those of its row."""
    with live.app.app_context():
        invitations.mail(email, Role.ORGANIZER, PLACE, acting(live.owner))
        if values:
            with transaction() as tx:
                tx.execute(update(AccountMail).where(AccountMail.email == email).values(**values))


def has_begun(live: Live, mailing_id: int) -> bool:
    [job] = live.query("SELECT started_at FROM job WHERE mailing_id = ?", mailing_id)
    return job["started_at"] is not None


def account_mails(live: Live) -> list[str]:
    return [row["state"] for row in live.query("SELECT state FROM account_mails ORDER BY id")]


def counts_of(peer: Peer) -> dict[int, int]:
    """How many addresses got how many mails."""
    return dict(Counter(Counter(taken.to for taken in peer.messages).values()))
