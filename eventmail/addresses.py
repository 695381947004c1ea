"""What an email address is, for guests, colleagues and senders."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from eventmail.errors import InvalidInput
from eventmail.value_parsing import composed

# Most addresses are plain ASCII and match this at a hundredth of the library's cost. The library judges the others.
_PLAIN = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_LONGEST = 320  # a longer one is not worth the library's tenth of a millisecond
MOST_FOREIGN = 2_000  # each takes a third of a millisecond
_FOREIGN = re.compile(r"@[^\s@,;<>\"]*[^\x00-\x7f]")  # the beginning of a domain beyond ASCII
# RFC 2606 and RFC 6761: never somebody's mailbox (A2)
_RESERVED = re.compile(r"(?:\A|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)\Z")


def checked(email: str, *, field: str = "email") -> str:
    """Returns `email` as mail is sent to it: as typed, stripped; beyond ASCII in its normal spelling.

    Raises InvalidInput with a sentence that names it.
    """
    email = email.strip()
    found = judged(email)
    if found.complaint:
        shown = email if len(email) <= 80 else email[:80] + "…"
        message = f"“{shown}” is not an email address: {found.complaint}" if email else "An email address is missing."
        raise InvalidInput.at(field, "INVALID_EMAIL", message)
    return found.email


def is_valid(email: str) -> bool:
    """Whether mail can be addressed to `email` (already stripped)."""
    return judged(email).complaint == ""


def spelled(email: str) -> str:
    """Returns `email` (already stripped) as `checked` does; what is no address stays as it is."""
    return judged(email).email


def normalized(email: str) -> str:
    """Returns the form in which addresses are compared: lower-case (A7), a domain beyond ASCII as on the wire.

    Two spellings of one mailbox must be equal, else it gets two mails, or one after its owner unsubscribed.
    """
    return judged(email).address


def few_foreign(texts: Iterable[str]) -> None:
    """Raises InvalidInput when `texts`, such as lines, hold more than MOST_FOREIGN domains beyond ASCII."""
    if sum(len(_FOREIGN.findall(text)) for text in texts if not text.isascii()) > MOST_FOREIGN:
        raise InvalidInput(
            f"More than {MOST_FOREIGN:,} addresses have letters beyond A to Z behind the @-sign. Please split the list."
        )


def is_reserved(address: str) -> bool:
    """Whether nobody can own the domain (example.*, .test, .invalid, .localhost)."""
    return _is_reserved_domain(address.rpartition("@")[2])


@lru_cache(maxsize=4096)
def _is_reserved_domain(domain: str) -> bool:
    return _RESERVED.search(domain.lower()) is not None


class Judged(NamedTuple):
    """What is wrong with an address ("" for nothing), its form for sending, its form for comparing."""

    complaint: str
    email: str
    address: str


def judged(email: str) -> Judged:
    """Returns what `checked`, `spelled` and `normalized` say of an address (already stripped) at once, for imports.

    The address is composed first: the library refuses some addresses in one of their Unicode forms only.
    """
    email = composed(email)
    if _PLAIN.fullmatch(email) and "--" not in email.rpartition("@")[2]:
        return Judged("", email, email.lower())
    if email.count("@") != 1 or len(email) > _LONGEST:
        return Judged("It needs one @-sign, and at most 254 characters.", email, email.lower())
    return _judged_by_library(email)


@lru_cache(maxsize=4096)
def _judged_by_library(email: str) -> Judged:
    try:
        # test_environment accepts reserved domains; rule A2 decides later whether they are mailed
        found = validate_email(email, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        return Judged(str(error), email, email.lower())
    sent_to = email if email.isascii() else found.normalized
    return Judged("", sent_to, f"{found.local_part}@{found.ascii_domain}".lower())
