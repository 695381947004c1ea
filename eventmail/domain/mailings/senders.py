"""The sender of a message and the address for answers, the same in header, preview, review and API."""

import re
from dataclasses import dataclass

from eventmail import addresses, settings
from eventmail.domain.mailings import merge_values
from eventmail.domain.terms import SendingTerms
from eventmail.models import Event, User

# Whole words of the local part: "noreplyson" is a person.
_UNREAD = re.compile(
    r"(?:\A|[._+-])(?:(?:no|do[._-]?not|don'?t)[._-]?(?:reply|respond|response|answer)|(?:keine?|nicht)[._-]?antwort(?:en)?"
    r"|ne[._-]?pas[._-]?repondre|no[._-]?(?:responder|contestar)|mailer[._-]?daemon)(?:\Z|[._+-]|[0-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sender:
    """The From header as guests see it, and the address for answers."""

    name: str
    email: str
    replies: str
    is_shared: bool  # answers go to the address that mail comes from, since the event has none of its own
    unread: bool  # nobody seems to read the answers


def of(event: Event, author: User | None, terms: SendingTerms) -> Sender:
    """The sender of a message of `event` that `author` sends under these `terms`."""
    replies = event.reply_to or terms.sender_email
    name, unread = merge_values.sender(event, author, terms)[0], is_unread(replies, outside=terms.outside)
    return Sender(name, terms.sender_email, replies, is_shared=not event.reply_to, unread=unread)


def is_unread(address: str, *, outside: bool) -> bool:
    """Whether an address says that nobody reads it, or nobody can have it. Practice mode takes reserved ones (A2)."""
    named = address == settings.UNANSWERABLE or _UNREAD.search(address.rpartition("@")[0]) is not None
    return named or (outside and addresses.is_reserved(address))
