"""One connection: requests and answers in turn (h11 knows HTTP/1.1), each step with a deadline."""

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

HEAD_SECONDS = 15.0  # for a head to be complete, from the connection or the answer before it
BODY_SECONDS = 30.0  # for a body to be here, or an answer to be taken, …
BYTES_PER_SECOND = 16 * 1024  # … and one more for each of these, which lets a large file over a slow line
LINGER_SECONDS = 2.0  # for a client to read why it was refused while it goes on writing
HEAD_BYTES = 16 * 1024  # of a head that is not complete; what arrives with its end may be as much again
SMALL_BODY = 64 * 1024  # what is read of anybody; for more the application is asked first
_PIECE = 64 * 1024
T = TypeVar("T")


class Server(Protocol):
    """What a connection needs of the process."""

    stopping: bool

    async def largest_body(self, given: Environ) -> int:
        """How many bytes whoever sent this head may send."""

    async def answer(self, given: Environ, *, first: bool) -> Answer:
        """What the application answers; `first`: before those who asked ahead."""


class Connection:
    """`await connection.serve()`: until either side has enough. `waits` while no work for it is under way."""

    def __init__(self, server: Server, taken: socket.socket, address: Address) -> None:
        self.address = address
        self.waits = True
        self.idle = True  # not one byte of a request is here
        self._ahead = False  # it asked again before it was answered, so that others go first
        self._server = server
        self._socket = taken
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, HEAD_BYTES)

    async def serve(self) -> None:
        """Answer what comes; a deadline that passes, or a client that leaves, ends it quietly."""
        try:
            with contextlib.suppress(OSError, TimeoutError, h11.LocalProtocolError):
                while await self._exchange():
                    pass
                await self._linger()
        finally:
            self._socket.close()

    async def _exchange(self) -> bool:
        """One request and its answer: whether another may follow."""
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
        if {b"content-length", b"transfer-encoding"} <= names:  # two lengths: a proxy may have believed the other
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
        """The length of the body, which is in `body` afterwards. One that is too long is not read on.

        The application then finds UNREAD, and says so in its own words.
        """
        allowed = SMALL_BODY
        if said > allowed:
            allowed = await self._allowed(given, said)
            if said > allowed:
                given[gateway.UNREAD] = True
                return said
        if self._http.they_are_waiting_for_100_continue:
            await self._say(h11.InformationalResponse(status_code=100, headers=[]))
        length, began = 0, self._loop.time()
        async with asyncio.timeout(BODY_SECONDS) as limit:
            while isinstance(event := await self._event(), h11.Data):
                length += len(event.data)
                if length > allowed:  # chunks, which did not say how many there would be
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
        """What comes next, from the socket where nothing of it is here yet."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            piece = await self._loop.sock_recv(self._socket, HEAD_BYTES)
            self.idle = False
            self._http.receive_data(piece)
        return event

    async def _say(self, event: h11.InformationalResponse) -> None:
        async with asyncio.timeout(BODY_SECONDS):
            await self._loop.sock_sendall(self._socket, self._http.send(event) or b"")

    async def _send(self, ready: Answer) -> None:
        closing = [(b"Connection", b"close")] if self._server.stopping else []
        head = h11.Response(status_code=ready.status, headers=ready.headers + closing, reason=_reason(ready.status))
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
        """Closing on what nobody has read would take the answer away from a client that is still writing."""
        self._socket.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(LINGER_SECONDS):
            while await self._loop.sock_recv(self._socket, _PIECE):
                pass


def _reason(status: int) -> bytes:
    with contextlib.suppress(ValueError):
        return HTTPStatus(status).phrase.encode("ascii")
    return b""
