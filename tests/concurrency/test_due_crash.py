"""The real worker, killed or frozen at each named point between the due time and the run: one run, or `missed`."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.support import seeding
from tests.support.armed import armed
from tests.support.frozen import await_point, release
from tests.support.killer import OF_THE_START
from tests.support.live import Live
from tests.support.reminders import ahead, everything, fate, mails, people, places, runs, schedule, told
from tests.support.waiting import wait_for

LAST = "before its ring"  # the only point after the commit
DIES_WITHIN_S = 60.0
MINUTE, HOURS = 60.0, 7200.0
GOING = {
    "guest-002@guests.example.net": "queued",
    "guest-003@guests.example.net": "queued",
    "late@guests.example.net": "queued",
}
SENT = dict.fromkeys(GOING, "sent")


@pytest.fixture
def live(make_live: Callable[..., Live], set_clock: Callable[[float], None]) -> Live:
    """An instance with three guests, whose processes have the clock of the test."""
    made = make_live()
    with made.app.app_context():
        seeding.add_guests(made.event_id, 3)
    return made


@pytest.fixture
def due(live: Live, set_clock: Callable[[float], None]) -> int:
    """A message to all three that is due; since it was scheduled one more came, and one wants no mail any more."""
    mailing = schedule(live, ahead(seconds=MINUTE))
    with live.app.app_context():
        seeding.add_guest(live.event_id, "late@guests.example.net")
        seeding.suppress("guest-001@guests.example.net")
    set_clock(MINUTE + 1)
    return mailing


@pytest.fixture
def begin(live: Live) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """begin(point): a worker that is struck there."""
    started: list[subprocess.Popen[bytes]] = []

    def start(point: str) -> "subprocess.Popen[bytes]":
        started.append(armed(live, point))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_G27_H5_wherever_the_worker_dies_at_a_start_the_message_is_sent_once_by_the_next(
    live: Live, due: int, begin: Callable[[str], "subprocess.Popen[bytes]"]
) -> None:
    untouched = everything(live)

    for point in OF_THE_START:
        dying = begin(point)
        wait_for(lambda: dying.poll() is not None, DIES_WITHIN_S, f"the death {point}")  # noqa: B023
        assert dying.returncode == -signal.SIGKILL
        if point != LAST:
            assert everything(live) == untouched, point
    assert (fate(live, due), runs(live, due), people(live, due)) == (("sending", None), ["running"], GOING)
    assert (places(live, due), mails(live)) == ((3, 0, 0), Counter())

    live.start_worker()
    wait_for(lambda: fate(live, due)[0] == "finished", what="the end of the run")
    assert (runs(live, due), people(live, due), places(live, due)) == (["finished"], SENT, (3, 3, 0))
    assert mails(live) == Counter(list(SENT))
    assert told(live, due) == [("Oscar Organizer", "mailing.scheduled"), ("worker", "mailing.started")]


def test_G27_H6_when_the_next_worker_comes_hours_later_the_message_is_missed(
    live: Live, due: int, begin: Callable[[str], "subprocess.Popen[bytes]"], set_clock: Callable[[float], None]
) -> None:
    dying = begin("before the commit")
    wait_for(lambda: dying.poll() is not None, DIES_WITHIN_S, "the death")
    set_clock(HOURS)

    live.start_worker()
    wait_for(lambda: fate(live, due)[0] != "scheduled", what="a decision")
    assert fate(live, due) == ("missed", "late")
    assert (runs(live, due), places(live, due), mails(live)) == ([], (3, 0, 0), Counter())
    assert told(live, due) == [("Oscar Organizer", "mailing.scheduled"), ("worker", "mailing.missed")]


def test_H5_a_worker_frozen_before_its_transaction_leaves_alone_what_another_began(
    live: Live, due: int, begin: Callable[[str], "subprocess.Popen[bytes]"], tick: Callable[[Live], None]
) -> None:
    worker = begin("frozen before its transaction")
    await_point(live, worker)
    tick(live)
    assert (fate(live, due), runs(live, due)) == (("sending", None), ["running"])

    release(live, worker)

    wait_for(lambda: fate(live, due)[0] == "finished", what="the end of the run, for which the tick rang")
    assert (runs(live, due), people(live, due), places(live, due)) == (["finished"], SENT, (3, 3, 0))
    assert mails(live) == Counter(list(SENT))
    assert told(live, due) == [("Oscar Organizer", "mailing.scheduled"), ("worker", "mailing.started")]


@pytest.mark.parametrize("point", ["before its transaction", "after the recipients", "before the commit"])
def test_H6_a_worker_frozen_past_the_hour_decides_by_the_clock_of_its_wake(
    live: Live, due: int, begin: Callable[[str], "subprocess.Popen[bytes]"], set_clock: Callable[[float], None],
    point: str,
) -> None:  # fmt: skip
    listed = people(live, due)
    worker = begin(f"frozen {point}")
    await_point(live, worker, unlocked=False)
    set_clock(HOURS)

    release(live, worker)

    wait_for(lambda: fate(live, due)[0] != "scheduled", what="a decision")
    assert (fate(live, due), people(live, due)) == (("missed", "late"), listed)
    assert (runs(live, due), places(live, due), mails(live)) == ([], (3, 0, 0), Counter())
    assert told(live, due) == [("Oscar Organizer", "mailing.scheduled"), ("worker", "mailing.missed")]
