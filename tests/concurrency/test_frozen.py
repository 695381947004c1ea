"""A worker that is not dead, only frozen for longer than its lease: it begins nothing more, and brings the truth."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.support import seeding
from tests.support.armed import armed
from tests.support.frozen import await_point, release
from tests.support.live import Live
from tests.support.waiting import wait_for

MESSAGE = {"kind": "one_time", "subject": "Hi", "body": "Hi", "audience": {"statuses": ["confirmed"]}}
SETTLED_WITHIN_S = 60.0
GUESTS, GROUP = 42, 20


def counts(live: Live) -> dict[str, int]:
    rows = live.query("SELECT state, count(*) AS number FROM recipient GROUP BY state")
    return {row["state"]: row["number"] for row in rows}


@pytest.fixture
def live(make_live: Callable[..., Live]) -> Live:
    """An instance with guests, whose worker is started by the test."""
    made = make_live()
    made.start_web()
    with made.app.app_context():
        seeding.add_guests(made.event_id, GUESTS)
    return made


@pytest.fixture
def worker(live: Live) -> Iterator["subprocess.Popen[bytes]"]:
    """It stands still as soon as one mail of a run has left and the next has begun."""
    process = armed(live, "frozen at the second mail")
    yield process
    process.kill()
    process.wait()


def test_S5_S11_a_worker_frozen_beyond_its_lease_mails_nobody_twice_and_replaces_doubt_by_truth(
    live: Live, worker: "subprocess.Popen[bytes]"
) -> None:
    answer = live.api("POST", f"/admin/events/{live.event_id}/mailings", MESSAGE, {"Idempotency-Key": "once"})
    assert answer.status == 202, answer.text
    await_point(live, worker)
    assert (counts(live), len(live.outbox())) == ({"sending": GROUP, "queued": GUESTS - GROUP}, 1)

    live.start_worker()
    wait_for(lambda: live.query("SELECT state FROM mailing") == [{"state": "finished"}], SETTLED_WITHIN_S, "the end")
    assert counts(live) == {"unknown": GROUP, "sent": GUESTS - GROUP}
    release(live, worker)

    # the first has left and the second leaves, since it had begun; the others of the group it leaves alone
    wait_for(lambda: counts(live)["unknown"] < GROUP, what="the true answer")
    worker.send_signal(signal.SIGTERM)
    wait_for(lambda: worker.poll() is not None, what="its end")
    assert worker.returncode == 0  # by then it has tried everything it would
    mails = Counter(str(mail["To"]) for mail in live.outbox())
    sent = {row["address"] for row in live.query("SELECT address FROM recipient WHERE state = 'sent'")}
    assert mails == Counter(sent)
    assert len(sent) == GUESTS - GROUP + 2
    assert live.query("SELECT n_sent, n_unknown, n_queued, n_sending FROM mailing") == [
        {"n_sent": len(sent), "n_unknown": GROUP - 2, "n_queued": 0, "n_sending": 0}
    ]
    assert live.query("SELECT reserved, consumed, refunded FROM reservation") == [
        {"reserved": GUESTS, "consumed": GUESTS, "refunded": 0}
    ]
    assert live.query("SELECT outcome, count(*) AS n FROM attempt GROUP BY outcome") == [
        {"outcome": "accepted", "n": len(sent)},
        {"outcome": "unclear", "n": GROUP - 2},
    ]
