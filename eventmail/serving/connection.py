"""One connection: requests and answers in turn by HTTP/1.1 (h11), each step with a deadline."""

import asyncio
import contextlib
import io
import socket
from collections.abc import Awaitable
from http import HTTPStatus
from typing import IO, Protocol, TypeVar

import h11

from eventmail.serving import gateway
from eventmail.serving.gateway import Address, Answer, Environ, NotOurs

HEAD_SECONDS = 15.0  # to receive a head, from the connection or the previous answer on
BODY_SECONDS = 30.0  # to receive a body or send an answer, and …
BYTES_PER_SECOND = 16 * 1024  # … a second more for so many bytes, for a large file over a slow line
LINGER_SECONDS = 2.0  # for a client that still writes to read why it was refused
HEAD_BYTES = 16 * 1024  # of an incomplete head; the piece with its end may add as many
SMALL_BODY = 64 * 1024  # the application is asked before more of a body is read
_PIECE = 64 * 1024
_REASONS = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}
T = TypeVar("T")


class Server(Protocol):
    """What a connection needs of its process."""

    stopping: bool

    async def largest_body(self, given: Environ) -> int:
        """Returns how many bytes the sender of this head may send."""

    async def answer(self, given: Environ, *, first: bool) -> Answer:
        """Returns the application's answer. `first`: ahead of clients that did not wait for an answer."""


class Connection:
    """A connection; `waits` while the application does no work for it."""

    def __init__(self, server: Server, taken: socket.socket, address: Address) -> None:
        self.address = address
        self.waits = True
        self.idle = True  # no byte of a request has arrived
        self._ahead = False  # the client asked again without waiting for the answer, so others go first
        self._server = server
        self._socket = taken
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, HEAD_BYTES)

    async def serve(self) -> None:
        """Answer requests until either side ends. Missed deadlines and vanished clients raise nothing."""
        try:
            with contextlib.suppress(OSError, TimeoutError, h11.LocalProtocolError):
                while await self._exchange():
                    pass
                await self._linger()
        finally:
            self._socket.close()

    async def _exchange(self) -> bool:
        """Answer one request; returns whether another may follow."""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                request = await self._event()
            if not isinstance(request, h11.Request):
                return False
            ready = await self._answer(request)
        except h11.RemoteProtocolError as error:
            ready = gateway.plain(error.error_status_hint, "This is no request that a web server understands.")
        except NotOurs:
            ready = gateway.plain(HTTPStatus.BAD_REQUEST, "This server does not pass requests on.")
        with ready.body:
            await self._send(ready)
        if (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE) or self._server.stopping:
            return False
        self._http.start_next_cycle()
        self._ahead = bool(self._http.trailing_data[0])
        self.idle = not self._ahead
        return True

    async def _answer(self, request: h11.Request) -> Answer:
        if not request.http_version.startswith(b"1."):
            return gateway.plain(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1.")
        given = gateway.environ(request, self.address)
        names = {name for name, _ in request.headers}
        if {b"content-length", b"transfer-encoding"} <= names:  # a proxy may have believed the other length
            return gateway.plain(HTTPStatus.BAD_REQUEST, "The request tells the length of its body twice.")
        said = next((int(value) for name, value in request.headers if name == b"content-length"), 0)
        with gateway.spool() as body:
            try:
                given["CONTENT_LENGTH"] = str(await self._receive(given, body, said))
            except TimeoutError:
                return gateway.plain(HTTPStatus.REQUEST_TIMEOUT, "The request took too long. Nothing was changed.")
            body.seek(0)
            given["wsgi.input"] = io.BytesIO() if gateway.UNREAD in given else body
            return await self._worked(self._server.answer(given, first=not self._ahead))

    async def _receive(self, given: Environ, body: IO[bytes], said: int) -> int:
        """Read the body into `body` and return its length. A body that is too long is not read to its end.

        `given` then has UNREAD, and the application refuses in its own words.
        """
        allowed = SMALL_BODY if said <= SMALL_BODY else await self._allowed(given, said)
        if said > allowed:
            given[gateway.UNREAD] = True
            return said
        if self._http.they_are_waiting_for_100_continue:
            go_on = self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
            async with asyncio.timeout(BODY_SECONDS):
                await self._loop.sock_sendall(self._socket, go_on)
        length, began = 0, self._loop.time()
        async with asyncio.timeout(BODY_SECONDS) as limit:
            while isinstance(event := await self._event(), h11.Data):
                length += len(event.data)
                if length > allowed:  # chunks do not announce their total
                    limit.reschedule(None)
                    allowed = await self._allowed(given, length)
                    if length > allowed:
                        given[gateway.UNREAD] = True
                        return length
                body.write(event.data)
                limit.reschedule(began + BODY_SECONDS + length / BYTES_PER_SECOND)
        if isinstance(event, h11.ConnectionClosed):
            raise ConnectionAbortedError
        return length

    async def _allowed(self, given: Environ, length: int) -> int:
        return await self._worked(self._server.largest_body({**given, "CONTENT_LENGTH": str(length)}))

    async def _worked(self, work: Awaitable[T]) -> T:
        self.waits = False
        try:
            return await work
        finally:
            self.waits = True

    async def _event(self) -> object:
        """Returns h11's next event and reads from the socket as long as it needs data."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            piece = await self._loop.sock_recv(self._socket, HEAD_BYTES)
            self.idle = False
            self._http.receive_data(piece)
        return event

    async def _send(self, ready: Answer) -> None:
        closing = [(b"Connection", b"close")] if self._server.stopping else []
        reason = _REASONS.get(ready.status, b"")
        head = h11.Response(status_code=ready.status, headers=ready.headers + closing, reason=reason)
        data, sent, began = self._http.send(head) or b"", 0, self._loop.time()
        async with asyncio.timeout(BODY_SECONDS) as limit:
            while piece := ready.body.read(_PIECE):
                data += self._http.send(h11.Data(data=piece)) or b""
                await self._loop.sock_sendall(self._socket, data)
                sent += len(data)
                data = b""
                limit.reschedule(began + BODY_SECONDS + sent / BYTES_PER_SECOND)
            data += self._http.send(h11.EndOfMessage()) or b""
            await self._loop.sock_sendall(self._socket, data)

    async def _linger(self) -> None:
        """Read on for a while: closing with unread data would take the answer from a client that still writes."""
        self._socket.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(LINGER_SECONDS):
            while await self._loop.sock_recv(self._socket, _PIECE):
                pass
