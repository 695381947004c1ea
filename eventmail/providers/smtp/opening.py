"""From a server's name to a connection that takes mail: greeting, EHLO, STARTTLS, AUTH (RFC 5321, 3207, 4954)."""

import errno
import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eventmail.providers.base import Refused, Transient
from eventmail.providers.smtp import url
from eventmail.providers.smtp.refusals import SIGN_IN
from eventmail.providers.smtp.url import Server
from eventmail.providers.smtp.wire import HUNG_UP, LONGEST_WORDS, Lost, Reply, Wire

Features = dict[str, str]
GetContext = Callable[[], ssl.SSLContext]
PROBE_SECONDS = 4.0
GIVEN_UP = "The connection was given up, since nobody needs it any more"
NOT_THIS_WAY = {500, 501, 502, 503, 504, 534}  # about the way to sign in, not about the credentials (RFC 4954 4)
_SAYS_SO = re.compile(r"\b(?:mechanism|authentication (?:type|method))\b", re.IGNORECASE)  # some with 535, as if wrong
HURRY_SECONDS = 4.0  # for an address of the server that is not its last


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait, after RFC 5321 4.5.3.2. `final` is long: who gives up early at the end sends twice.

    `silence` is how long a server may say nothing before it is asked whether it awaits TLS from the first byte.
    """

    connect: float = 20.0
    reply: float = 300.0
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0
    silence: float = 5.0


@dataclass(frozen=True)
class Opened:
    """A connection ready for MAIL; `features` maps what EHLO announced to its parameters, all in capitals.

    `trusted` is false for TLS within this box, whose certificate is not looked at.
    """

    wire: Wire
    features: Features
    signed_in: bool
    trusted: bool = True


class Steps:
    """How far an opening is, for whoever waits for it or gives it up, in whatever thread."""

    def __init__(self) -> None:
        self.began = self.since = time.monotonic()
        self.words = "to be reached"
        self._wire: Wire | None = None
        self._given_up = False

    @property
    def given_up(self) -> bool:
        """Whether nobody needs the connection any more."""
        return self._given_up

    def now(self, words: str, wire: Wire) -> None:
        """It waits for the server `words`, as in "to greet". Raises Lost when it was given up."""
        self.words, self.since, self._wire = words, time.monotonic(), wire
        if self._given_up:
            raise Lost(GIVEN_UP)

    def give_up(self) -> None:
        """End it: what waits for an answer wakes up, what comes next does not begin."""
        self._given_up = True
        if self._wire:
            self._wire.interrupt()


def connect(server: Server, timeouts: Timeouts, context: GetContext, steps: Steps | None = None) -> Opened:
    """Open a connection. Raises Refused for the credentials, Transient for everything else: settings can be mended."""
    wire = _reach(server, timeouts)
    try:
        with _in_words(server):
            return _introduce(wire, server, timeouts, context, steps or Steps())
    except BaseException:
        wire.close()
        raise


@contextmanager
def _in_words(server: Server) -> Iterator[None]:
    try:
        yield
    except Lost as lost:
        raise Transient(lost.words, code=lost.code) from lost
    except ssl.SSLCertVerificationError as error:
        words = (
            f"The certificate of the mail server {server.host} is not trusted: {error.verify_message}. "
            "If the server is yours, name the file that holds its certificate in SSL_CERT_FILE"
        )
        raise Transient(words) from error
    except OSError as error:
        if _is_end(error):
            raise Transient(HUNG_UP) from error
        words = f"No encrypted connection to the mail server {server.host}: {_reason(error)}"
        raise Transient(words) from error


def _reach(server: Server, timeouts: Timeouts) -> Wire:
    try:
        sock = _connected(server, timeouts.connect)
    except OSError as error:
        if _is_end(error):  # it took us in and hung up before this box told us of the first
            raise Transient(HUNG_UP) from error
        words = f"The mail server {server.host}, port {server.port}, cannot be reached: {_reason(error)}"
        raise Transient(words) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(sock)


def _connected(server: Server, seconds: float) -> socket.socket:
    """A socket to the first address of the server that answers, all within `seconds`.

    Often IPv6 is announced and leads nowhere. Such an address must not use up the time, nor one that is only slow be
    given up while there is time left.
    """
    end = time.monotonic() + seconds
    found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    while True:
        silent = []
        for address in addresses:
            left = max(0.1, end - time.monotonic())
            try:
                wait = left if address == addresses[-1] else min(left, HURRY_SECONDS)
                return socket.create_connection((address, server.port), wait)
            except TimeoutError:
                silent.append(address)
                failed: OSError = TimeoutError()
            except OSError as error:
                failed = error
        if not silent or time.monotonic() >= end:
            raise failed
        addresses = silent


def _is_end(error: OSError) -> bool:
    """Whether the server ended the connection. How that is reported depends on who was quicker, and says no more."""
    return (
        isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)
        and not isinstance(error, ConnectionRefusedError)
    ) or error.errno == errno.ENOTCONN


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return error.strerror or str(error)


def _introduce(wire: Wire, server: Server, timeouts: Timeouts, context: GetContext, steps: Steps) -> Opened:
    trusted = True
    if server.tls:
        steps.now("to begin encryption", wire)
        wire.encrypt(context(), server.host, timeouts.connect)
    steps.now("to greet", wire)
    _expect(_greeting(wire, server, timeouts), 220, "does not take us in")
    features = _hello(wire, timeouts, steps)
    if not wire.encrypted and "STARTTLS" in features:
        steps.now("to begin encryption", wire)
        _expect(_ask(wire, b"STARTTLS", timeouts), 220, "offers encryption, but does not begin it")
        wire.expect_silence()  # text from before the handshake may be somebody's on the way (RFC 3207 4.2)
        trusted = not _is_this_box(wire)
        wire.encrypt(context() if trusted else _blind(), server.host, timeouts.reply)
        features = _hello(wire, timeouts, steps)  # what was announced in plain text is void (RFC 3207 4.2)
    if server.user:
        steps.now("to sign us in", wire)
        _sign_in(wire, server, features.get("AUTH", "").split(), timeouts)
    return Opened(wire, features, bool(server.user), trusted)


def _greeting(wire: Wire, server: Server, timeouts: Timeouts) -> Reply:
    """The server's first words. One that says nothing may await TLS, which would go on until somebody gives up."""
    is_silent = not server.tls and timeouts.silence < timeouts.reply and not wire.speaks_within(timeouts.silence)
    if is_silent and _speaks_tls(server, timeouts):
        raise Transient(
            f"The mail server {server.host} awaits encryption from the first byte on port {server.port}: "
            "EVENTMAIL_SMTP_URL must begin with smtps:// for it"
        )
    return wire.reply(timeouts.reply)


