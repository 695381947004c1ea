"""A connection to a mail server as whole replies and counted bytes: what was surely not sent is known exactly."""

import re
import select
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from eventmail.providers import refusals

LONGEST_LINE = 8 * 1024  # bytes; RFC 5321 4.5.3.1.5 allows 512
LONGEST_REPLY = 64 * 1024
LONGEST_WORDS = 300
LONGEST_ANSWER = 600  # of an answer with several lines
_WRAPPED = 60  # a line as long as this may have been broken in the middle of a sentence
_RECORD = 16 * 1024  # what TLS encrypts and sends as one piece (RFC 8446 5.1)
# Some servers leave out the space behind a good code. A refusal has to be one beyond doubt: it lets a mail leave again.
_LINE = re.compile(rb"([23][0-9][0-9]|[45][0-9][0-9](?=[ -]|$))(?![0-9])([ -]?)(.*)", re.DOTALL)
_ENHANCED = re.compile(r"#?[245]\.[0-9]{1,3}\.[0-9]{1,3}(?:[ \t]+|$)")  # RFC 2034
_PER_CONNECTION = re.compile(
    rb"\b(?:too many|max|maximum|limit|exceeds?|exceeded|enough)\b"
    rb".*\b(?:in|on|per|for|of|each|this|one|single)[ -]"
    rb"(?:(?:this|one|a|single|each) )?(?:smtp )?(?:connection|session)\b",
    re.IGNORECASE | re.DOTALL,
)
NONSENSE = "The mail server's answer made no sense"
OUT_OF_TURN = "The mail server answered out of turn"
HUNG_UP = "The mail server closed the connection"


class Lost(Exception):
    """The connection is of no more use. `handed`: at most so many bytes of the write at hand have left."""

    def __init__(self, words: str, *, code: str = "", handed: int = 0) -> None:
        self.words = words
        self.code = code
        self.handed = handed
        super().__init__(words)


class Closed(Lost):
    """The server ended it: closed, reset, or sent us away with 421 or 452 4.5.3. Another connection may do."""


class Reply(NamedTuple):
    """A whole reply: its code, and what follows the code on each line."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """What the server said on all lines, as it said it."""
        return " ".join(line.decode(errors="replace") for line in self.lines)

    @property
    def enhanced(self) -> str:
        """The enhanced status code of RFC 3463, on whichever line it stands, or nothing."""
        codes = refusals.enhanced(self.text)
        fitting = (code for code in codes if code[0] == str(self.code)[0])
        return next(fitting, codes[0] if codes else "")

    @property
    def status(self) -> str:
        """`550 5.1.1`, or `550` from a server without enhanced codes."""
        return f"{self.code} {self.enhanced}".rstrip()

    @property
    def words(self) -> str:
        """The server's words, all lines of them, without codes and control characters, cut at a few hundred signs."""
        lines = [_without_code(line.decode(errors="replace")) for line in self.lines]
        return joined(lines, LONGEST_WORDS if len(lines) == 1 else LONGEST_ANSWER)

    @property
    def first(self) -> "Reply":
        """The first line alone, where a server that took a mail names it."""
        return Reply(self.code, self.lines[:1])

    @property
    def sends_away(self) -> bool:
        """The server wants no more on this connection: 421 (RFC 5321 3.8), or its limit of mails is reached."""
        if self.code == 421 or (self.code == 452 and self.enhanced == "4.5.3"):
            return True
        return 400 <= self.code < 500 and _PER_CONNECTION.search(b" ".join(self.lines)) is not None


