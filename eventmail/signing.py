"""Secrets and signatures: one key file per instance, one HMAC for every link that a stranger may hold."""

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
    """The instance's 32-byte secret, made on first use with mode 0600. ValueError for a file that holds none.

    Two processes that start together agree: the one whose name comes second reads what the other wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with files.draft_of(path) as (draft, out):
            out.write(secrets.token_hex(LEAST_BYTES).encode())
            out.flush()
            os.fsync(out.fileno())
            with suppress(FileExistsError):  # somebody was first: never a half-written secret, never two
                files.become(draft, path)
    found = usable(path.read_bytes())
    if found is None:
        raise ValueError(f"{path} does not hold a secret. Restore it from a backup, or delete it to get a new one.")
    return found


def usable(written: bytes) -> bytes | None:
    """The secret in the bytes of its file: at least LEAST_BYTES in hexadecimal digits. None for anything else."""
    try:
        found = bytes.fromhex(written.decode("ascii").strip())
    except ValueError:
        return None
    return found if len(found) >= LEAST_BYTES else None


def sign(secret: bytes, purpose: str, *parts: object) -> str:
    """A 22-character URL-safe signature (128 bits) over `parts`, bound to `purpose` so that no link serves another."""
    # a JSON list, since no two lists of parts read the same; put together here, since every mail carries a signature
    message = f"[{', '.join(encode_basestring_ascii(str(part)) for part in (purpose, *parts))}]".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, message, "sha256")[:16]).rstrip(b"=").decode()


def verify(secret: bytes, signature: str, purpose: str, *parts: object) -> bool:
    """Whether `signature` is `sign(secret, purpose, *parts)`, in constant time."""
    return hmac.compare_digest(sign(secret, purpose, *parts).encode(), signature.encode("utf-8", "replace"))


def new_token() -> str:
    """A secret for one bearer: sign-in link, session, API token (256 bits)."""
    return secrets.token_urlsafe(32)


FOREIGN = r"(?:%[0-9A-Fa-f]{2}|&#?\w{1,8};|[^A-Za-z0-9_/-])+"  # stands in no token and in no signature
_TAIL = re.compile(rf"{FOREIGN}\Z")


def bare(token: str) -> str:
    """A token of a link without what a mail program took for a part of the address: the point that ends a sentence.

    Tokens and signatures are made of letters, digits, `_` and `-` alone. Whatever else stands at the end, plain,
    percent-encoded or as an HTML entity, is none of them; anywhere else it makes the token a wrong one.
    """
    return _TAIL.sub("", token)


def hashed(token: str) -> str:
    """How a bearer token is stored: its SHA-256. The tokens are random, so no salt and no stretching is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
