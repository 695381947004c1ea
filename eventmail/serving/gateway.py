"""A complete request through WSGI (PEP 3333) to a complete answer, in a thread."""

import sys
import tempfile
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from types import TracebackType
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import h11

IN_MEMORY = 256 * 1024  # bytes of a body; a larger one is in an unnamed file
_OURS = {b"connection", b"content-length", b"keep-alive", b"transfer-encoding"}  # headers that the server sets
UNREAD = "eventmail.unread"  # in the environ of a request whose body was too large to read
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
_Trace = tuple[type[BaseException], BaseException, TracebackType | None]
Application = Callable[[Environ, Callable[..., Callable[[bytes], object]]], Iterable[bytes]]


class NotOurs(Exception):
    """The target of a request is no address on a web server."""


@dataclass(frozen=True)
class Address:
    """Host and port of both ends of a connection."""

    peer: tuple[str, int]
    local: tuple[str, int]


@dataclass(frozen=True)
class Answer:
    """A complete answer; `body` is at its beginning."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: IO[bytes]


def spool() -> IO[bytes]:
    """Opens a temporary file for a body."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY)


def environ(request: h11.Request, address: Address) -> Environ:
    """Returns the WSGI environ of a request without its body. Raises NotOurs.

    Headers with an underscore are dropped: to WSGI they are those with a hyphen, which a proxy may have set. No header
    decides on the application's or the client's address.
    """
    target, host = _target(request)
    path, _, query = target.partition(b"?")
    found: Environ = {
        "REQUEST_METHOD": request.method.decode("ascii"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": target.decode("latin-1"),  # as it was sent: a signed address has one spelling
        "SERVER_PROTOCOL": f"HTTP/{request.http_version.decode('ascii')}",
        "SERVER_NAME": address.local[0],
        "SERVER_PORT": str(address.local[1]),
        "REMOTE_ADDR": address.peer[0],
        "REMOTE_PORT": str(address.peer[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in request.headers:
        if b"_" not in name and name not in (b"content-length", b"transfer-encoding"):
            _add(found, name.decode("ascii"), value.decode("latin-1"))
    if host:
        found["HTTP_HOST"] = host.decode("latin-1")  # RFC 9112 3.2.2: it overrides the header
    return found


def _target(request: h11.Request) -> tuple[bytes, bytes]:
    """Returns the path with its query, and the host if the target names it (RFC 9112 3.2)."""
    target = request.target
    if target.startswith(b"/") or (target == b"*" and request.method == b"OPTIONS"):
        return target, b""
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        raise NotOurs
    end = min((found for found in map(rest.find, (b"/", b"?")) if found >= 0), default=len(rest))
    path = rest[end:]
    return path if path.startswith(b"/") else b"/" + path, rest[:end]


def _add(found: MutableMapping[str, Any], name: str, value: str) -> None:
    key = "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}"
    separator = "; " if name == "cookie" else ","
    found[key] = f"{found[key]}{separator}{value}" if key in found else value


def answer(application: Application, given: Environ) -> Answer:
    """Returns the application's complete answer, so that a slow client occupies a file and not a thread.

    Raises what the application raises, also in the middle of its answer, of which no byte has left then.
    """
    body = spool()
    begun: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, trace: _Trace | None = None) -> Callable[[bytes], object]:
        if begun and trace is None:
            raise AssertionError("the application answers twice")
        begun[:] = [(status, headers)]
        return body.write

    try:
        chunks = application(given, start_response)
        try:
            for chunk in chunks:
                body.write(chunk)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()  # gives the database connection back
        status, headers = begun[0]
        return _ready(int(status[:3]), headers, body, empty=given["REQUEST_METHOD"] == "HEAD")
    except BaseException:
        body.close()
        raise


def _ready(status: int, headers: Headers, body: IO[bytes], *, empty: bool) -> Answer:
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    said = [value for name, value in encoded if name.lower() == b"content-length"]
    kept = [(name, value) for name, value in encoded if name.lower() not in _OURS]
    if not any(name.lower() == b"date" for name, _ in kept):
        kept.append((b"Date", formatdate(usegmt=True).encode("ascii")))
    if not empty and status not in _BODILESS:
        said = [str(body.tell()).encode("ascii")]
    if status != HTTPStatus.NO_CONTENT:
        kept += [(b"Content-Length", value) for value in said[:1]]
    body.seek(0)
    if empty or status in _BODILESS:
        body.truncate()
    return Answer(status, kept, body)


def plain(status: int, sentence: str) -> Answer:
    """Returns an answer of the server itself, without the application."""
    body = spool()
    body.write(f"{sentence}\n".encode())
    return _ready(status, [("Content-Type", "text/plain; charset=utf-8")], body, empty=False)
