"""The deadlines of one connection, shortened, with an application that counts what it is asked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from eventmail.serving import connection, gateway
from eventmail.serving.connection import Connection
from eventmail.serving.gateway import Address, Answer, Environ

HERE = Address(("192.0.2.1", 1), ("127.0.0.1", 8000))
SOON = 0.05  # seconds: a deadline of these tests
NEVER = 30.0
LARGE = 40_000_000  # bytes: no socket takes that much from a sender alone


@dataclass
class Asked:
    """A process with one answer for everybody."""

    body: bytes = b"ok"
    stopping: bool = False
    takes: int = connection.SMALL_BODY
    given: list[Environ] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    async def largest_body(self, given: Environ) -> int:
        return self.takes

    async def answer(self, given: Environ, *, first: bool) -> Answer:
        self.given.append(given)
        self.bodies.append(given["wsgi.input"].read())
        self.answers.append(gateway.plain(200, self.body.decode()))
        return self.answers[-1]


@pytest.fixture(autouse=True)
def _deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "LINGER_SECONDS"):
        monkeypatch.setattr(connection, name, NEVER)


def played(server: Asked, play: Callable[[socket.socket], Awaitable[Any]]) -> bytes:
    """What `play` on the other end of a connection returned, once the server has closed it."""

    async def both() -> bytes:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            each.setblocking(False)
        serving = asyncio.create_task(Connection(server, ours, HERE).serve())
        try:
            async with asyncio.timeout(NEVER):
                heard = await play(theirs)
                await serving
        finally:
            theirs.close()
        assert ours.fileno() == -1
        return heard or b""

    return asyncio.run(both())


async def said(theirs: socket.socket, data: bytes) -> bytes:
    """What comes until the end, after `data`."""
    loop, heard = asyncio.get_running_loop(), b""
    await loop.sock_sendall(theirs, data)
    while piece := await loop.sock_recv(theirs, 65536):
        heard += piece
    return heard


@pytest.mark.parametrize("data", [b"", b"GET / HT"])
def test_a_head_that_does_not_come_ends_it(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", SOON)
    server = Asked()
    assert (played(server, lambda it: said(it, data)), server.given) == (b"", [])


def test_nothing_after_an_answer_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", SOON)
    heard = played(Asked(), lambda it: said(it, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("how", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
def test_half_a_body_is_408_and_no_work_for_the_application(monkeypatch: pytest.MonkeyPatch, how: bytes) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", SOON)
    monkeypatch.setattr(connection, "LINGER_SECONDS", SOON)
    server = Asked()
    heard = played(server, lambda it: said(it, b"POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n" % how))
    assert (heard.split(b"\r\n")[0], server.given) == (b"HTTP/1.1 408 Request Timeout", [])


def test_whoever_does_not_take_the_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", SOON)
    server = Asked(b"x" * LARGE)

    async def silent(theirs: socket.socket) -> bytes:
        await asyncio.get_running_loop().sock_sendall(theirs, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return b""

    played(server, silent)
    assert [answer.body.closed for answer in server.answers] == [True]


def test_whoever_stays_after_the_last_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", SOON)
    heard = played(Asked(stopping=True), lambda it: said(it, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert b"\r\nConnection: close\r\n" in heard


def test_a_body_too_large_reaches_no_view_and_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application says itself that it was not read; a body that is only missing would look like an empty one."""
    monkeypatch.setattr(connection, "LINGER_SECONDS", SOON)
    server = Asked()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (connection.SMALL_BODY + 1)
    played(server, lambda it: said(it, head))
    assert [(given[gateway.UNREAD], given["CONTENT_LENGTH"]) for given in server.given] == [(True, "65537")]
    assert server.bodies == [b""]
