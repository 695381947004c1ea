"""Whose turn it is in one process of the web."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from gunicorn.config import Config

from eventmail.serving import worker as worker_
from eventmail.serving.worker import Worker

THREADS = 1
BOUND_SECONDS = 20.0  # for what never happens while the code is right


class Counting(Worker):
    """A worker that no gunicorn has started; `took` counts the connections it took."""

    def __init__(self, threads: int = THREADS) -> None:
        settings = Config()
        settings.set("threads", threads)
        super().__init__(1, 0, [], None, 30, settings, None)
        self.took = 0

    def _take(self, _listener: socket.socket) -> bool:
        self.took += 1
        return False


@pytest.fixture
def worker() -> Iterator[Counting]:
    made = Counting()
    yield made
    made._threads.shutdown()
    made.tmp.close()


def test_who_asked_ahead_comes_after_who_did_not(worker: Counting) -> None:
    order: list[str] = []

    async def run() -> None:
        worker.begin(asyncio.get_running_loop())
        free = threading.Event()
        holding = asyncio.create_task(worker._in_a_thread(free.wait, first=True))
        await asyncio.sleep(0)
        asked = [("ahead", False), ("ahead too", False), ("not ahead", True)]
        waiting = [
            asyncio.create_task(worker._in_a_thread(lambda name=name: order.append(name), first=first))  # type: ignore[misc]
            for name, first in asked
        ]
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(holding, *waiting)

    asyncio.run(run())
    assert order == ["not ahead", "ahead", "ahead too"]
    assert worker._working == 0


def test_who_left_while_waiting_keeps_no_thread(worker: Counting) -> None:
    async def run() -> list[str]:
        worker.begin(asyncio.get_running_loop())
        free = threading.Event()
        holding = asyncio.create_task(worker._in_a_thread(free.wait, first=True))
        await asyncio.sleep(0)
        gone = asyncio.create_task(worker._in_a_thread(lambda: "gone", first=True))
        stays = asyncio.create_task(worker._in_a_thread(lambda: "stays", first=True))
        await asyncio.sleep(0)
        gone.cancel()
        free.set()
        await holding
        return [await stays]

    assert asyncio.run(run()) == ["stays"]
    assert worker._working == 0


def test_who_only_reads_is_answered_however_many_wait_to_write() -> None:
    """However many wait for the one who may write: two threads are for those who only read."""
    worker = Counting(threads=4)
    free, began = threading.Event(), threading.Semaphore(0)
    in_hand: list[str] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS"):
            in_hand.append(environ["REQUEST_METHOD"])
            began.release()
            free.wait(BOUND_SECONDS)
        return [environ["REQUEST_METHOD"].encode()]

    worker.wsgi = application

    async def said(method: str) -> bytes:
        ready = await worker.answer({"REQUEST_METHOD": method}, first=True)
        with ready.body:
            return ready.body.read()

    async def run() -> tuple[list[bytes], int, list[bytes]]:
        worker.begin(asyncio.get_running_loop())
        writers = [asyncio.create_task(said(("POST", "PATCH", "DELETE", "PUT")[n % 4])) for n in range(8)]
        read = await asyncio.gather(*(said(method) for method in ("GET", "GET", "OPTIONS", "GET")))
        assert all(began.acquire(timeout=BOUND_SECONDS) for _ in range(2))
        in_threads = len(in_hand)
        free.set()
        return read, in_threads, sorted(await asyncio.gather(*writers))

    try:
        read, in_threads, written = asyncio.run(run())
    finally:
        free.set()
        worker._threads.shutdown()
        worker.tmp.close()
    assert (read, in_threads) == ([b"GET", b"GET", b"OPTIONS", b"GET"], 2)
    assert written == sorted([b"POST", b"PATCH", b"DELETE", b"PUT"] * 2)


@pytest.mark.parametrize(("working", "at_once"), [(0, 1), (THREADS, 0)])
def test_with_every_thread_at_work_the_other_process_may_take_who_comes(
    worker: Counting, working: int, at_once: int
) -> None:
    later: list[Any] = []
    loop: Any = SimpleNamespace(
        remove_reader=lambda _: None, add_reader=lambda *_: None, call_later=lambda _, *what: later.append(what)
    )
    worker.begin(loop)
    worker._working = working
    with socket.socket() as listener:
        worker._accept(listener)
        assert (worker.took, len(later)) == (at_once, 1 - at_once)
        for call, *given in later:
            call(*given)
        assert worker.took == 1, "nobody waits for the other one for long"


def test_who_waits_longest_makes_room_for_a_newcomer(worker: Counting) -> None:
    async def run() -> list[int]:
        worker.begin(asyncio.get_running_loop())
        worker._most = 4
        with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as stack:
            listener.setblocking(False)
            clients = [stack.enter_context(socket.create_connection(listener.getsockname())) for _ in range(12)]
            while len(clients) > worker.took:
                worker.took += Worker._take(worker, listener)  # without a pause: several come at once
            kept = [each.address.peer[1] for each in worker._open]
            for task in worker._open.values():
                task.cancel()
            await asyncio.sleep(0)
            return [at for at, client in enumerate(clients) if client.getsockname()[1] in kept]

    assert asyncio.run(run()) == [8, 9, 10, 11]


def test_a_signal_that_comes_again_at_the_end_is_nothing(worker: Counting) -> None:
    """Asked of the whole life of a loop: what closes it late would write to nobody, and say so with a traceback."""
    signs = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    before = [signal.getsignal(sign) for sign in signs]

    async def run() -> None:
        worker.begin(asyncio.get_running_loop())
        worker._listeners = []
        for sign in signs:
            worker._loop.add_signal_handler(sign, lambda: None)
        await worker._finish()

    try:
        asyncio.run(run())
        for sign in signs:
            signal.raise_signal(sign)
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        for sign, handler in zip(signs, before, strict=True):
            signal.signal(sign, handler)


@pytest.mark.parametrize(
    ("answers", "each_second", "somebody_there", "ends_after"),
    [
        (worker_.GROWN, 0, False, worker_.REST_SECONDS),
        (worker_.GROWN, 1, False, worker_.REST_SECONDS),  # a monitor asks how we are
        (worker_.GROWN - 100, 0, False, None),  # it has not grown
        (worker_.GROWN, 10, False, None),
        (worker_.GROWN, 0, True, None),
    ],
)
def test_a_process_that_has_grown_gives_way_when_nobody_needs_it(
    worker: Counting, answers: int, each_second: int, somebody_there: bool, ends_after: float | None
) -> None:
    loop: Any = SimpleNamespace(time=lambda: 0.0)
    worker.begin(loop)
    worker._answers = worker._counted = answers
    if somebody_there:
        worker._open[cast(Any, "somebody")] = cast(Any, "the task")
    ended = None
    for second in range(2 * round(worker_.REST_SECONDS)):
        worker._answers += each_second
        if worker.rests(float(second)):
            ended = float(second)
            break
    assert ended == ends_after
