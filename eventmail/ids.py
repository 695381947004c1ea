"""Names we make: request ids, keys, and the public form of row ids."""

import re
import secrets

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: read aloud and copied without doubt
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
MAX_ID = 2**63 - 1  # SQLite's largest row id; a larger number in a URL is simply not found


def token(length: int = 16) -> str:
    """A random name of `length` characters, 5 bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def request_id() -> str:
    """A new id for one request or one run of the worker, e.g. `req_k3j9x2m4p1wz`."""
    return "req_" + token(12)


def row_id(text: str) -> int | None:
    """The row id that an opaque public id stands for, or None when it can't be one."""
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,18}", text) and int(text) <= MAX_ID else None


def idempotency_key(raw: str | None) -> str | None:
    """The bare key of an `Idempotency-Key` header or field, quoted (RFC 8941 string) or bare; None when absent.

    Raises ValueError when it is longer than 255 characters or holds anything but visible ASCII.
    """
    if raw is None or not raw.strip():
        return None
    key = raw.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise ValueError("1 to 255 visible ASCII characters")
    return key
