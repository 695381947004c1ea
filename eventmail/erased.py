"""The pseudonym that is left of an erased address: it tells whether another one is the same, and nothing else."""

import base64
import hmac
import unicodedata

PREFIX = "erased:"  # no address begins like this: it has no @-sign
WORD = "erased"  # stands where a personal value stood


def pseudonym(secret: bytes, text: str) -> str:
    """The pseudonym of an address, an HMAC with the instance's secret. That of a pseudonym is the pseudonym itself.

    Without the secret nobody can try out who it was; with another one the pseudonym fits no address any more.
    """
    if text.startswith(PREFIX):
        return text
    folded = unicodedata.normalize("NFC", text).lower()
    digest = hmac.digest(secret, b"erased\0" + folded.encode("utf-8", "surrogatepass"), "sha256")
    return PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_pseudonym(address: str) -> bool:
    """Whether this is such a pseudonym and no address."""
    return address.startswith(PREFIX)


def shown(address: str) -> str:
    """An address as people read it."""
    return "an erased address" if is_pseudonym(address) else address