class Wire:
    """One connected socket with a reader of its own."""

    def __init__(self, sock: socket.socket) -> None:
        self._unread = b""
        self.closed = False
        self._use(sock)

    @property
    def sock(self) -> socket.socket:
        return self._sock

    @property
    def encrypted(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket)

    @property
    def encryption(self) -> str:
        """The version of TLS in use, or nothing."""
        return (self._sock.version() or "") if isinstance(self._sock, ssl.SSLSocket) else ""

    def encrypt(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Continue in TLS. Raises OSError (ssl.SSLError) when the handshake fails."""
        self._sock.settimeout(seconds)
        self._use(context.wrap_socket(self._sock, server_hostname=host))

    def write(self, data: bytes, seconds: float, edge: int = 0) -> None:
        """Send all of `data`, `seconds` for each block. Raises Lost, which counts the bytes that may have left.

        The connection then stays open for reading: the server may have said why.

        Over TLS a failed write may have sent any part of its block, so a block then ends at `edge`.
        """
        self._patience(seconds)
        view, handed, block = memoryview(data), 0, len(data)
        while handed < len(view):
            if self.encrypted:
                block = min(_RECORD, edge - handed if handed < edge else len(data))
            piece = view[handed : handed + block]
            try:
                handed += self._sock.send(piece)
            except OSError as error:
                left = handed + len(piece) if self.encrypted else handed
                raise _lost(error, seconds, left) from error

    def reply(self, seconds: float) -> Reply:
        """The next whole reply, all of it within `seconds`. Raises Lost."""
        lines: list[bytes] = []
        code, size = b"", 0
        end: float | None = None
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if not newline:
                now = time.monotonic()
                left = seconds if end is None else end - now
                end = end or now + seconds
                self._read(left, seconds)
                continue
            self._unread = rest
            size += len(line)
            found = _LINE.fullmatch(line.removesuffix(b"\r"))
            if not found or (lines and found[1] != code) or len(line) > LONGEST_LINE or size > LONGEST_REPLY:
                raise self._nonsense()
            code = found[1]
            lines.append(found[3])
            if found[2] != b"-":
                return Reply(int(code), tuple(lines))

    def expect_silence(self) -> None:
        """Raises Closed when the server has hung up meanwhile, Lost when it said what nobody asked for."""
        if not self._unread and self._poll.poll(0):
            self._patience(0.0)
            try:
                self._take(self._sock.recv(LONGEST_LINE))
            except (BlockingIOError, ssl.SSLWantReadError):
                pass  # a TLS record without text, such as a session ticket
            except OSError as error:
                self.close()
                raise _lost(error, 0.0) from error
        if not self._unread:
            return
        said = self.reply(1.0)
        self.close()
        if said.code == 421:
            raise Closed(said.words or HUNG_UP, code=said.status)
        raise Lost(OUT_OF_TURN, code=said.status)

    def speaks_within(self, seconds: float) -> bool:
        """Whether the server says something, or hangs up, within `seconds`."""
        return bool(self._unread) or bool(self._poll.poll(seconds * 1000))

    def interrupt(self) -> None:
        """End the connection from another thread: whoever waits for the server wakes up, and closes it."""
        with suppress(OSError):  # it is gone already, or in the middle of a handshake, which has an end of its own
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up. What was not handed over will never leave."""
        self.closed = True
        self._sock.close()

    def _use(self, sock: socket.socket) -> None:
        self._sock = sock
        self._timeout: float | None = None
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def _patience(self, seconds: float) -> None:
        if seconds != self._timeout:  # setting it costs a system call
            self._sock.settimeout(seconds)
            self._timeout = seconds

    def _read(self, left: float, seconds: float) -> None:
        if len(self._unread) > LONGEST_LINE:
            raise self._nonsense()
        if left <= 0:
            self.close()
            raise _lost(TimeoutError(), seconds)
        self._patience(left)
        try:
            self._take(self._sock.recv(LONGEST_LINE))
        except OSError as error:
            self.close()
            raise _lost(error, seconds) from error

    def _take(self, data: bytes) -> None:
        if not data:
            self.close()
            raise Closed(HUNG_UP)
        self._unread += data

    def _nonsense(self) -> Lost:
        self.close()
        return Lost(NONSENSE)


def joined(lines: Sequence[str], longest: int) -> str:
    """The lines of one answer as sentences: where a new one begins, a semicolon parts them.

    What repeats a line is left out. At most `longest` characters; of more, the beginning and the end are kept, since
    servers end with what they mean.
    """
    text, before = "", ""
    for line in (" ".join(line.split()) for line in lines):
        if f" {line} " in f" {text} ":  # nothing, or nothing new
            continue
        begins = len(before) < _WRAPPED and before[-1:] not in tuple(".,;:!?") and line[:2].istitle()
        text += f"{'; ' if text and begins else ' ' if text else ''}{line}"
        before = line
    if len(text) <= longest or len(lines) == 1:
        return text[:longest]
    end = longest // 3
    return f"{text[: longest - end - 3].rstrip()} … {text[-end:].lstrip()}"[:longest]


def _without_code(line: str) -> str:
    """A line of an answer, printable, without the enhanced code that it may begin with."""
    found = _ENHANCED.match(line)
    line = line[found.end() :] if found else line
    return line if line.isprintable() else "".join(sign if sign.isprintable() else " " for sign in line)


def _lost(error: OSError, seconds: float, handed: int = 0) -> Lost:
    if isinstance(error, TimeoutError):
        return Lost(f"The mail server did not answer within {seconds:g} seconds", handed=handed)
    return Closed(HUNG_UP, handed=handed)
