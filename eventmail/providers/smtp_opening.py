"""From a server's name to a connection that takes mail: greeting, EHLO, STARTTLS, AUTH (RFC 5321, 3207, 4954)."""

import errno
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eventmail.providers import smtp_url
from eventmail.providers.base import Refused, Transient
from eventmail.providers.smtp_refusals import SIGN_IN
from eventmail.providers.smtp_url import Server
from eventmail.providers.smtp_wire import HUNG_UP, LONGEST_WORDS, Lost, Reply, Wire

Features = dict[str, str]
GetContext = Callable[[], ssl.SSLContext]


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait, after RFC 5321 4.5.3.2. `final` is long: who gives up early at the end sends twice."""

    connect: float = 20.0
    reply: float = 60.0
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0


@dataclass(frozen=True)
class Opened:
    """A connection ready for MAIL; `features` maps what EHLO announced to its parameters, all in capitals."""

    wire: Wire
    features: Features
    signed_in: bool


def connect(server: Server, timeouts: Timeouts, context: GetContext) -> Opened:
    """Open a connection. Raises Refused for the credentials, Transient for everything else: settings can be mended."""
    wire = _reach(server, timeouts)
    try:
        with _in_words(server):
            return _introduce(wire, server, timeouts, context)
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
        words = f"The certificate of the mail server {server.host} is not trusted: {error.verify_message}"
        raise Transient(words) from error
    except OSError as error:
        if _is_end(error):
            raise Transient(HUNG_UP) from error
        words = f"No encrypted connection to the mail server {server.host}: {_reason(error)}"
        raise Transient(words) from error


def _reach(server: Server, timeouts: Timeouts) -> Wire:
    try:
        sock = socket.create_connection((server.host, server.port), timeouts.connect)
    except OSError as error:
        if _is_end(error):  # it took us in and hung up before this box told us of the first
            raise Transient(HUNG_UP) from error
        words = f"The mail server {server.host}, port {server.port}, cannot be reached: {_reason(error)}"
        raise Transient(words) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(sock)


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


def _introduce(wire: Wire, server: Server, timeouts: Timeouts, context: GetContext) -> Opened:
    if server.tls:
        wire.encrypt(context(), server.host, timeouts.connect)
    _expect(wire.reply(timeouts.reply), 220, "does not take us in")
    features = _hello(wire, timeouts)
    if not wire.encrypted and "STARTTLS" in features:
        _expect(_ask(wire, b"STARTTLS", timeouts), 220, "offers encryption, but does not begin it")
        wire.expect_silence()  # text from before the handshake may be somebody's on the way (RFC 3207 4.2)
        wire.encrypt(context(), server.host, timeouts.connect)
        features = _hello(wire, timeouts)  # what was announced in plain text is void (RFC 3207 4.2)
    if server.user:
        _sign_in(wire, server, features.get("AUTH", "").split(), timeouts)
    return Opened(wire, features, signed_in=bool(server.user))


def _hello(wire: Wire, timeouts: Timeouts) -> Features:
    reply = _ask(wire, b"EHLO " + _our_name(wire.sock).encode(), timeouts)
    _expect(reply, 250, "does not take our EHLO")
    features: Features = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.decode("ascii", "replace").upper().strip().partition(" ")
        features.setdefault(keyword, parameters)
    return features


def _our_name(sock: socket.socket) -> str:
    """This box's full name if it has one, else its address as a literal (RFC 5321 4.1.3). Asks no name server."""
    name = socket.gethostname().lower()
    if smtp_url.is_host(name) and "." in name:
        return name
    address = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _sign_in(wire: Wire, server: Server, mechanisms: list[str], timeouts: Timeouts) -> None:
    if not wire.encrypted and not smtp_url.is_loopback(str(wire.sock.getpeername()[0])):
        raise Refused(f"The mail server {server.host} offers no encryption; credentials never leave in plain text")
    user, password = server.user.encode(), server.password.encode()
    if "PLAIN" in mechanisms:
        reply = _ask(wire, b"AUTH PLAIN " + b64encode(b"\0%s\0%s" % (user, password)), timeouts)
    elif "LOGIN" in mechanisms:
        reply = _ask(wire, b"AUTH LOGIN", timeouts)
        for value in (user, password):
            if reply.code == 334:
                reply = _ask(wire, b64encode(value), timeouts)
    else:
        raise Refused(f"The mail server {server.host} offers no sign-in that eventmail knows (PLAIN or LOGIN)")
    if 500 <= reply.code < 600:
        words = f"The mail server {server.host} refuses the credentials: {reply.words or reply.code}"
        raise Refused(words[:LONGEST_WORDS], code=reply.status)
    _expect(reply, 235, "could not sign us in")


def _ask(wire: Wire, command: bytes, timeouts: Timeouts) -> Reply:
    wire.write(command + b"\r\n", timeouts.reply)
    return wire.reply(timeouts.reply)


def _expect(reply: Reply, code: int, complaint: str) -> None:
    """Raises Transient, with the server's words, for any other code; Refused when it asks for a sign-in (530)."""
    if reply.code == code:
        return
    words = f"The mail server {complaint}: {reply.words or reply.code}"[:LONGEST_WORDS]
    raise (Refused if reply.code in SIGN_IN else Transient)(words, code=reply.status)
