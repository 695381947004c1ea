"""A worker that stands still, alive, for as long as a test wants: at any time, or at a point of its own."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.support.live import Live
from tests.support.waiting import wait_for


def _holds_no_lock(live: Live) -> bool:
    """Whether others can write both databases."""
    for name in ("app.sqlite", "huey.sqlite"):
        with closing(sqlite3.connect(live.instance / name, timeout=0.2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.rollback()
    return True


def freeze(live: Live) -> None:
    """SIGSTOP the worker, at a moment when it holds no lock that would freeze everybody else too."""
    assert live.worker
    live.worker.send_signal(signal.SIGSTOP)
    if not _holds_no_lock(live):
        live.worker.send_signal(signal.SIGCONT)
        wait_for(lambda: _holds_no_lock(live), what="the locks to be free")
        freeze(live)


def thaw(live: Live) -> None:
    """Let it go on."""
    assert live.worker
    live.worker.send_signal(signal.SIGCONT)


def stand_still() -> None:
    """Called in the worker: stop the process. This thread stays here until `release`, whoever wakes the others."""
    here = _point(Path(os.environ["EVENTMAIL_INSTANCE"]))
    here.touch()

    def may_go_on() -> bool:
        if here.exists():
            os.kill(os.getpid(), signal.SIGSTOP)
        return not here.exists()

    wait_for(may_go_on, timeout=600.0)


def await_point(live: Live, worker: "subprocess.Popen[bytes]", *, unlocked: bool = True) -> None:
    """Wait until `worker` stands still at its point, if `unlocked` without a lock that would freeze others too."""
    wait_for(lambda: _is_stopped(worker), what="the worker to stand still")
    while unlocked and not _holds_no_lock(live):
        worker.send_signal(signal.SIGCONT)
        wait_for(lambda: _is_stopped(worker), what="the worker to stand still again")


def release(live: Live, worker: "subprocess.Popen[bytes]") -> None:
    """Let it go on from its point."""
    _point(live.instance).unlink()
    worker.send_signal(signal.SIGCONT)


def _is_stopped(process: "subprocess.Popen[bytes]") -> bool:
    """Whether a signal has stopped it since the last look; only its parent hears of that."""
    found, status = os.waitpid(process.pid, os.WNOHANG | os.WUNTRACED)
    return found == process.pid and os.WIFSTOPPED(status)


def _point(instance: Path) -> Path:
    return instance / "stands-still"
