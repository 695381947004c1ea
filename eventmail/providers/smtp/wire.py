"""A connection to a mail server, in whole replies and counted bytes, so that unsent bytes are known exactly."""

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
LONGEST_ANSWER = 600  # characters of an answer with several lines
_WRAPPED = 60  # a line as long as this may have been broken in the middle of a sentence
_RECORD = 16 * 1024  # bytes that TLS encrypts and sends as one piece (RFC 8446 5.1)
# Some servers leave out the space behind a good code. A refusal must be beyond doubt: after it the mail leaves again.
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
    """The connection is of no more use. `handed`: at most so many bytes of the current write have left."""

    def __init__(self, words: str, *, code: str = "", handed: int = 0) -> None:
        self.words = words
        self.code = code
        self.handed = handed
        super().__init__(words)


class Closed(Lost):
    """The server closed or reset the connection, or sent us away (421, 452 4.5.3). Another connection may do."""


class Reply(NamedTuple):
    """A whole reply: its code, and the text behind the code of each line."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """All lines, unchanged, in one."""
        return " ".join(line.decode(errors="replace") for line in self.lines)

    @property
    def enhanced(self) -> str:
        """The enhanced status code of RFC 3463 from any line; "" for none."""
        codes = refusals.enhanced(self.text)
        fitting = (code for code in codes if code[0] == str(self.code)[0])
        return next(fitting, codes[0] if codes else "")

    @property
    def status(self) -> str:
        """`550 5.1.1`, or `550` from a server without enhanced codes."""
        return f"{self.code} {self.enhanced}".rstrip()

    @property
    def words(self) -> str:
        """The words of all lines, without codes and control characters, cut at a few hundred characters."""
        lines = [_without_code(line.decode(errors="replace")) for line in self.lines]
        return joined(lines, LONGEST_WORDS if len(lines) == 1 else LONGEST_ANSWER)

    @property
    def sends_away(self) -> bool:
        """Whether the server ends this connection: with 421 (RFC 5321 3.8), or since its limit of mails is reached."""
        if self.code == 421 or (self.code == 452 and self.enhanced == "4.5.3"):
            return True
        return 400 <= self.code < 500 and _PER_CONNECTION.search(b" ".join(self.lines)) is not None


class Wire:
    """One connected socket, and the bytes read from it that belong to no reply yet."""

    def __init__(self, sock: socket.socket) -> None:
        self._unread = b""
        self.closed = False
        self._use(sock)

    @property
    def encrypted(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket)

    @property
    def encryption(self) -> str:
        """The version of TLS in use, "" for none."""
        return (self.sock.version() or "") if isinstance(self.sock, ssl.SSLSocket) else ""

    def encrypt(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Continue in TLS. Raises OSError (ssl.SSLError) when the handshake fails."""
        self.sock.settimeout(seconds)
        self._use(context.wrap_socket(self.sock, server_hostname=host))

    def write(self, data: bytes, seconds: float, edge: int = 0) -> None:
        """Send all of `data`, `seconds` for each block. Raises Lost, with the number of bytes that may have left.

        The connection then stays open for reading, since the server may have said why. Over TLS a failed write may have
        sent any part of its block, so there a block ends at `edge`.
        """
        self._patience(seconds)
        view, handed, block = memoryview(data), 0, len(data)
        while handed < len(view):
            if self.encrypted:
                block = min(_RECORD, edge - handed if handed < edge else len(data))
            piece = view[handed : handed + block]
            try:
                handed += self.sock.send(piece)
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
                raise self._end(Lost(NONSENSE))
            code = found[1]
            lines.append(found[3])
            if found[2] != b"-":
                return Reply(int(code), tuple(lines))

    def expect_silence(self) -> None:
        """Raises Closed when the server has hung up meanwhile, Lost when it said something unasked."""
        if not self._unread and self._poll.poll(0):
            self._patience(0.0)
            try:
                self._take(self.sock.recv(LONGEST_LINE))
            except (BlockingIOError, ssl.SSLWantReadError):
                pass  # a TLS record without text, such as a session ticket
            except OSError as error:
                raise self._end(_lost(error, 0.0)) from error
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
        """End the connection from another thread: the thread that waits for the server wakes up and closes it."""
        with suppress(OSError):  # it is gone already, or in a handshake, which has a timeout of its own
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up. Unsent bytes will never leave."""
        self.closed = True
        self.sock.close()

    def _use(self, sock: socket.socket) -> None:
        self.sock = sock
        self._timeout: float | None = None
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def _patience(self, seconds: float) -> None:
        if seconds != self._timeout:  # setting it costs a system call
            self.sock.settimeout(seconds)
            self._timeout = seconds

    def _read(self, left: float, seconds: float) -> None:
        if len(self._unread) > LONGEST_LINE:
            raise self._end(Lost(NONSENSE))
        if left <= 0:
            raise self._end(_lost(TimeoutError(), seconds))
        self._patience(left)
        try:
            self._take(self.sock.recv(LONGEST_LINE))
        except OSError as error:
            raise self._end(_lost(error, seconds)) from error

    def _take(self, data: bytes) -> None:
        if not data:
            raise self._end(Closed(HUNG_UP))
        self._unread += data

    def _end(self, why: Lost) -> Lost:
        self.close()
        return why


def joined(lines: Sequence[str], longest: int) -> str:
    """The lines of one answer as one text, with a semicolon before each new sentence and without repeated lines.

    Of more than `longest` characters the beginning and the end are kept, since servers say what they mean at the end.
    """
    text, before = "", ""
    for line in (" ".join(line.split()) for line in lines):
        if f" {line} " in f" {text} ":  # the line is empty, or a repetition
            continue
        begins = len(before) < _WRAPPED and before[-1:] not in tuple(".,;:!?") and line[:2].istitle()
        text += f"{'; ' if text and begins else ' ' if text else ''}{line}"
        before = line
    if len(text) <= longest or len(lines) == 1:
        return text[:longest]
    end = longest // 3
    return f"{text[: longest - end - 3].rstrip()} … {text[-end:].lstrip()}"[:longest]


def _without_code(line: str) -> str:
    """A line of an answer with printable characters only, and without an enhanced code at its beginning."""
    found = _ENHANCED.match(line)
    line = line[found.end() :] if found else line
    return line if line.isprintable() else "".join(sign if sign.isprintable() else " " for sign in line)


def _lost(error: OSError, seconds: float, handed: int = 0) -> Lost:
    if isinstance(error, TimeoutError):
        return Lost(f"The mail server did not answer within {seconds:g} seconds", handed=handed)
    return Closed(HUNG_UP, handed=handed)