def _speaks_tls(server: Server, timeouts: Timeouts) -> bool:
    """Whether TLS is what the server awaits; asked on a connection of its own, which spoils nothing on the first."""
    seconds = min(timeouts.silence, PROBE_SECONDS)
    try:
        with socket.create_connection((server.host, server.port), seconds) as sock, _blind().wrap_socket(sock):
            return True
    except OSError:
        return False


def _blind() -> ssl.SSLContext:
    """TLS that asks nobody who they are: for what stays on this box, or is told nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_this_box(wire: Wire) -> bool:
    return url.is_loopback(str(wire.sock.getpeername()[0]))


def _hello(wire: Wire, timeouts: Timeouts, steps: Steps) -> Features:
    """What the server announces; nothing when it is so old that it only knows HELO (RFC 5321 3.2)."""
    steps.now("to answer our EHLO", wire)
    name = _our_name(wire.sock).encode()
    reply = _ask(wire, b"EHLO " + name, timeouts)
    if reply.code >= 500:
        _expect(_ask(wire, b"HELO " + name, timeouts), 250, "does not take our HELO")
        return {}
    _expect(reply, 250, "does not take our EHLO")
    features: Features = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.decode("ascii", "replace").upper().strip().partition(" ")
        if keyword.startswith("AUTH="):  # how it was written before RFC 2554
            keyword, parameters = "AUTH", f"{keyword[5:]} {parameters}"
        if keyword == "AUTH":
            parameters = f"{features.pop(keyword, '')} {parameters}".strip()
        features.setdefault(keyword, parameters)
    return features


def _our_name(sock: socket.socket) -> str:
    """This box's full name if it has one, else its address as a literal (RFC 5321 4.1.3). Asks no name server."""
    name = socket.gethostname().lower()
    if url.is_host(name) and "." in name:
        return name
    address = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _sign_in(wire: Wire, server: Server, mechanisms: list[str], timeouts: Timeouts) -> None:
    if not wire.encrypted and not _is_this_box(wire):
        raise Refused(f"The mail server {server.host} offers no encryption; credentials never leave in plain text")
    offered = [ask for name, ask in (("PLAIN", _plain), ("LOGIN", _login)) if name in mechanisms]
    if not offered:
        raise Refused(f"The mail server {server.host} offers no sign-in that eventmail knows (PLAIN or LOGIN)")
    reply = offered[0](wire, server, timeouts)
    if (reply.code in NOT_THIS_WAY or _SAYS_SO.search(reply.text)) and reply.code != 235 and len(offered) > 1:
        reply = offered[1](wire, server, timeouts)
    if 500 <= reply.code < 600:
        words = f"The mail server {server.host} refuses the credentials: {reply.words or reply.code}"
        raise Refused(words[:LONGEST_WORDS], code=reply.status)
    _expect(reply, 235, "could not sign us in")


def _plain(wire: Wire, server: Server, timeouts: Timeouts) -> Reply:
    """AUTH PLAIN (RFC 4616). Some servers overlook what came with the command, and ask for it once more."""
    response = b64encode(b"\0%s\0%s" % (server.user.encode(), server.password.encode()))
    reply = _ask(wire, b"AUTH PLAIN " + response, timeouts)
    return _ask(wire, response, timeouts) if reply.code == 334 else reply


def _login(wire: Wire, server: Server, timeouts: Timeouts) -> Reply:
    """AUTH LOGIN, whatever the two questions are, also none."""
    reply = _ask(wire, b"AUTH LOGIN", timeouts)
    for value in (server.user.encode(), server.password.encode()):
        if reply.code == 334:
            reply = _ask(wire, b64encode(value), timeouts)
    return reply


def _ask(wire: Wire, command: bytes, timeouts: Timeouts) -> Reply:
    wire.write(command + b"\r\n", timeouts.reply)
    return wire.reply(timeouts.reply)


def _expect(reply: Reply, code: int, complaint: str) -> None:
    """Raises Transient, with the server's words, for any other code; Refused when it asks for a sign-in (530)."""
    if reply.code == code:
        return
    words = f"The mail server {complaint}: {reply.words or reply.code}"[:LONGEST_WORDS]
    raise (Refused if reply.code in SIGN_IN else Transient)(words, code=reply.status)
