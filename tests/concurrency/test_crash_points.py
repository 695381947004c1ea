"""The real worker and the real web process, killed at each named point of a mail's journey; then a new one goes on."""

import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.sending.dead_worker_journal import WORDS
from tests.support import seeding
from tests.support.armed import armed
from tests.support.killer import POINTS
from tests.support.live import Live, outbox, request
from tests.support.waiting import wait_for

SETTLED_WITHIN_S = 60.0  # S11, with a worker up
GUESTS = 65  # three groups and a rest
GROUP = 20
DIES_WITHIN_S = 60.0  # far more than it needs, also on a busy box
WEB = "before the ring"
DOUBTS = {"during hand-over": 1}  # only what was begun and not answered (S11b)
AT_DEATH = {  # mails that had left, people in `sending`, people that were claimed and no more
    "before the claim": (0, 0, 0),
    "after the claim": (0, 0, GUESTS),
    "after the first mark": (0, GROUP, GUESTS - GROUP),
    "during hand-over": (GROUP + 7, GROUP, GUESTS - 2 * GROUP),
    "after the reply": (2 * GROUP, GROUP, GUESTS - 2 * GROUP),
    "within the record": (2 * GROUP, GROUP, GUESTS - 2 * GROUP),
    "within the next mark": (2 * GROUP, GROUP, GUESTS - 2 * GROUP),
    "after record and next mark": (2 * GROUP, GROUP, GUESTS - 3 * GROUP),
    "before the finish": (GUESTS, 0, 0),
    WEB: (0, 0, 0),
}


@dataclass
class Struck:
    """One instance whose worker or web process was killed at `point`, and what was there at that moment."""

    point: str
    live: Live
    exit_code: int
    delivered: Counter[str]
    claimed: int
    sending: int
    sent: int

    @property
    def doubts(self) -> int:
        return DOUBTS.get(self.point, 0)

    @property
    def not_begun(self) -> int:
        """How many mails were marked and had not begun: what was begun has left, but for what is in doubt."""
        return self.sending - (self.delivered.total() - self.sent) - self.doubts if self.sending else 0

    def states(self) -> dict[str, str]:
        return {row["address"]: row["state"] for row in self.live.query("SELECT address, state FROM recipient")}

    def mails(self) -> Counter[str]:
        return Counter(str(mail["To"]) for mail in self.live.outbox())


def send(live: Live) -> None:
    """As the web process does, without a ring: the worker's first sweep finds the job."""
    with live.app.app_context():
        message = Message(Text("Hello", "", "Hi {guest.firstName}"), {"statuses": ["confirmed"]})
        terms = SendingTerms(live.url, b"0" * 32, outside=False)
        mailing_send.send(live.event_id, message, key="once", terms=terms, by=seeding.acting(live.organizer))


def send_over_http(live: Live) -> None:
    """POST until the process that answers has died: nobody hears the answer."""
    body = {"kind": "one_time", "subject": "Hello", "body": "Hi", "audience": {"statuses": ["confirmed"]}}
    wait_for(lambda: healthy(live), DIES_WITHIN_S, "/healthz to answer")
    with pytest.raises(OSError):  # noqa: PT011  reset or closed, as the kernel likes
        live.api("POST", f"/admin/events/{live.event_id}/mailings", body, {"Idempotency-Key": "once"})


def healthy(live: Live) -> bool:
    try:
        return request("GET", live.url + "/healthz").status == 200
    except OSError:
        return False


def strike(live: Live, point: str, process: "subprocess.Popen[bytes]") -> Struck:
    """Wait for the death of `process` and look at what it left."""
    if point == WEB:
        send_over_http(live)
        process.send_signal(signal.SIGTERM)  # gunicorn's arbiter: the process that answered is dead
        wait_for(lambda: process.poll() is not None, DIES_WITHIN_S, "the arbiter to end")
        code = -signal.SIGKILL if "SIGKILL" in (live.instance / "armed.log").read_text() else process.returncode
    else:
        wait_for(lambda: process.poll() is not None, DIES_WITHIN_S, f"the death {point}")
        code = int(process.returncode)
    [claimed] = live.query("SELECT count(*) AS n FROM recipient WHERE state = 'queued' AND claim_owner IS NOT NULL")
    [sending] = live.query("SELECT count(*) AS n FROM recipient WHERE state = 'sending'")
    [sent] = live.query("SELECT count(*) AS n FROM recipient WHERE state = 'sent'")
    delivered = Counter(str(mail["To"]) for mail in outbox(live.instance))
    return Struck(point, live, code, delivered, claimed["n"], sending["n"], sent["n"])


