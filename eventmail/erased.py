"""Pseudonyms, which replace erased addresses: they only tell whether another address is the same."""

import base64
import hmac
import unicodedata

PREFIX = "erased:"  # no address has it, for want of an @-sign
WORD = "erased"  # replaces other personal values


def pseudonym(secret: bytes, text: str) -> str:
    """Returns the pseudonym of an address, an HMAC with the instance's secret; a pseudonym stays as it is.

    Without the secret nobody can try addresses. With another secret the pseudonym fits no address any more.
    """
    if text.startswith(PREFIX):
        return text
    folded = unicodedata.normalize("NFC", text).lower()
    digest = hmac.digest(secret, b"erased\0" + folded.encode("utf-8", "surrogatepass"), "sha256")
    return PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_pseudonym(address: str) -> bool:
    """Whether `address` is a pseudonym."""
    return address.startswith(PREFIX)


def shown(address: str) -> str:
    """Returns an address, or words for a pseudonym, as people read it."""
    return "an erased address" if is_pseudonym(address) else address
