"""A line to a server that is far away: whatever passes takes its time, each way."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator

from tests.support.live import ROOT, free_port
from tests.support.waiting import wait_for


@contextlib.contextmanager
def far_line(port: int, seconds: float) -> Iterator[int]:
    """The port at which the server at `port` is reached, `seconds` away."""
    near = free_port()
    words = [sys.executable, str(ROOT / "bench" / "slow_line.py"), str(near), str(port), str(round(seconds * 1000))]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as line:
        try:
            wait_for(lambda: _is_open(near), 30.0, "the line")
            yield near
        finally:
            line.terminate()


def _is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False
