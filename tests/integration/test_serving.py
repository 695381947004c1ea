"""The web process as the Procfile starts it: which of its two workers takes a connection."""

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from tests.support.live import Live
from tests.support.waiting import wait_for

THREADS = 4  # of each worker, as the Procfile says


def workers(live: Live) -> list[str]:
    assert live.web
    return Path(f"/proc/{live.web.pid}/task/{live.web.pid}/children").read_text().split()


def sockets(pid: str) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(link.readlink()))
    return {name for name in found if name.startswith("socket:")}


def taken(live: Live) -> list[int]:
    """How many connections each worker has; the socket that listens belongs to both."""
    one, other = map(sockets, workers(live))
    return [len(one - other), len(other - one)]


def test_connections_that_are_opened_at_once_are_shared_out_evenly(make_live: Callable[..., Live]) -> None:
    live = make_live()
    live.start_web()
    wait_for(lambda: len(workers(live)) == 2 and taken(live) == [0, 0], what="both workers to have nothing to do")
    with contextlib.ExitStack() as silent:
        for _ in range(2 * THREADS):
            silent.enter_context(socket.create_connection(("127.0.0.1", live.port)))
        wait_for(lambda: sum(taken(live)) >= 2 * THREADS, what="all connections to be taken")
        assert taken(live) == [THREADS, THREADS]
    assert live.health()["status"] == "ok"  # as soon as a thread is free, its worker takes the next
