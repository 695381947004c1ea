"""The secret of the instance, and the signatures and tokens of links."""

import base64
import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from json.encoder import encode_basestring_ascii
from pathlib import Path

from eventmail import files

LEAST_BYTES = 32


def instance_secret(path: Path) -> bytes:
    """Returns the instance's secret, which is made on first use with mode 0600. Raises ValueError for an unusable file.

    Of two processes that start together, the second reads what the first wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with files.draft_of(path) as (draft, out):
            out.write(secrets.token_hex(LEAST_BYTES).encode())
            out.flush()
            os.fsync(out.fileno())
            with suppress(FileExistsError):  # another process was first
                files.become(draft, path)
    found = usable(path.read_bytes())
    if found is None:
        raise ValueError(f"{path} does not hold a secret. Restore it from a backup, or delete it to get a new one.")
    return found


def usable(written: bytes) -> bytes | None:
    """Returns the secret in a file's bytes: at least LEAST_BYTES as hexadecimal digits. None for anything else."""
    try:
        found = bytes.fromhex(written.decode("ascii").strip())
    except ValueError:
        return None
    return found if len(found) >= LEAST_BYTES else None


def sign(secret: bytes, purpose: str, *parts: object) -> str:
    """Returns a 22-character URL-safe signature (128 bits) over `parts`, which is valid for `purpose` alone."""
    # A JSON list is unambiguous. It is joined by hand, which is faster, since every mail carries a signature.
    message = f"[{', '.join(encode_basestring_ascii(str(part)) for part in (purpose, *parts))}]".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, message, "sha256")[:16]).rstrip(b"=").decode()


def verify(secret: bytes, signature: str, purpose: str, *parts: object) -> bool:
    """Whether `signature` is `sign(secret, purpose, *parts)`; takes constant time."""
    return hmac.compare_digest(sign(secret, purpose, *parts).encode(), signature.encode("utf-8", "replace"))


def new_token() -> str:
    """Returns a new secret of a sign-in link, session or API token (256 bits)."""
    return secrets.token_urlsafe(32)


FOREIGN = r"(?:%[0-9A-Fa-f]{2}|&#?\w{1,8};|[^A-Za-z0-9_/-])+"  # no token or signature holds it
_TAIL = re.compile(rf"{FOREIGN}\Z")


def bare(token: str) -> str:
    """Returns a token without a FOREIGN end, such as the point of a sentence that a mail program took into the link.

    Tokens and signatures consist of letters, digits, `_` and `-`. FOREIGN is anything else, plain, percent-encoded or
    as an HTML entity.
    """
    return _TAIL.sub("", token)


def hashed(token: str) -> str:
    """Returns the SHA-256 by which a token is stored. Tokens are random, so they need no salt and no stretching."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
