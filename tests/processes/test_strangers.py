"""Slow clients cost a socket each: everybody else is answered meanwhile. Also how the web process ends."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.live import PROCFILE, ROOT, Live
from tests.support.waiting import wait_for
from tests.support.wire import Wire, request, wire

HALF_BODY = request("POST", "/unsubscribe/1-x", "Content-Length: 1000") + b"a"
NEVER_READS = request("GET", "/static/css/app.css") * 40
KINDS = {"half bodies": (60, HALF_BODY), "silent": (100, b""), "half heads": (100, b"GET / HT")}
ENDS_WITHIN_S = 20.0  # 4 on a quiet box


def health(live: Live) -> int:
    with wire(live.port, request("GET", "/healthz", "Connection: close")) as it:
        return it.hear().status


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ended(process: "subprocess.Popen[bytes]") -> int:
    """The exit code, once there is one."""
    wait_for(lambda: process.poll() is not None, ENDS_WITHIN_S, "its end")
    return int(process.returncode)


def listens(live: Live) -> bool:
    try:
        socket.create_connection(("127.0.0.1", live.port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_hold_up_nobody(shared_live: Live, kind: str) -> None:
    count, said = KINDS[kind]
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(wire(shared_live.port, said)) for _ in range(count)]
        assert [health(shared_live) for _ in range(4)] == [200] * 4
        assert sum(each.is_open() for each in held) == count, "others were answered while all of these waited"


def test_clients_that_never_read_hold_up_nobody(shared_live: Live) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            slow = socket.socket()
            stack.callback(slow.close)
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            slow.connect(("127.0.0.1", shared_live.port))
            slow.sendall(NEVER_READS)
        assert [health(shared_live) for _ in range(4)] == [200] * 4


def test_who_leaves_in_the_middle_gives_the_thread_back(shared_live: Live) -> None:
    """Many more than there are threads and database connections leave without reading."""
    with shared_live.app.app_context():
        path = f"/admin/events/{shared_live.event_id}/guests.csv"
    for _ in range(40):
        Wire(shared_live.port, request("GET", path, f"Authorization: Bearer {shared_live._token}")).close()
        Wire(shared_live.port, HALF_BODY).close()
    assert health(shared_live) == 200


# A process has room for so many


@pytest.fixture
def cramped(make_live: Callable[..., Live]) -> Live:
    """A web whose processes may open few files, so that each takes 16 connections."""
    live = make_live()
    with (live.instance / "web.log").open("ab") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"ulimit -n 128; exec {PROCFILE['web']}"],
            cwd=ROOT, env=live.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    live.web = process
    live._started.append(process)
    live._await_web()
    return live


def test_more_connections_than_there_is_room_for_hold_up_nobody(cramped: Live) -> None:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(wire(cramped.port, b"GET / HT")) for _ in range(60)]
        assert health(cramped) == 200
        wait_for(lambda: sum(each.is_open() for each in held) <= 32, what="the oldest to be closed")
        assert health(cramped) == 200


# The end


def test_it_ends_in_order_while_slow_clients_hold_on(make_live: Callable[..., Live]) -> None:
    live = make_live()
    live.start_web()
    assert live.web
    with contextlib.ExitStack() as stack:
        for said in (HALF_BODY, b"", b"GET / HT", NEVER_READS):
            stack.enter_context(wire(live.port, said))
        kept = stack.enter_context(wire(live.port, request("GET", "/healthz")))
        assert kept.hear().status == 200
        live.web.send_signal(signal.SIGTERM)
        assert kept.closed()
        assert live.web.wait(5 * (1 + os.getloadavg()[0] / (os.cpu_count() or 1))) == 0  # 5 seconds on a quiet box
    assert not listens(live)
    assert [word for word in ("Traceback", "SIGKILL", "SIGABRT") if word in live.logs()] == []  # it ended by itself


@pytest.mark.parametrize("sign", [signal.SIGHUP, signal.SIGINT])
def test_a_terminal_that_closes_ends_it(make_live: Callable[..., Live], sign: signal.Signals) -> None:
    live = make_live()
    live.start_web()
    assert live.web
    processes = children(live.web.pid)
    live.web.send_signal(sign)
    for each in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, sign)
    assert ended(live.web) == 0
    assert not listens(live)


def test_no_process_goes_on_listening_when_the_first_one_is_killed(make_live: Callable[..., Live]) -> None:
    live = make_live()
    live.start_web()
    assert live.web
    first = live.web.pid
    wait_for(lambda: len(children(first)) == 2, what="both processes that answer")
    orphans = children(first)
    live.web.kill()
    live.web.wait()
    wait_for(lambda: not listens(live), ENDS_WITHIN_S, "nobody to listen")
    wait_for(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), ENDS_WITHIN_S, "its children to be gone"
    )
