"""Opens a connection that takes mail: greeting, EHLO, STARTTLS, AUTH (RFC 5321, 3207, 4954)."""

import errno
import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from eventmail.providers.base import Refused, Transient
from eventmail.providers.smtp import url
from eventmail.providers.smtp.refusals import SIGN_IN
from eventmail.providers.smtp.wire import HUNG_UP, LONGEST_WORDS, Lost, Reply, Wire

Features = dict[str, str]
GetContext = Callable[[], ssl.SSLContext]
PROBE_SECONDS = 4.0
GIVEN_UP = "The connection was given up, since nobody needs it any more"
NOT_THIS_WAY = {500, 501, 502, 503, 504, 534}  # the mechanism is refused, not the credentials (RFC 4954 4)
_SAYS_SO = re.compile(r"\b(?:mechanism|authentication (?:type|method))\b", re.IGNORECASE)  # some say it with 535
HURRY_SECONDS = 4.0  # for each address of the server but the last


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait, after RFC 5321 4.5.3.2."""

    connect: float = 20.0
    reply: float = 300.0
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0  # long, since giving up early at the end means sending twice
    silence: float = 5.0  # for a greeting, before we look whether the server awaits TLS from the first byte


@dataclass(frozen=True)
class Opened:
    """A connection ready for MAIL; `features` maps the keywords of EHLO to their parameters, all in capitals."""

    wire: Wire
    features: Features
    signed_in: bool
    trusted: bool = True  # false after STARTTLS within this box, where the certificate is not checked


class Opening:
    """One connection being opened; any thread may read how far it is, or give it up. `wide`: others work already."""

    def __init__(self, *, wide: bool = False) -> None:
        self.wide = wide
        self.began = self.since = time.monotonic()
        self.words = "to be reached"
        self.given_up = False
        self._wire: Wire | None = None

    def now(self, words: str, wire: Wire) -> None:
        """Note what we wait for the server to do, as in "to greet". Raises Lost when the opening was given up."""
        self.words, self.since, self._wire = words, time.monotonic(), wire
        if self.given_up:
            raise Lost(GIVEN_UP)

    def give_up(self) -> None:
        """End the opening: a thread that waits for an answer wakes up, and no further step begins."""
        self.given_up = True
        if self._wire:
            self._wire.interrupt()


def connect(server: url.Server, timeouts: Timeouts, context: GetContext, opening: Opening | None = None) -> Opened:
    """Open a connection. Raises Refused for the credentials, else Transient, since settings can be corrected."""
    try:
        sock = _connected(server, timeouts.connect)
    except OSError as error:
        raise _transient(
            error, server, f"The mail server {server.host}, port {server.port}, cannot be reached"
        ) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire = Wire(sock)
    try:
        return _introduce(wire, server, timeouts, context, opening or Opening())
    except BaseException as error:
        wire.close()
        if isinstance(error, Lost | OSError):
            raise _transient(error, server, f"No encrypted connection to the mail server {server.host}") from error
        raise


def _transient(error: Lost | OSError, server: url.Server, usual: str) -> Transient:
    """Returns the outcome for `error`; its sentence begins with `usual` unless the error has one of its own."""
    if isinstance(error, Lost):
        return Transient(error.words, code=error.code)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Transient(
            f"The certificate of the mail server {server.host} is not trusted: {error.verify_message}. "
            "If the server is yours, name the file that holds its certificate in SSL_CERT_FILE"
        )
    # The server may have hung up even before this box told us of the connection.
    return Transient(HUNG_UP if _is_end(error) else f"{usual}: {_reason(error)}")


def _connected(server: url.Server, seconds: float) -> socket.socket:
    """A socket to the first address of the server that answers, all within `seconds`.

    An IPv6 address is often announced and leads nowhere, so no address but the last may use up the time. An address
    that is only slow is tried again while time is left.
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
    """Whether the server ended the connection. The kind of error depends on timing alone and tells nothing more."""
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


def _introduce(wire: Wire, server: url.Server, timeouts: Timeouts, context: GetContext, opening: Opening) -> Opened:
    trusted = True
    if server.tls:
        opening.now("to begin encryption", wire)
        wire.encrypt(context(), server.host, timeouts.connect)
    opening.now("to greet", wire)
    _expect(_greeting(wire, server, timeouts), 220, "does not take us in")
    features = _hello(wire, timeouts, opening)
    if not wire.encrypted and "STARTTLS" in features:
        opening.now("to begin encryption", wire)
        _expect(_ask(wire, b"STARTTLS", timeouts), 220, "offers encryption, but does not begin it")
        wire.expect_silence()  # somebody on the way may have put text before the handshake (RFC 3207 4.2)
        trusted = not _is_this_box(wire)
        wire.encrypt(context() if trusted else _blind(), server.host, timeouts.reply)
        features = _hello(wire, timeouts, opening)  # what was announced in plain text is void (RFC 3207 4.2)
    if server.user:
        opening.now("to sign us in", wire)
        _sign_in(wire, server, features.get("AUTH", "").split(), timeouts)
    return Opened(wire, features, bool(server.user), trusted)


