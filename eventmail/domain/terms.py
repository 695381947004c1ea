"""The terms under which this installation sends, and the links of a mail that depend on nothing else."""

from dataclasses import dataclass
from datetime import timedelta

from eventmail import signing
from eventmail.errors import InvalidInput
from eventmail.records import NO_LIMITS, Limits

UNSUBSCRIBE = "unsubscribe"


class NothingLeaves(InvalidInput):
    """What is asked for is right, but the `hindrances` of the place keep mail from leaving (S13)."""

    title = "Nothing can leave from here yet"


@dataclass(frozen=True)
class SendingTerms:
    """Where and under which terms this instance sends.

    Public address and secret, whether mail leaves the box, how long a send can be undone (S7), the quota (S9), why
    nothing may leave yet (S13), whether a mail service is connected, else all mail is kept in the outbox, the name that
    mail comes from where an event has none, and the bare address that all of it comes from.
    """

    base_url: str
    secret: bytes
    outside: bool
    undo: timedelta = timedelta(0)
    limits: Limits = NO_LIMITS
    hindrances: tuple[str, ...] = ()
    connected: bool = False
    sender_name: str = ""
    sender_email: str = ""


def unsubscribe_url(recipient_id: int, terms: SendingTerms) -> str:
    """One recipient's way off the list; short, since a folded List-Unsubscribe is useless."""
    return f"{terms.base_url}/unsubscribe/{recipient_id}-{signing.sign(terms.secret, UNSUBSCRIBE, recipient_id)}"


def inert_unsubscribe_url(terms: SendingTerms) -> str:
    """Where the link of a preview or a test leads: a page that changes nothing (E2)."""
    return f"{terms.base_url}/unsubscribe/preview"
