"""One web process: takes connections, gives threads to their requests, and ends in order."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from types import FrameType
from typing import Any, TypeVar

from gunicorn.workers.base import Worker as Base

from eventmail.serving import gateway
from eventmail.serving.connection import Connection
from eventmail.serving.gateway import Address, Answer, Environ

MOST_CONNECTIONS = 1_000  # of a process; beyond, a waiting one is closed for each new one
LARGEST_BODY = "largest_body"  # the application's extension that is asked before a large body is read
_FILES = 4_096  # open files: a connection may have two bodies on disk
_IN_ORDER = (signal.SIGTERM, signal.SIGHUP)
_AT_ONCE = (signal.SIGINT, signal.SIGQUIT)
_SEND_BUFFER = 128 * 1024  # bytes that the kernel holds for a client that does not read; by default megabytes
GIVE_WAY_SECONDS = 0.002
REST_SECONDS = 5.0  # without a connection (browsers keep theirs for a while), except for …
_PROBES = 2  # … so many requests a second, as of a monitor
GROWN = 200  # answers after which a process has loaded its templates, statements and caches
_AT_A_TIME = 64
_READING = ("GET", "HEAD", "OPTIONS")
FOR_READERS = 2  # threads for requests that only read, which never wait for a writer
T = TypeVar("T")
log = logging.getLogger(__name__)


class Worker(Base):  # type: ignore[misc]  # gunicorn comes without types
    """Gunicorn forks it, expects a sign of life each second, and replaces it when it dies.

    Threads, no more than the database's pool has connections, work on complete requests. Everything else happens in
    the event loop, where a slow client costs a socket and a few kilobytes.
    """

    @classmethod
    def check_config(cls, _cfg: object, _log: object) -> None:
        """Let SIGHUP, which a closed terminal sends, end gunicorn. By itself it would restart and run on unnoticed.

        Gunicorn calls this in its own process before it listens.
        """

        def end(_signal: int, _frame: FrameType | None) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

        signal.signal(signal.SIGHUP, end)

    def run(self) -> None:
        """Serve until a signal, or until gunicorn has ended."""
        try:
            asyncio.run(self._serve())
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._end = asyncio.Event()
        self._patience = 0.0
        self._most = _connections()
        self._open: dict[Connection, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(self.cfg.threads, "request")
        self._working = 0
        self._changing = asyncio.Semaphore(max(1, self.cfg.threads - FOR_READERS))
        self._answers = self._counted = 0
        self._busy = 0.0
        self._queues: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())  # first, and later

    @property
    def stopping(self) -> bool:
        """Whether the process takes no new requests."""
        return not self.alive

    def rests(self, now: float) -> bool:
        """Whether the process should end, since it has grown and been idle for a while. Called each second.

        Python and SQLite never return memory, as of an import. Gunicorn forks a new process within milliseconds, which
        shares nearly all its memory again; meanwhile clients wait in the queue of the listener.
        """
        if self._open or self._answers - self._counted > _PROBES:
            self._busy = now
        self._counted = self._answers
        return self._answers >= GROWN and now - self._busy >= REST_SECONDS

    async def _serve(self) -> None:
        self.begin(asyncio.get_running_loop())
        for each in _IN_ORDER + _AT_ONCE:
            self._loop.add_signal_handler(each, self._stop, each in _IN_ORDER)
        self._listeners: list[socket.socket] = [found.sock for found in self.sockets]
        for listener in self._listeners:
            listener.setblocking(False)
            with contextlib.suppress(OSError):  # not for a socket file
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
            self._loop.add_reader(listener, self._accept, listener)
        while not self._end.is_set():
            self.notify()
            if os.getppid() != self.ppid or self.rests(self._loop.time()):
                self._stop(in_order=True)
                break  # at once: a client taken now would get no answer
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), 1)
        await self._finish()

    def _stop(self, in_order: bool) -> None:
        self.alive = False
        self._patience = max(0.0, self.cfg.graceful_timeout - 0.5) if in_order else 0.0
        self._end.set()

    async def _finish(self) -> None:
        """Answer requests that have begun to arrive, and close the other connections."""
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()
        for connection, task in list(self._open.items()):
            if connection.idle:
                task.cancel()
        if self._open:
            await asyncio.wait(self._open.values(), timeout=self._patience)
        self._listen_no_more()

    def _listen_no_more(self) -> None:
        """Ignore repeated signals: asyncio closes its wake-up socket before it removes the handlers."""
        signal.set_wakeup_fd(-1)
        for each in _IN_ORDER + _AT_ONCE:
            self._loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_IGN)

    # Connections

    def _accept(self, listener: socket.socket) -> None:
        """Take one connection only: its first request, which has arrived, may need the last free thread.

        Without a free thread the other process gets a moment to take it, so that the work is shared.
        """
        if self._working < self.cfg.threads:
            self._take(listener)
        else:
            self._loop.remove_reader(listener)
            self._loop.call_later(GIVE_WAY_SECONDS, self._accept_many, listener)

    def _accept_many(self, listener: socket.socket) -> None:
        if self.alive:
            self._loop.add_reader(listener, self._accept, listener)
            for _ in range(_AT_A_TIME):
                if not self._take(listener):
                    break

    def _take(self, listener: socket.socket) -> bool:
        """Take a connection; returns whether one was there."""
        try:
            taken, peer = listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return False  # the other process was faster, or the client left
        except OSError as error:  # no file descriptor is left
            log.warning("no connection can be taken: %s", error)
            self._make_room()
            return False
        if len(self._open) >= self._most and not self._make_room():
            taken.close()
            return True
        taken.setblocking(False)
        with contextlib.suppress(OSError):
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        connection = Connection(self, taken, Address(_address(peer), _address(listener.getsockname())))
        self._open[connection] = task = self._loop.create_task(connection.serve())
        task.add_done_callback(lambda _: self._open.pop(connection, None))
        return True

    def _make_room(self) -> bool:
        """Close the oldest waiting connection of the address that has most; returns whether there was one."""
        waiting = [connection for connection in self._open if connection.waits]
        if not waiting:
            return False
        [(crowd, _)] = Counter(connection.address.peer[0] for connection in waiting).most_common(1)
        # Removed at once, since the next connection may come before this one has ended.
        self._open.pop(next(each for each in waiting if each.address.peer[0] == crowd)).cancel()
        return True

    # Work

    async def largest_body(self, given: Environ) -> int:
        """Returns how many bytes the application takes from the sender of this head, 0 when it fails."""
        largest: Callable[[Environ], int] = self.wsgi.extensions[LARGEST_BODY]
        try:
            return await self._in_a_thread(lambda: largest(given), first=False)
        except Exception:
            log.exception("how large a body may be is not known")
            return 0

    async def answer(self, given: Environ, *, first: bool) -> Answer:
        """Returns the application's answer, a plain 500 when it failed. `first`: ahead of the later queue.

        The database has one writer at a time, and an import writes for seconds. Requests that change something may
        wait for it in some threads, but not in all.
        """
        self._answers += 1
        reads = given["REQUEST_METHOD"] in _READING
        try:
            async with contextlib.nullcontext() if reads else self._changing:
                return await self._in_a_thread(lambda: gateway.answer(self.wsgi, given), first=first)
        except Exception:
            log.exception("an answer broke")
            return gateway.plain(HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke on our side. Please try again.")

    async def _in_a_thread(self, work: Callable[[], T], *, first: bool) -> T:
        if self._working >= self.cfg.threads:
            turn = self._loop.create_future()
            self._queues[0 if first else 1].append(turn)
            await turn  # until a finished request hands its thread over
        else:
            self._working += 1
        try:
            return await self._loop.run_in_executor(self._threads, work)
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        for queue in self._queues:
            while queue:
                if not (turn := queue.popleft()).done():
                    turn.set_result(None)
                    return
        self._working -= 1


def _connections() -> int:
    """Raise this process's limit of open files; returns how many connections it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES:
        soft = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MOST_CONNECTIONS, (soft - 96) // 2))


def _address(given: Any) -> tuple[str, int]:
    """Returns host and port, which a socket file does not have."""
    return (given[0], given[1]) if isinstance(given, tuple) else ("", 0)
