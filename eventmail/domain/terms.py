"""The terms under which this installation sends, and the unsubscribe links, which depend on nothing else."""

from dataclasses import dataclass
from datetime import timedelta

from eventmail import signing
from eventmail.errors import InvalidInput
from eventmail.records import NO_LIMITS, Limits
from eventmail.settings import Settings
from eventmail.states import is_practice

UNSUBSCRIBE = "unsubscribe"


class NothingLeaves(InvalidInput):
    """The request is right, but the `hindrances` of the terms keep mail from leaving (S13)."""

    title = "Nothing can leave from here yet"


@dataclass(frozen=True)
class SendingTerms:
    """The terms under which this instance sends."""

    base_url: str
    secret: bytes
    outside: bool  # mail leaves this box
    undo: timedelta = timedelta(0)  # how long a send can be undone (S7)
    edit_cutoff: timedelta = timedelta(minutes=15)  # how long before its time a scheduled message is locked (H3)
    limits: Limits = NO_LIMITS  # the quota (S9)
    hindrances: tuple[str, ...] = ()  # why nothing may leave yet (S13)
    connected: bool = False  # to a mail service; else all mail stays in the outbox
    sender_name: str = ""  # of an event without one
    sender_email: str = ""  # the bare address that all mail comes from


def of_settings(settings: Settings, *, service: str, outside: bool, lock: str = "") -> SendingTerms:
    """The terms of these settings. `lock` says why nothing may leave this database, if so (H9)."""
    return SendingTerms(
        settings.public_url,
        settings.secret,
        outside=outside,
        undo=timedelta(seconds=settings.undo_seconds),
        edit_cutoff=timedelta(minutes=settings.edit_cutoff_minutes),
        limits=Limits(settings.quota_per_day, settings.quota_per_month),
        hindrances=(*((lock,) if lock else ()), *settings.hindrances(outside=outside)),
        connected=not is_practice(service),
        sender_name=settings.sender_name,
        sender_email=settings.sender,
    )


def unsubscribe_url(recipient_id: int, terms: SendingTerms) -> str:
    """The link by which one recipient unsubscribes. It is short, since a folded List-Unsubscribe is useless (F2)."""
    return f"{terms.base_url}/unsubscribe/{recipient_id}-{signing.sign(terms.secret, UNSUBSCRIBE, recipient_id)}"


def inert_unsubscribe_url(terms: SendingTerms) -> str:
    """The unsubscribe link of a preview or a test. Its page changes nothing (E2)."""
    return f"{terms.base_url}/unsubscribe/preview"
