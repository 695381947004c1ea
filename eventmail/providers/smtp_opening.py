"""From a server's name to a connection that takes mail: greeting, EHLO, STARTTLS, AUTH (RFC 5321, 3207, 4954)."""

import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from eventmail.errors import ProviderError, Refused, Transient
from eventmail.providers import smtp_url
from eventmail.providers.smtp_url import Server
from eventmail.providers.smtp_wire import OUT_OF_TURN, Lost, Reply, Wire

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
        return _introduce(wire, server, timeouts, context)
    except Lost as lost:
        raise Transient(lost.words, code=lost.code) from lost
    except ssl.SSLCertVerificationError as error:
        words = f"The certificate of the mail server {server.host} is not trusted: {error.verify_message}"
        raise Transient(words) from error
    except OSError as error:
        words = f"No encrypted connection to the mail server {server.host}: {_reason(error)}"
        raise Transient(words) from error
    finally:
        if not getattr(wire, "ready", False):
            wire.close()


def _reach(server: Server, timeouts: Timeouts) -> Wire:
    try:
        sock = socket.create_connection((server.host, server.port), timeouts.connect)
    except OSError as error:
        words = f"The mail server {server.host}, port {server.port}, cannot be reached: {_reason(error)}"
        raise Transient(words) from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(sock)


def _reason(error: OSError) -> str:
    return "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error))