@pytest.fixture
def struck(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[dict[str, Struck]]:
    """Every point on an instance of its own: all killed, then all with a normal worker that has settled everything.

    At the same time, since most of it is waiting for leases to end.
    """
    folder = tmp_path_factory.mktemp("struck")
    lives: dict[str, Live] = {}
    dying: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for point in POINTS:
            live = lives[point] = Live(folder / point.replace(" ", "-"), template_database)
            with live.app.app_context():
                seeding.add_guests(live.event_id, GUESTS)
            if point != WEB:
                send(live)
        found: dict[str, Struck] = {}
        for some in batched(lives, 3):  # not all at once: each has to start
            dying |= {point: armed(lives[point], point, "web" if point == WEB else "worker") for point in some}
            found |= {point: strike(lives[point], point, dying[point]) for point in some}
        for live in lives.values():
            live.start_worker()
        for point, live in lives.items():
            wait_for(lambda: is_over(live), SETTLED_WITHIN_S, f"the end of the run killed {point}")  # noqa: B023
        yield found
    finally:
        for process in dying.values():
            process.kill()
        for live in lives.values():
            live.stop()


def batched(points: Iterable[str], size: int) -> Iterator[list[str]]:
    """`points` in pieces of `size`; itertools has it from 3.12 on."""
    rest = iter(points)
    while some := list(islice(rest, size)):
        yield some


def is_over(live: Live) -> bool:
    return live.query("SELECT state FROM mailing") == [{"state": "finished"}]


def the_process_was_killed_at_this_point(one: Struck) -> None:
    assert one.exit_code == -signal.SIGKILL, one.live.logs()
    assert (one.delivered.total(), one.sending, one.claimed) == AT_DEATH[one.point]


def nobody_is_mailed_twice_nobody_is_lost(one: Struck) -> None:
    states, mails = one.states(), one.mails()
    assert [address for address, number in mails.items() if number > 1] == []
    assert set(mails) <= set(states)
    assert {address for address, state in states.items() if state == "sent"} <= set(mails)
    assert {states[address] for address in set(states) - set(mails)} <= {"unknown"}
    assert len(states) == GUESTS


def doubt_is_named_only_where_a_mail_was_begun_and_not_answered(one: Struck) -> None:
    assert Counter(one.states().values()) == +Counter(sent=GUESTS - one.doubts, unknown=one.doubts)
    words = one.live.query("SELECT DISTINCT last_error FROM recipient WHERE state = 'unknown'")
    assert words == ([{"last_error": WORDS}] if one.doubts else [])


def counters_are_the_rows_and_the_ledger_balances(one: Struck) -> None:
    [mailing] = one.live.query("SELECT * FROM mailing")
    counters = {name[2:]: number for name, number in mailing.items() if name.startswith("n_") and number}
    assert counters == Counter(one.states().values())
    assert sum(counters.values()) == mailing["recipient_count"] == GUESTS
    ledger = one.live.query("SELECT reserved, consumed, refunded FROM reservation")
    assert ledger == [{"reserved": GUESTS, "consumed": GUESTS, "refunded": 0}]


def every_attempt_is_explained_and_the_job_is_finished(one: Struck) -> None:
    told = one.live.query(
        "SELECT state, attempts, number, outcome FROM recipient LEFT JOIN attempt ON recipient_id = recipient.id"
    )
    meaning = {"sent": "accepted", "unknown": "unclear"}
    assert [(row["number"], row["outcome"]) for row in told] == [
        (row["attempts"], meaning[row["state"]]) for row in told
    ]
    assert Counter(row["attempts"] for row in told) == +Counter({1: GUESTS - one.not_begun, 2: one.not_begun})
    assert len(told) == GUESTS
    assert one.live.query("SELECT DISTINCT tries FROM recipient") == [{"tries": 1}]
    [job] = one.live.query("SELECT state, finished_at IS NOT NULL AS told, stopped FROM job")
    assert job == {"state": "finished", "told": 1, "stopped": None}


def test_S2_S5_S9_S11_T1_wherever_the_process_dies_nobody_is_mailed_twice_nobody_is_lost_and_doubt_is_named(
    struck: dict[str, Struck], subtests: pytest.Subtests
) -> None:
    for point, one in struck.items():
        with subtests.test(point):
            the_process_was_killed_at_this_point(one)
            nobody_is_mailed_twice_nobody_is_lost(one)
            doubt_is_named_only_where_a_mail_was_begun_and_not_answered(one)
            counters_are_the_rows_and_the_ledger_balances(one)
            every_attempt_is_explained_and_the_job_is_finished(one)
