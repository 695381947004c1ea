"""A place, a text, and what a send writes: for tests of commands and requests that send."""

from typing import Any

from sqlalchemy import func, select, update

from eventmail.db import Base, fresh, transaction
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.models import (
    AuditEntry,
    Content,
    Exclusion,
    Guest,
    IdempotencyRecord,
    Job,
    Mailing,
    Recipient,
    Reservation,
)

PLACE = SendingTerms("https://mail.organizers.example", b"s" * 32, outside=False)
TEXT = Text("Hi {guest.firstName}", "See you", "Come to {event.title}.")
BODY: dict[str, Any] = {
    "kind": "one_time",
    "subject": "Hi {guest.firstName}",
    "body": "Come to {event.title}.",
    "audience": {"statuses": ["confirmed"]},
}  # of a request
WRITTEN: tuple[type[Base], ...] = (
    Content, Mailing, Recipient, Exclusion, Job, Reservation, IdempotencyRecord, AuditEntry,
)  # fmt: skip


def message(text: Text = TEXT, **audience: list[str]) -> Message:
    """TEXT to everybody who confirmed, unless it is said otherwise."""
    return Message(text, audience or {"statuses": ["confirmed"]})


def numbers() -> dict[str, int]:
    """How many rows each table holds that a send writes. Needs an app context."""
    fresh().rollback()
    return {model.__tablename__: fresh().scalar(select(func.count()).select_from(model)) or 0 for model in WRITTEN}


def empty_the_party() -> None:
    """Nobody is confirmed any more. Needs an app context."""
    with transaction() as tx:
        tx.execute(update(Guest).values(status="declined"))
