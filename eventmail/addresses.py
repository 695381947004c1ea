"""What an email address is: judged once, here, for guests, colleagues and senders."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from eventmail.errors import InvalidInput
from eventmail.value_parsing import composed

# Most addresses are plain ASCII and pass this at a hundredth of the library's cost; the library judges the rest.
_PLAIN = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_LONGEST = 320  # beyond, not worth the library's tenth of a millisecond
MOST_FOREIGN = 2_000  # at a third of a millisecond each
_FOREIGN = re.compile(r"@[^\s@,;<>\"]*[^\x00-\x7f]")  # the beginning of a domain that the library has to spell
# RFC 2606 and RFC 6761: never somebody's mailbox (A2)
_RESERVED = re.compile(r"(?:\A|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)\Z")


def checked(email: str, *, field: str = "email") -> str:
    """`email` as it will be sent to: as typed without surrounding space; beyond ASCII in its one normal spelling.

    Raises InvalidInput with a sentence naming it.
    """
    email = email.strip()
    found = judged(email)
    if found.complaint:
        reason = found.complaint
        shown = email if len(email) <= 80 else email[:80] + "…"
        message = f"“{shown}” is not an email address: {reason}" if email else "An email address is missing."
        raise InvalidInput.at(field, "INVALID_EMAIL", message)
    return found.email


def is_valid(email: str) -> bool:
    """Whether mail can be addressed to `email` (already stripped)."""
    return judged(email).complaint == ""


def spelled(email: str) -> str:
    """`email` (already stripped) as it is sent to, see `checked`; what is no address stays as it is."""
    return judged(email).email


def normalized(email: str) -> str:
    """The form addresses are compared in: lower-cased whole (A7), a domain beyond ASCII as the wire spells it.

    Two spellings of one mailbox must compare equal, or it is mailed twice, or after its owner left the list.
    """
    return judged(email).address


def few_foreign(texts: Iterable[str]) -> None:
    """Raises InvalidInput when there are more than MOST_FOREIGN domains beyond ASCII in `texts`, such as lines."""
    if sum(len(_FOREIGN.findall(text)) for text in texts if not text.isascii()) > MOST_FOREIGN:
        raise InvalidInput(
            f"More than {MOST_FOREIGN:,} addresses have letters beyond A to Z behind the @-sign. Please split the list."
        )


def is_reserved(address: str) -> bool:
    """Whether the domain is one that nobody can have (example.*, .test, .invalid, .localhost)."""
    return _is_reserved_domain(address.rpartition("@")[2])


@lru_cache(maxsize=4096)
def _is_reserved_domain(domain: str) -> bool:
    return _RESERVED.search(domain.lower()) is not None


class Judged(NamedTuple):
    """What is wrong with an address (or nothing), what it is sent to, and what it is compared as."""

    complaint: str
    email: str
    address: str


def judged(email: str) -> Judged:
    """`checked`, `spelled` and `normalized` at once, of an address already stripped; an import asks for all three.

    It is composed before anything is asked of it: the library would refuse some addresses in one Unicode form alone.
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
        # test_environment: reserved domains are fine here, rule A2 decides later whether they are mailed
        found = validate_email(email, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        return Judged(str(error), email, email.lower())
    return Judged(
        "", email if email.isascii() else found.normalized, f"{found.local_part}@{found.ascii_domain}".lower()
    )
