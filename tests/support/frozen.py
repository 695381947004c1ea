"""A worker that stands still, alive, for as long as a test wants."""

import signal
import sqlite3
from contextlib import closing

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
