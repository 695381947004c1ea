"""The clock of the box is set back an hour while mail leaves, and forward again: nobody twice, nobody waits an hour."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.live import PROCFILE, ROOT, Live
from tests.support.messages import add_guests, finished, send
from tests.support.postbox import Postbox, serving
from tests.support.waiting import wait_for

HOUR = 3600
GUESTS = 200
SECONDS = 60.0  # for what takes about five


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with serving(box) as port:
        yield box, port


@pytest.fixture
def set_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """set_clock(seconds): by how much the processes that are started from now on are off."""
    file = tmp_path / "offset"
    file.write_text("0")
    for name in ("web", "worker"):
        monkeypatch.setitem(PROCFILE, name, f"{sys.executable} -m tests.support.shifted {file} {PROCFILE[name]}")

    def shift(seconds: int) -> None:
        draft = file.with_suffix(".new")
        draft.write_text(str(seconds))
        draft.replace(file)

    return shift


@pytest.fixture
def live(make_live: Callable[..., Live], set_clock: object, postbox: tuple[Postbox, int]) -> Live:
    made = make_live(
        EVENTMAIL_PROVIDER="smtp",
        EVENTMAIL_SMTP_URL=f"smtp://127.0.0.1:{postbox[1]}",
        EVENTMAIL_RATE_PER_SECOND="60",
        EVENTMAIL_UNDO_SECONDS="3",
    )
    made.start()
    return made


def tick(live: Live, tmp_path: Path) -> None:
    """What the worker does by itself each minute; else this test would take one."""
    command = [sys.executable, "-m", "tests.support.shifted", str(tmp_path / "offset"), "eventmail", "tick"]
    subprocess.run(command, cwd=ROOT, env=live.environment, check=True, capture_output=True)


@pytest.mark.parametrize("steps", [(-HOUR, 0), (HOUR, 0)], ids=["back and forward", "forward and back"])
def test_S11_a_clock_that_is_set_in_mid_run_mails_nobody_twice_and_stops_nobody(
    live: Live, set_clock: Callable[[int], None], postbox: tuple[Postbox, int], tmp_path: Path, steps: tuple[int, ...]
) -> None:
    box, _ = postbox
    add_guests(live, {"email": "grey@guests.example.net"}, GUESTS)  # grey is taken at the second try
    first = send(live, "first")
    wait_for(lambda: len(box.taken) >= 20, SECONDS, "the first mails")

    second = send(live, "second")  # its undo period, grey's next try, the pace and the leases are of the old clock
    set_clock(steps[0])
    before = len(box.taken)
    wait_for(lambda: len(box.taken) >= before + 40, SECONDS, "mails after the clock was set")
    tick(live, tmp_path)
    wait_for(lambda: second in begun(live), SECONDS, "the second run")
    wait_for(lambda: seen_lately(live), SECONDS, "a sign of life by the new clock")
    set_clock(steps[1])
    tick(live, tmp_path)

    wait_for(finished(live, first), SECONDS, "the end of the first run")
    wait_for(finished(live, second), SECONDS, "the end of the second run")
    assert set(Counter(address for address, _ in box.taken).values()) == {2}
    assert live.query("SELECT state, count(*) AS n FROM recipient GROUP BY state") == [
        {"state": "sent", "n": 2 * (GUESTS + 1)}
    ]


def seen_lately(live: Live) -> bool:
    age = live.health()["worker_age_s"]
    return age is not None and age <= 6


def begun(live: Live) -> set[int]:
    return {row["mailing_id"] for row in live.query("SELECT mailing_id FROM job WHERE started_at IS NOT NULL")}
