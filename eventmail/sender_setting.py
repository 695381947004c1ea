"""The sender in the settings: an address, or `Name <address>`."""

import re

from eventmail.domain_names import ascii_domain

LONGEST_NAME = 100  # as of an event's own name
_NAMED = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<name>[^<>]*?))\s*<(?P<address>[^<>]*)>')
_JOINERS = str.maketrans("", "", "\u200c\u200d")  # not printable to Python, but needed by words and emoji
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def parsed(text: str) -> tuple[str, str]:
    """Returns (name, bare address with its domain in ASCII). A quoted name (RFC 5322 3.2.4) loses its quotes.

    Raises ValueError with the end of a sentence for anything else, and for a name that is too long.
    """
    text = text.strip()
    parts = _NAMED.fullmatch(text)
    name, address = (_name(parts), parts["address"].strip()) if parts else ("", text)
    local, _, domain = address.rpartition("@")
    try:
        domain = ascii_domain(domain)
    except ValueError:
        domain = ""
    is_address = _LOCAL.fullmatch(local) and len(local) <= 64 and _DOMAIN.fullmatch(domain)
    if not is_address or not name.translate(_JOINERS).isprintable():
        raise ValueError("must be an email address, such as team@example.org or Team <team@example.org>")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"has a name of {len(name)} characters; it may have {LONGEST_NAME}")
    return name, f"{local}@{domain}"


def _name(parts: re.Match[str]) -> str:
    quoted = parts["quoted"]
    return (parts["name"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)).strip()
