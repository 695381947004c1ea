"""The outcome of a test, shown beside the button that sends one."""

from dataclasses import dataclass

from flask import g

from eventmail import outbox
from eventmail.db import fresh
from eventmail.domain.mailings import query, test_sends
from eventmail.ids import row_id
from eventmail.models import Event, Exclusion, Guest, Mailing, Recipient
from eventmail.sending import heartbeat, progress
from eventmail.states import RecipientState, is_practice
from eventmail.web.core.context import settings


@dataclass(frozen=True)
class Tested:
    """One test: its progress, the outcome for each address, the exclusions, the guest it is read as."""

    event: Event
    mailing: Mailing
    progress: progress.Progress
    recipients: list[Recipient]
    left_out: list[Exclusion]
    guest: Guest | None
    mails: dict[int, str]  # the file names in the outbox by recipient
    now: bool = False  # sent just now: its button rests until the page asks again, so a double click sends once
    worker_command: str = heartbeat.WORKER_COMMAND


def shown(event_id: int, mailing_id: int, *, now: bool = False) -> Tested:
    """A test of this event. Raises NotFound."""
    mailing = test_sends.find(event_id, mailing_id)
    to = list(test_sends.recipients(mailing_id))
    return Tested(
        event=fresh().get_one(Event, event_id),
        mailing=mailing,
        progress=progress.progress(mailing, g.now),
        recipients=to,
        left_out=list(test_sends.left_out(mailing_id)),
        guest=fresh().get(Guest, mailing.as_guest_id) if mailing.as_guest_id else None,
        mails=_mails(mailing, to),
        now=now,
    )


def again(event_id: int, named: str) -> Tested | None:
    """The test that the address names with `named`, or None; the page is shown again after it (E1)."""
    mailing_id = row_id(named)
    if mailing_id is None or not query.find(event_id, mailing_id).is_test:
        return None
    return shown(event_id, mailing_id)


def _mails(mailing: Mailing, to: list[Recipient]) -> dict[int, str]:
    kept = [one.id for one in to if one.state == RecipientState.SENT and is_practice(one.provider)]
    folder = settings().outbox
    return {number: name for number in kept if (name := outbox.named(folder, f"{mailing.key}-{number}"))}
