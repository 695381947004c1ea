"""What an email address is: judged once, here, for guests, colleagues and senders."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from eventmail.errors import FieldError, InvalidInput

# Most addresses are plain ASCII and pass this at a hundredth of the library's cost; the library judges the rest.
_PLAIN = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
# RFC 2606 and RFC 6761: never somebody's mailbox (A2)
_RESERVED = re.compile(r"(?:\A|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)\Z")


def checked(email: str, *, field: str = "email") -> str:
    """`email` without surrounding space, as it will be sent to. Raises InvalidInput with a sentence naming it."""
    email = email.strip()
    reason = _complaint(email)
    if reason:
        shown = email if len(email) <= 80 else email[:80] + "…"
        message = f"“{shown}” is not an email address: {reason}" if email else "An email address is missing."
        raise InvalidInput(message, fields=[FieldError(field, "INVALID_EMAIL", message)])
    return email


def is_valid(email: str) -> bool:
    """Whether mail can be addressed to `email` (already stripped)."""
    return _complaint(email) == ""


def normalized(email: str) -> str:
    """The form addresses are compared in: lower-cased whole (A7)."""
    return email.lower()


def is_reserved(address: str) -> bool:
    """Whether the domain is one that nobody can have (example.*, .test, .invalid, .localhost)."""
    return _RESERVED.search(address.rpartition("@")[2].lower()) is not None


def _complaint(email: str) -> str:
    if _PLAIN.fullmatch(email) and "--" not in email.rpartition("@")[2]:
        return ""
    return _judged(email)


@lru_cache(maxsize=4096)
def _judged(email: str) -> str:
    try:
        # test_environment: reserved domains are fine here, rule A2 decides later whether they are mailed
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        return str(error)
    return ""
