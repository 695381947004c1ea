"""Pictures of a mail from foreign hosts, which learn that a picture was looked at when it loads."""

import hashlib
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

from eventmail.domain_names import ascii_domain

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Foreign:
    """The hosts of foreign pictures in reading order; `is_plain` if one is loaded without TLS."""

    hosts: tuple[str, ...] = ()
    is_plain: bool = False

    @property
    def digest(self) -> str:
        """Eight hex digits for these hosts, so that a consent is valid for them alone."""
        return hashlib.sha256(" ".join(sorted(self.hosts)).encode()).hexdigest()[:8]


def foreign(html: str, own: str) -> Foreign:
    """Returns the pictures in a mail's HTML that have another origin than the address `own`."""
    here = origin(own)
    found = [source for source in _Pictures(html).sources if origin(source) != here]
    hosts = dict.fromkeys(origin(source).partition("//")[2] or source[:80] for source in found)
    return Foreign(tuple(hosts), any(source[:5].lower() == "http:" for source in found))


def origin(url: str) -> str:
    """Returns scheme, host and port as a browser compares them (RFC 6454 4), in ASCII; "" without a web address."""
    try:
        parts = urlsplit(url)
        host, port = ascii_domain(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


class _Pictures(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        if "<img" in html:
            self.feed(html)
            self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.sources += [value for name, value in attrs if name == "src" and value]
