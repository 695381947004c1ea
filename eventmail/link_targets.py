"""Whether a text can be a link target, and what is odd about it (C8)."""

import re
from urllib.parse import urlsplit

from eventmail.value_parsing import clean_value

NONE = "none"
URL, ADDRESS = "url", "address"  # a whole link target; what follows mailto: or tel:
_LINKABLE = re.compile(r"(?:https?://[^\s/?#\\]|mailto:[^\s?]|tel:[^\s?])", re.IGNORECASE)
_REACHABLE = re.compile(r"[^\s@]+@[^\s@]+|[+(]?\d[\d ()./-]*")
_HERE = re.compile(
    r"localhost|.*\.(?:localhost|local|internal|test|invalid)|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?"
    r"|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+"
)
_EXAMPLE = re.compile(r"(?:.*\.)?example(?:\.(?:com|net|org))?")


def linkable(url: str) -> bool:
    """Whether a text may be a link target: http, https, mailto or tel with something behind it."""
    return _LINKABLE.match(url) is not None


def leads(value: str, mode: str) -> bool:
    """Whether a value can be a link target as URL or ADDRESS."""
    return linkable(value) if mode == URL else _REACHABLE.fullmatch(value) is not None


def odd_address(url: str) -> str:
    """Returns what is odd about a web address in a mail, as the end of a sentence; "" for nothing."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return "cannot be read as an address"
    if parts.scheme.lower() not in ("http", "https"):
        return ""
    if _HERE.fullmatch(host):
        return "leads to a computer that guests cannot reach"
    if _EXAMPLE.fullmatch(host):
        return "leads to an example address"
    if parts.scheme.lower() == "http":
        return "is not encrypted (http: instead of https:)"
    return ""


def fault(value: str | None, instead: str, mode: str) -> str:
    """Returns the fault of a link whose target is a guest's `value`, or `instead` without one; `link_fault` in SQL.

    NONE when it leads nowhere, else what `odd_address` returns.
    """
    target = (clean_value(str(value)) if value is not None else "") or instead
    if not leads(target, mode):
        return NONE
    return odd_address(target) if mode == URL else ""
