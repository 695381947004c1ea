"""What is left of an address once its guest was erased: a mark that tells whether it is the same, and nothing else."""

import base64
import hmac
import unicodedata

PREFIX = "erased:"  # no address begins like this: it has no @-sign
WORD = "erased"  # stands where a personal value stood


def form(secret: bytes, text: str) -> str:
    """The mark of an address, an HMAC with the instance's secret. That of a mark is the mark itself.

    Without the secret nobody can try out who it was; with another one the mark fits no address any more.
    """
    if text.startswith(PREFIX):
        return text
    folded = unicodedata.normalize("NFC", text).lower()
    digest = hmac.digest(secret, b"erased\0" + folded.encode("utf-8", "surrogatepass"), "sha256")
    return PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_mark(address: str) -> bool:
    """Whether this is such a mark and no address."""
    return address.startswith(PREFIX)


def shown(address: str) -> str:
    """An address as people read it."""
    return "an erased address" if is_mark(address) else address
