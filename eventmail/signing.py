"""Secrets and signatures: one key file per instance, one HMAC for every link that a stranger may hold."""

import base64
import hashlib
import hmac
import os
import secrets
from json.encoder import encode_basestring_ascii
from pathlib import Path


def instance_secret(path: Path) -> bytes:
    """The instance's 32-byte secret, made on first use with mode 0600.

    Two processes that start together agree: the one that loses the O_EXCL race reads what the other wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # fails when somebody was first: never a half-written secret, never two
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    secret = bytes.fromhex(path.read_text().strip())
    if len(secret) < 32:
        raise ValueError(f"{path} does not hold a secret. Restore it from a backup, or delete it to get a new one.")
    return secret


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


def hashed(token: str) -> str:
    """How a bearer token is stored: its SHA-256. The tokens are random, so no salt and no stretching is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