def _greeting(wire: Wire, server: url.Server, timeouts: Timeouts) -> Reply:
    """The server's greeting. A silent server may await TLS, and both sides would wait until one gives up."""
    is_silent = not server.tls and timeouts.silence < timeouts.reply and not wire.speaks_within(timeouts.silence)
    if is_silent and _speaks_tls(server, timeouts):
        raise Transient(
            f"The mail server {server.host} awaits encryption from the first byte on port {server.port}: "
            "EVENTMAIL_SMTP_URL must begin with smtps:// for it"
        )
    return wire.reply(timeouts.reply)


def _speaks_tls(server: url.Server, timeouts: Timeouts) -> bool:
    """Whether the server awaits TLS; tried on another connection, so that the first one stays as it is."""
    seconds = min(timeouts.silence, PROBE_SECONDS)
    try:
        with socket.create_connection((server.host, server.port), seconds) as sock, _blind().wrap_socket(sock):
            return True
    except OSError:
        return False


def _blind() -> ssl.SSLContext:
    """TLS without a check of the certificate: within this box, and for a probe that tells nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_this_box(wire: Wire) -> bool:
    return url.is_loopback(str(wire.sock.getpeername()[0]))


def _hello(wire: Wire, timeouts: Timeouts, opening: Opening) -> Features:
    """The features that the server announces; none for an old one that only knows HELO (RFC 5321 3.2)."""
    opening.now("to answer our EHLO", wire)
    name = _our_name(wire.sock).encode()
    reply = _ask(wire, b"EHLO " + name, timeouts)
    if reply.code >= 500:
        _expect(_ask(wire, b"HELO " + name, timeouts), 250, "does not take our HELO")
        return {}
    _expect(reply, 250, "does not take our EHLO")
    features: Features = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.decode("ascii", "replace").upper().strip().partition(" ")
        if keyword.startswith("AUTH="):  # the spelling from before RFC 2554
            keyword, parameters = "AUTH", f"{keyword[5:]} {parameters}"
        if keyword == "AUTH":
            parameters = f"{features.pop(keyword, '')} {parameters}".strip()
        features.setdefault(keyword, parameters)
    return features


def _our_name(sock: socket.socket) -> str:
    """This box's full name, or its address as a literal if it has none (RFC 5321 4.1.3). Asks no name server."""
    name = socket.gethostname().lower()
    if url.is_host(name) and "." in name:
        return name
    address = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _sign_in(wire: Wire, server: url.Server, mechanisms: list[str], timeouts: Timeouts) -> None:
    if not wire.encrypted and not _is_this_box(wire):
        raise Refused(f"The mail server {server.host} offers no encryption; credentials never leave in plain text")
    offered = [ask for name, ask in (("PLAIN", _plain), ("LOGIN", _login)) if name in mechanisms]
    if not offered:
        raise Refused(f"The mail server {server.host} offers no sign-in that eventmail knows (PLAIN or LOGIN)")
    reply = offered[0](wire, server, timeouts)
    if (reply.code in NOT_THIS_WAY or _SAYS_SO.search(reply.text)) and reply.code != 235 and len(offered) > 1:
        reply = offered[1](wire, server, timeouts)
    if 500 <= reply.code < 600:
        words = f"The mail server {server.host} refuses the credentials: {reply.words or reply.code}"[:LONGEST_WORDS]
        raise Refused(words, code=reply.status)
    _expect(reply, 235, "could not sign us in")


def _plain(wire: Wire, server: url.Server, timeouts: Timeouts) -> Reply:
    """AUTH PLAIN (RFC 4616). Some servers overlook the response in the command and ask for it again."""
    response = b64encode(b"\0%s\0%s" % (server.user.encode(), server.password.encode()))
    reply = _ask(wire, b"AUTH PLAIN " + response, timeouts)
    return _ask(wire, response, timeouts) if reply.code == 334 else reply


def _login(wire: Wire, server: url.Server, timeouts: Timeouts) -> Reply:
    """AUTH LOGIN, whatever the server's two questions say; it may ask only one, or none."""
    reply = _ask(wire, b"AUTH LOGIN", timeouts)
    for value in (server.user.encode(), server.password.encode()):
        if reply.code == 334:
            reply = _ask(wire, b64encode(value), timeouts)
    return reply


def _ask(wire: Wire, command: bytes, timeouts: Timeouts) -> Reply:
    wire.write(command + b"\r\n", timeouts.reply)
    return wire.reply(timeouts.reply)


def _expect(reply: Reply, code: int, complaint: str) -> None:
    """Raises Transient, with the server's words, for any other code; Refused for a code about the sign-in."""
    if reply.code != code:
        words = f"The mail server {complaint}: {reply.words or reply.code}"[:LONGEST_WORDS]
        raise (Refused if reply.code in SIGN_IN else Transient)(words, code=reply.status)
