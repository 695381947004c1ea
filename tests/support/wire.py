"""Bytes to a web process and back, where a client library would be too polite."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Answered:
    """One answer; `body` as long as its head says."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


class Wire:
    """One connection: `say` bytes, `hear` answers. `closed()` waits until the other side has ended it."""

    def __init__(self, port: int, said: bytes = b"") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._heard = b""
        self.say(said)

    def say(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have refused already
            self.socket.sendall(data)

    def hear(self, *, head: bool = False) -> Answered:
        """The next answer; `head`: to a HEAD, so nothing follows its head."""
        while b"\r\n\r\n" not in self._heard:
            self._more()
        said, _, self._heard = self._heard.partition(b"\r\n\r\n")
        first, *lines = said.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if head else int(headers.get("content-length", "0"))
        while len(self._heard) < length:
            self._more()
        body, self._heard = self._heard[:length], self._heard[length:]
        return Answered(int(first.split()[1]), headers, body)

    def closed(self) -> bool:
        """True once the other side has closed; whatever it says before is kept."""
        with contextlib.suppress(ConnectionResetError):
            while piece := self.socket.recv(65536):
                self._heard += piece
        return True

    def rest(self) -> bytes:
        """Everything that comes until the other side closes."""
        self.closed()
        return self._heard

    def is_open(self) -> bool:
        """Whether the other side has not closed it, and says nothing."""
        self.socket.setblocking(False)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.socket.settimeout(PATIENCE_S)

    def close(self) -> None:
        self.socket.close()

    def _more(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError(f"closed after {self._heard!r}")
        self._heard += piece


@contextlib.contextmanager
def wire(port: int, said: bytes = b"") -> Iterator[Wire]:
    """A connection, with what is said first."""
    made = Wire(port, said)
    try:
        yield made
    finally:
        made.close()


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """One request as it goes over the wire, with a Host."""
    length = (f"Content-Length: {len(body)}",) if body else ()
    return "\r\n".join((f"{method} {target} HTTP/1.1", "Host: localhost", *length, *headers, "", "")).encode() + body


def chunked(*pieces: bytes) -> bytes:
    """A body in chunks (RFC 9112 7.1)."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
