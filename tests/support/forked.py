"""Programs of the Procfile as forks of a process that has imported everything, so a start costs no second of imports.

Each is a process of its own and a child of the test's: it has its own words and environment, and is waited for, stopped
and killed like any other. tests/processes/test_run.py starts programs as people do, from nothing.
"""

import ctypes
import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import configure_mappers

from tests.support.programs import run_here

ROOT = Path(__file__).parent.parent.parent
LARGEST = 128 * 1024
PROGRAMS = (
    "eventmail.cli", "eventmail.web.areas", "eventmail.serving.worker", "gunicorn.app.wsgiapp", "gunicorn.arbiter",
    "huey.bin.huey_consumer", "huey.consumer", "tests.support.killer", "tests.support.quiet", "tests.support.shifted",
)  # fmt: skip
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_ADOPTED = b"adopted"


def start(words: Sequence[str], environment: dict[str, str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """The process that runs `words`, a line of the Procfile, in ROOT; what it says goes to `log`."""
    if sys.platform != "linux":  # nobody else can adopt
        return subprocess.Popen(words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    return _Forked(words, environment, log)


class _Forked(subprocess.Popen[bytes]):
    def __init__(self, words: Sequence[str], environment: dict[str, str], log: IO[bytes]) -> None:
        self._order = json.dumps([list(words), environment]).encode(), log.fileno()
        super().__init__(words)

    def _execute_child(self, *_given: object) -> None:
        """Popen calls this to make the process; the rest of Popen needs its id alone."""
        self.pid = _nursery().fork(*self._order)
        self._child_created = True


class _Nursery:
    """The process that forks. It ends when this one does: then nobody holds the other end of its socket."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._asks, its = socket.socketpair(type=socket.SOCK_SEQPACKET)
        bare = {name: value for name, value in os.environ.items() if not name.startswith("EVENTMAIL_")}
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forked", str(its.fileno())],
                cwd=ROOT, env=bare, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()],
            )  # fmt: skip

    def fork(self, order: bytes, log: int) -> int:
        """The id of a new child of this process."""
        with self._turn, _adopting():
            socket.send_fds(self._asks, [order], [log])
            born, adopted = self._asks.recv(16), self._asks.recv(16)
        assert adopted == _ADOPTED, "the process that forks has ended"
        return int(born)


@cache
def _nursery() -> _Nursery:
    return _Nursery()


@contextmanager
def _adopting() -> Iterator[None]:
    """Meanwhile a process below this one whose parent ends becomes a child of this one."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(_ADOPT, 1, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        prctl(_ADOPT, 0, 0, 0, 0)


def _births(asks: socket.socket) -> tuple[list[str], dict[str, str], int] | None:
    """In each child: its words, environment and log. In the process that forks, at its end: None."""
    while True:
        order, files, _flags, _address = socket.recv_fds(asks, LARGEST, 1)
        if not order:
            return None
        between = os.fork()
        if between == 0:
            born = os.fork()
            if born == 0:
                words, environment = json.loads(order)
                return words, environment, files[0]
            asks.send(str(born).encode())
            os._exit(0)  # so that the child's parent is the one who asked
        os.close(files[0])
        os.waitpid(between, 0)
        asks.send(_ADOPTED)


def main(descriptor: str) -> None:
    """Import what programs need, then fork for each order that comes; a child runs its program."""
    for name in PROGRAMS:
        import_module(name)
    configure_mappers()
    compiled = tempfile.mkdtemp()
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(compiled)}  # one process compiles a page for all
    gc.collect()
    gc.freeze()  # else looking at it again would copy every page that the forked processes share
    with socket.socket(fileno=int(descriptor)) as asks:
        order = _births(asks)
    if order is None:
        shutil.rmtree(compiled)
        return
    words, environment, log = order
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    run_here(*(words[2:] if words[:2] == [sys.executable, "-m"] else words))


if __name__ == "__main__":
    main(*sys.argv[1:])
