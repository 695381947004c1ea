"""A mail server that takes nothing for a while: the tracker says so, and the run ends by itself, once each."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.live import Live, request
from tests.support.messages import add_guests, finished, mailing, send
from tests.support.postbox import serving
from tests.support.waiting import wait_for

GUESTS = 300
WORDS = "Too busy, try again later"


@dataclass
class Stormy:
    """Answers 451 to every sender while `storm` is set; `refused` counts these."""

    storm: threading.Event = field(default_factory=threading.Event)
    refused: int = 0
    taken: list[str] = field(default_factory=list)

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.storm.is_set():
            self.refused += 1
            return f"451 4.3.2 {WORDS}"
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken += envelope.rcpt_tos
        return "250 2.0.0 Taken"


@pytest.fixture
def peer() -> Iterator[tuple[Stormy, int]]:
    handler = Stormy()
    handler.storm.set()
    with serving(handler) as port:
        yield handler, port


def test_S4_T1_a_storm_of_451_delays_everybody_and_loses_or_doubles_nobody(
    make_live: Callable[..., Live], peer: tuple[Stormy, int]
) -> None:
    box, port = peer
    live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{port}")
    live.start()
    add_guests(live, GUESTS)
    mailing_id = send(live)

    wait_for(lambda: tries(live) >= GUESTS, what="everybody to be refused once")
    during = mailing(live, mailing_id)
    page = live.api("GET", f"/admin/events/{live.event_id}/messages/{mailing_id}", headers={"Accept": "text/html"})
    box.storm.clear()

    assert (during["state"], during["job"]["state"]) == ("sending", "running")
    assert during["last_error"] == f"{WORDS} (451 4.3.2)"
    counts = {state: number for state, number in during["counts"].items() if number}
    assert set(counts) <= {"queued", "sending"}  # nobody failed, nobody in doubt, nobody said to be sent
    assert sum(counts.values()) == GUESTS
    assert (page.status, WORDS in page.text) == (200, True)

    wait_for(finished(live, mailing_id), what="the run to end by itself")
    assert Counter(box.taken) == Counter(row["email"] for row in live.query("SELECT email FROM recipient"))
    assert len(box.taken) == GUESTS
    assert live.query("SELECT state, count(*) AS n FROM recipient GROUP BY state") == [{"state": "sent", "n": GUESTS}]
    outcomes = live.query("SELECT outcome, count(*) AS n FROM attempt GROUP BY outcome ORDER BY outcome")
    assert outcomes == [{"outcome": "accepted", "n": GUESTS}, {"outcome": "transient", "n": box.refused}]
    assert request("GET", live.url + "/healthz").json["due_backlog"] == 0


def tries(live: Live) -> int:
    [row] = live.query("SELECT count(DISTINCT recipient_id) AS n FROM attempt")
    return int(row["n"])
