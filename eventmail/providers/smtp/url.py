"""The URL of a mail server: `smtp://user:pass@host:port`, or `smtps://` for TLS from the first byte (RFC 8314)."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 587, "smtps": 465}
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")

_DELIMITERS = "must end after the host and port; write / ? # @ : in a password as %2F %3F %23 %40 %3A"


@dataclass(frozen=True)
class Server:
    """A mail server. `tls`: TLS from the first byte; without it, STARTTLS if the server offers that."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def outside(self) -> bool:
        """Whether mail leaves this box. Asks no name server: a name counts as outside unless it is `localhost`."""
        return self.host != "localhost" and not is_loopback(self.host)


def parse(url: str) -> Server:
    """The server that `url` names. Raises ValueError with one sentence, which never repeats the credentials."""
    if _has_raw_delimiter(url):
        raise ValueError(_DELIMITERS)
    try:
        parts = urlsplit(url)
        port, host = parts.port, _ascii(parts.hostname or "")
    except ValueError:
        raise ValueError("must name a mail server as in smtp://user:password@mail.example.org:587") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with smtp:// or smtps://")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(_DELIMITERS)
    if not (is_host(host) or _is_address(host)) or port == 0:
        raise ValueError("must name a mail server as in smtp://user:password@mail.example.org:587")
    user, password = _decoded(parts.username), _decoded(parts.password)
    if bool(user) != bool(password):
        raise ValueError("must hold both a user and a password, or neither")
    return Server(host, port or _PORTS[parts.scheme], parts.scheme == "smtps", user, password)


def _has_raw_delimiter(url: str) -> bool:
    """Whether a / ? or # before the @ that ends the credentials would end the host instead."""
    scheme, _, rest = url.partition("://")
    return scheme.lower() in _PORTS and "@" in rest[re.search(r"[/?#]|$", rest).start() :]  # type: ignore[union-attr]


def is_host(name: str) -> bool:
    """Whether `name` can be the name of a host, in small letters."""
    return _HOST.fullmatch(name) is not None


def is_loopback(address: str) -> bool:
    """Whether `address` is an IP address of the box itself."""
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode()


def _decoded(value: str | None) -> str:
    try:
        plain = unquote(value or "", errors="strict")
    except UnicodeDecodeError:
        raise ValueError("must hold credentials whose percent codes are UTF-8") from None
    if not plain.isprintable():  # a NUL would end a field of AUTH PLAIN (RFC 4616)
        raise ValueError("must hold credentials without control characters")
    return plain
