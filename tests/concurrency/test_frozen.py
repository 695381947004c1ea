"""A worker that is not dead, only frozen for longer than its lease: it begins nothing more, and brings the truth."""

import signal
from collections import Counter
from collections.abc import Callable

from tests.support import seeding
from tests.support.frozen import freeze
from tests.support.live import Live
from tests.support.waiting import wait_for

MESSAGE = {"kind": "one_time", "subject": "Hi", "body": "Hi", "audience": {"statuses": ["confirmed"]}}
SETTLED_WITHIN_S = 60.0
SLOW = [f"slow{number}+slow" for number in range(5)]  # a busy box has five seconds to freeze the worker among them


def counts(live: Live) -> dict[str, int]:
    rows = live.query("SELECT state, count(*) AS number FROM recipient GROUP BY state")
    return {row["state"]: row["number"] for row in rows}


def test_S5_S11_a_worker_frozen_beyond_its_lease_mails_nobody_twice_and_replaces_doubt_by_truth(
    make_live: Callable[..., Live],
) -> None:
    live = make_live()
    live.start_web()
    with live.app.app_context():
        seeding.add_guests(live.event_id, [{"email": f"{name}@guests.example.net"} for name in ("first", *SLOW)])
        seeding.add_guests(live.event_id, 41 - len(SLOW))
    live.start_worker()
    answer = live.api("POST", f"/admin/events/{live.event_id}/mailings", MESSAGE, {"Idempotency-Key": "once"})
    assert answer.status == 202, answer.text
    wait_for(lambda: any((live.instance / "outbox").glob("*.eml")), what="the first mail", step=0.002)
    freeze(live)
    frozen = live.worker
    assert frozen
    assert counts(live).get("sending") == 20
    left = len(list((live.instance / "outbox").glob("*.eml")))
    assert 1 <= left <= len(SLOW)

    live.start_another_worker()
    wait_for(lambda: live.query("SELECT state FROM mailing") == [{"state": "finished"}], SETTLED_WITHIN_S, "the end")
    assert counts(live) == {"unknown": 20, "sent": 22}
    frozen.send_signal(signal.SIGCONT)

    # those have left, the next one if it had begun; the others of the group it leaves alone
    wait_for(lambda: counts(live)["unknown"] < 20, what="the true answer")
    assert live.stop_worker() == 0  # by then it has tried everything it would
    mails = Counter(str(mail["To"]) for mail in live.outbox())
    sent = {row["address"] for row in live.query("SELECT address FROM recipient WHERE state = 'sent'")}
    assert mails == Counter(sent)
    assert len(sent) in {22 + left, 22 + left + 1}
    assert live.query("SELECT n_sent, n_unknown, n_queued, n_sending FROM mailing") == [
        {"n_sent": len(sent), "n_unknown": 42 - len(sent), "n_queued": 0, "n_sending": 0}
    ]
    assert live.query("SELECT reserved, consumed, refunded FROM reservation") == [
        {"reserved": 42, "consumed": 42, "refunded": 0}
    ]
    assert live.query("SELECT outcome, count(*) AS n FROM attempt GROUP BY outcome") == [
        {"outcome": "accepted", "n": len(sent)},
        {"outcome": "unclear", "n": 42 - len(sent)},
    ]
