"""The real worker, killed by SIGKILL while it sends: nobody twice, nobody lost, doubt named."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from eventmail.sending import slots
from eventmail.sending.dead_worker_journal import WORDS
from eventmail.sending.journal import FILES
from eventmail.sending.slots import Stage
from tests.support.armed import armed
from tests.support.frozen import await_point
from tests.support.live import Live
from tests.support.messages import add_guests, finished, mailing, send
from tests.support.smtp_peer import Hold, Peer
from tests.support.waiting import wait_for

SETTLED_WITHIN_S = 60.0  # S11, with a worker up


def kept(live: Live) -> int:
    folder = live.instance / "outbox"
    return sum(1 for _ in folder.glob("[0-9]*.eml")) if folder.exists() else 0


def states(live: Live, mailing_id: int) -> dict[str, str]:
    rows = live.query("SELECT address, state FROM recipient WHERE mailing_id = ?", mailing_id)
    return {row["address"]: row["state"] for row in rows}


def assert_accounted_for(live: Live, mailing_id: int, delivered: Counter[str] | None = None) -> Counter[str]:
    """Nobody twice, nobody lost, doubt named, sums and ledger right: the recipients by state.

    `delivered`: how many mails each address got, by default those of the outbox.
    """
    delivered = Counter(str(mail["To"]) for mail in live.outbox()) if delivered is None else delivered
    by_address = states(live, mailing_id)
    assert [address for address, mails in delivered.items() if mails > 1] == []
    assert {address for address, state in by_address.items() if state == "sent"} - set(delivered) == set()
    without_mail = {address for address in by_address if address not in delivered}
    assert {by_address[address] for address in without_mail} <= {"unknown"}
    by_state = Counter(by_address.values())
    counts = mailing(live, mailing_id)["counts"]
    assert {state: number for state, number in counts.items() if number} == dict(by_state)
    [ledger] = live.query("SELECT reserved, consumed, refunded FROM reservation")
    assert ledger == {"reserved": len(by_address), "consumed": len(by_address), "refunded": 0}
    return by_state


def stages(live: Live) -> list[Stage]:
    """How far the mails have come that the journal of the one worker names."""
    found = [path.read_bytes() for path in live.instance.glob(FILES)]
    return [slot.stage for data in found for slot in slots.read_slots(data)]


@pytest.fixture
def web_only(make_live: Callable[..., Live]) -> Live:
    """An instance whose worker is started by the test."""
    live = make_live()
    live.start_web()
    return live


def test_S11_ten_kills_in_a_send_of_500_mail_nobody_twice_and_lose_nobody(web_only: Live) -> None:
    live, dice = web_only, random.Random(20261122)
    add_guests(live, 500)
    mailing_id = send(live)
    killed_at = []
    for kill in range(10):
        enough = 28 * kill + dice.randint(1, 28)  # some stay in doubt without a mail, so not all 500 arrive
        live.start_worker()
        wait_for(lambda: kept(live) >= enough, what=f"{enough} mails", step=0.0005)  # noqa: B023
        live.kill_worker()
        killed_at.append(kept(live))

    live.start_worker()
    wait_for(finished(live, mailing_id), SETTLED_WITHIN_S, "everything to be settled")

    by_state = assert_accounted_for(live, mailing_id)
    assert killed_at[0] < 500  # the first kill at least hit a run that was under way
    assert by_state["sent"] + by_state["unknown"] == 500
    assert by_state["unknown"] <= 10  # one that was begun and not answered for each kill (S11b)


def test_S11b_a_worker_killed_in_mid_hand_over_leaves_in_doubt_what_was_begun_alone(web_only: Live) -> None:
    live = web_only
    add_guests(live, 41)
    mailing_id = send(live)
    dying = armed(live, "frozen at the second mail")
    await_point(live, dying)
    dying.kill()
    dying.wait()
    assert Counter(stages(live)) == {Stage.TOLD: 1, Stage.BEGUN: 1, Stage.MARKED: 18}
    live.start_worker()
    wait_for(finished(live, mailing_id), SETTLED_WITHIN_S, "everything to be settled")

    assert assert_accounted_for(live, mailing_id) == Counter(unknown=1, sent=40)
    words = live.query("SELECT last_error AS words FROM recipient WHERE state = 'unknown'")
    assert words == [{"words": WORDS}]
    assert live.query("SELECT count(*) AS n FROM attempt WHERE outcome = 'unclear'") == [{"n": 1}]


def test_S11_two_workers_on_one_job_mail_no_address_twice(web_only: Live) -> None:
    live = web_only
    add_guests(live, 400)
    live.start_worker()
    second = live.start_another_worker()
    mailing_id = send(live)
    # both hear of the job: the second ring is what the sweep of the other worker would do
    with live.app.app_context():
        live.app.extensions["ring"](1)

    wait_for(finished(live, mailing_id), what="the end of the run")

    assert assert_accounted_for(live, mailing_id) == {"sent": 400}
    assert second.poll() is None


def test_S11b_of_two_workers_the_other_goes_on_at_once_where_one_was_killed(make_live: Callable[..., Live]) -> None:
    with Peer({".": [Hold()]}) as peer:
        live = make_live(EVENTMAIL_PROVIDER="smtp", EVENTMAIL_SMTP_URL=peer.url)
        live.start_web()
        add_guests(live, 41)
        live.start_worker()
        second = live.start_another_worker()
        mailing_id = send(live)
        wait_for(lambda: peer.messages, what="a mail that waits for its answer")
        held = peer.messages[0].to
        [busy] = live.query("SELECT claim_owner AS worker FROM recipient WHERE address = ?", held)
        dying = next(each for each in (live.worker, second) if each and str(each.pid) == busy["worker"].split(":")[1])
        dying.kill()
        dying.wait()

        # no sweep is needed: the heartbeat of the other one finds the lock let go, and rings
        wait_for(finished(live, mailing_id), SETTLED_WITHIN_S, "the other worker to go on")

        by_state = assert_accounted_for(live, mailing_id, Counter(taken.to for taken in peer.messages))
        assert by_state == {"unknown": 1, "sent": 40}
        assert live.query("SELECT address FROM recipient WHERE state = 'unknown'") == [{"address": held}]
        live.stop()


def test_a_lost_ring_costs_time_and_never_a_mail(web_only: Live) -> None:
    live = web_only
    add_guests(live, 3)
    mailing_id = send(live)
    for path in live.instance.glob("huey.sqlite*"):
        path.unlink()

    live.start_worker()

    wait_for(finished(live, mailing_id), what="the start-up sweep to find the job")
    assert assert_accounted_for(live, mailing_id) == {"sent": 3}


def test_an_orderly_stop_leaves_no_doubt(web_only: Live) -> None:
    live = web_only
    add_guests(live, *({"email": f"g{n:02}+slow@guests.example.net"} for n in range(6)), 10)
    mailing_id = send(live)
    live.start_worker()
    wait_for(lambda: kept(live) >= 1, what="the first mail", step=0.002)

    assert live.stop_worker() == 0

    counts = mailing(live, mailing_id)["counts"]
    assert (counts["sending"], counts["unknown"]) == (0, 0)
    assert live.query("SELECT count(*) AS n FROM recipient WHERE claim_owner IS NOT NULL") == [{"n": 0}]
    live.start_worker()
    wait_for(finished(live, mailing_id), what="the rest")
    assert assert_accounted_for(live, mailing_id) == {"sent": 16}


def test_S1_the_same_key_from_many_clicks_is_one_mailing_over_http(web_only: Live) -> None:
    live = web_only
    add_guests(live, 20)

    ids = {send(live) for _ in range(5)}

    assert len(ids) == 1
    assert live.query("SELECT count(*) AS n FROM recipient") == [{"n": 20}]
