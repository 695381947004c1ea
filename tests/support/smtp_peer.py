"""A mail server that does as a test tells it, on 127.0.0.1: friendly by default, hostile step by step."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from eventmail.providers.base import Mail, Outcome, Provider
from eventmail.providers.smtp.service import Smtp, Timeouts, parse

FEATURES = ("PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN")
LOCK_STEP = tuple(feature for feature in FEATURES if feature != "PIPELINING")


class Close:
    """Hang up here."""


class Reset:
    """Hang up with a TCP reset."""


class Silence:
    """Say nothing any more, but keep the connection."""


@dataclass(frozen=True)
class Wait:
    """Say nothing for a while; a stopping peer doesn't wait."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """Say nothing until the test sets `over`; a stopping peer doesn't wait."""

    over: threading.Event = field(default_factory=threading.Event)


Part = bytes | type[Close] | type[Reset] | type[Silence] | Wait | Hold
Answer = Part | tuple[Part, ...]

FRIENDLY: dict[str, bytes] = {
    "connect": b"220 peer.example ESMTP\r\n",
    "HELO": b"250 peer.example\r\n",
    "STARTTLS": b"220 2.0.0 Go ahead\r\n",
    "AUTH": b"235 2.7.0 Welcome\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 Go ahead\r\n",
    ".": b"250 2.0.0 Ok: queued as %d\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}


@dataclass
class Taken:
    """A message whose final dot came: what the peer had said while it came, and answered then (nothing: it hung up)."""

    sender: str
    to: str
    data: bytes
    during: bytes = b""
    answered: bytes = b""


class _Over(Exception):
    """This connection has ended."""


@dataclass
class Peer:
    """`answers` maps a step to the answers it gives one after the other, over all connections; then it is friendly.

    `{to}` in an answer is the recipient whom the peer has in hand.

    Steps: connect, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, body (some of a message has come), "." (its final dot has),
    RSET, QUIT. `commands` and `messages` are what came, `begun` counts the messages of which anything came.
    """

    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    features: tuple[str, ...] = FEATURES
    tls: ssl.SSLContext | None = None
    tls_at_once: bool = False
    commands: list[str] = field(default_factory=list)
    messages: list[Taken] = field(default_factory=list)
    begun: int = 0
    connections: int = 0
    is_silent: bool = False
    packets: list[bytes] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __enter__(self) -> Self:
        self._left = {step: deque(answers) for step, answers in self.answers.items()}
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        # A large mail then can't hide in buffers: a peer that does not read keeps its end from leaving.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen)]
        self._sockets: list[socket.socket] = []
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._end(self._listener)  # the last connection is among the threads then
        self._threads[0].join(10)
        for thread in self._threads[1:]:
            thread.join(60)  # what the client said last is still to be read
        for sock in self._sockets:
            self._end(sock)
        for thread in self._threads[1:]:
            thread.join(10)

    @staticmethod
    def _end(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    @property
    def url(self) -> str:
        return f"{'smtps' if self.tls_at_once else 'smtp'}://127.0.0.1:{self.port}"

    @property
    def received(self) -> bytes:
        """Every byte that came, over all connections."""
        return b"".join(self.packets)

    def provider(self, user: str = "", timeouts: Timeouts | None = None, **options) -> Smtp:
        """A provider that hands over to this peer; `user` is `name:password`."""
        url = self.url.replace("//", f"//{user}@") if user else self.url
        return Smtp(parse(url), timeouts=timeouts or patient(), **options)

    def hand_over(self, mails: Sequence[Mail], **options) -> list[Any]:
        """The outcomes of one group, whose connections are then ended."""
        return [outcome for _, outcome in self.told(mails, **options)]

    def told(self, mails: Sequence[Mail], **options) -> list[tuple[Mail, Outcome | None]]:
        """Each mail with its outcome."""
        provider = self.provider(**options)
        try:
            return list(provider.hand_over(mails, lambda _mail: True))
        finally:
            provider.close()

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            thread.start()
            self._threads.append(thread)  # it can be joined now

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(_Over, OSError):
            sock.settimeout(120)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(self, sock)
            try:
                connection.run()
            finally:
                connection.sock.close()
        self.ended.release()

    def answer(self, step: str) -> Answer:
        """What to do at `step` this time."""
        left = self._left.get(step)
        if left:
            return left.popleft()
        if step == "EHLO":
            lines = ["peer.example", *self.features]
            return b"".join(b"250-%s\r\n" % line.encode() for line in lines[:-1]) + b"250 %s\r\n" % lines[-1].encode()
        if step == ".":
            return FRIENDLY["."] % len(self.messages)
        return FRIENDLY.get(step, b"")


class _Connection:
    """One client: reads lines, plays the peer's answers."""

    def __init__(self, peer: Peer, sock: socket.socket) -> None:
        self.peer, self.sock = peer, sock
        self.unread = b""
        self.sender = self.to = ""
        if peer.tls and peer.tls_at_once:
            self.encrypt()

    def run(self) -> None:
        self.play("connect")
        while True:
            line = self.line().rstrip(b"\r\n").decode(errors="replace")
            self.peer.commands.append(line)
            word = line.partition(" ")[0].upper()
            if word == "MAIL":
                self.sender, self.to = _path(line), ""
            elif word == "RCPT":
                self.to = _path(line)
            said = self.play(word)
            if word == "DATA" and said.startswith(b"354"):
                self.message()
            elif word == "STARTTLS" and said.startswith(b"220"):
                self.encrypt()
            elif word == "AUTH":
                while said.startswith(b"334"):
                    self.peer.commands.append(self.line().rstrip(b"\r\n").decode(errors="replace"))
                    said = self.play("AUTH")
            elif word == "QUIT":
                raise _Over

    def message(self) -> None:
        """Read up to the final dot."""
        if not self.unread:
            self.read()
        self.peer.begun += 1
        during = self.play("body")
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        taken = Taken(self.sender, self.to, b"".join(lines), during)
        self.peer.messages.append(taken)
        self.play(".", taken)

    def play(self, step: str, taken: Taken | None = None) -> bytes:
        """Give the answer to `step`, part by part; returns what was said."""
        answer = self.peer.answer(step)
        said = b""
        for part in answer if isinstance(answer, tuple) else (answer,):
            if isinstance(part, bytes):
                words = part.replace(b"{to}", self.to.encode())
                said += words
                if taken:
                    taken.answered = said
                self.sock.sendall(words)
            elif isinstance(part, Wait):
                self.peer.stopping.wait(part.seconds)
            elif isinstance(part, Hold):
                while not (part.over.wait(0.05) or self.peer.stopping.is_set()):
                    pass
            elif part is Silence:
                self.peer.is_silent = True
                while self.sock.recv(65536):
                    pass
                raise _Over
            else:
                self.hang_up(reset=part is Reset)
        return said

    def hang_up(self, *, reset: bool) -> None:
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        raise _Over

    def encrypt(self) -> None:
        assert self.peer.tls
        self.sock = self.peer.tls.wrap_socket(self.sock, server_side=True)
        self.peer._sockets.append(self.sock)

    def line(self) -> bytes:
        while b"\n" not in self.unread:
            self.read()
        line, _, self.unread = self.unread.partition(b"\n")
        return line + b"\n"

    def read(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise _Over
        self.peer.packets.append(data)
        self.unread += data


def _path(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


def patient(**seconds: float) -> Timeouts:
    """Timeouts that no friendly peer meets, except those named."""
    return Timeouts(**{"connect": 60.0, "reply": 60.0, "data": 60.0, "block": 60.0, "final": 60.0, **seconds})


def in_fragments(reply: bytes) -> tuple[Part, ...]:
    """The reply, each byte a packet of its own."""
    return tuple(reply[index : index + 1] for index in range(len(reply)))


def mail(number: int, *, data: bytes = b"", to: str = "", sender: str = "team@example.org") -> Mail:
    """Mail number `number`, to a guest of that number."""
    to = to or f"guest{number}@example.com"
    data = data or b"Subject: Mail %d\r\n\r\n.A line with a dot, %d\r\n" % (number, number)
    return Mail(f"key-{number}", f"req-{number}", 1, sender, to, data)


def mails(count: int) -> list[Mail]:
    """Mails to `count` guests."""
    return [mail(number) for number in range(count)]


def handed_over(provider: Provider, mails: Iterable[Mail]) -> Generator[Any, None, None]:
    """The outcomes of one group in the order in which they come; with few mails that is theirs."""
    with contextlib.closing(provider.hand_over(mails, lambda _mail: True)) as handing:
        for _, outcome in handing:
            yield outcome


def make_certificate(folder: Path) -> Path:
    """A self-made certificate for 127.0.0.1 with its key, in one file."""
    path = folder / "peer.pem"
    made = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    named = [
        "-subj",
        "/CN=peer.example",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(path),
        "-out",
        str(path),
    ]
    subprocess.run([*made, *named], check=True, capture_output=True)
    return path
