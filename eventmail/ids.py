"""Request ids, idempotency keys, and the public form of row ids."""

import re
import secrets

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which are easily confused
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
MAX_ID = 2**63 - 1  # SQLite's largest row id; a larger number in a URL is not found


def token(length: int = 16) -> str:
    """Returns a random name of `length` characters, 5 bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def request_id() -> str:
    """Returns a new id of a request or of a worker's run, e.g. `req_k3j9x2m4p1wz`."""
    return "req_" + token(12)


def row_id(text: str) -> int | None:
    """Returns the row id that a public id stands for, None when it can't be one."""
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,18}", text) and int(text) <= MAX_ID else None


def idempotency_key(raw: str | None) -> str | None:
    """Returns the bare key of an `Idempotency-Key`, which may be quoted (RFC 8941 string); None when absent.

    Raises ValueError for more than 255 characters and for anything but visible ASCII.
    """
    if raw is None or not raw.strip():
        return None
    key = raw.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise ValueError("1 to 255 visible ASCII characters")
    return key
