"""What became of a test, as it stands beside the button that sends one."""

from dataclasses import dataclass

from flask import g

from eventmail import outbox
from eventmail.db import fresh
from eventmail.domain.mailings import query, test_sends
from eventmail.ids import row_id
from eventmail.models import Event, Exclusion, Guest, Mailing, Recipient
from eventmail.sending import heartbeat
from eventmail.sending import progress as progress_
from eventmail.sending.progress import Progress
from eventmail.states import RecipientState, is_practice
from eventmail.web.core.context import settings


@dataclass(frozen=True)
class Tested:
    """One test: its run, each address with what became of it, who was left out, as whom it is read.

    `mails` are the file names in the outbox by recipient, of what was kept. `now` is whether it was asked for just now:
    then its button rests until the page asks again, so that the second half of a double click sends nothing.
    """

    event: Event
    mailing: Mailing
    progress: Progress
    recipients: list[Recipient]
    left_out: list[Exclusion]
    guest: Guest | None
    mails: dict[int, str]
    now: bool = False
    worker_command: str = heartbeat.WORKER_COMMAND


def shown(event_id: int, mailing_id: int, *, now: bool = False) -> Tested:
    """A test of this event, or NotFound."""
    mailing = test_sends.find(event_id, mailing_id)
    to = list(test_sends.recipients(mailing_id))
    return Tested(
        event=fresh().get_one(Event, event_id),
        mailing=mailing,
        progress=progress_.progress(mailing, g.now),
        recipients=to,
        left_out=list(test_sends.left_out(mailing_id)),
        guest=fresh().get(Guest, mailing.as_guest_id) if mailing.as_guest_id else None,
        mails=_mails(mailing, to),
        now=now,
    )


def again(event_id: int, named: str) -> Tested | None:
    """The test that the page is shown again after, if an address names one (E1)."""
    mailing_id = row_id(named)
    if mailing_id is None or not query.find(event_id, mailing_id).is_test:
        return None
    return shown(event_id, mailing_id)


def _mails(mailing: Mailing, to: list[Recipient]) -> dict[int, str]:
    kept = [one for one in to if one.state == RecipientState.SENT and is_practice(one.provider)]
    sent = {recipient.id: f"{mailing.key}-{recipient.id}" for recipient in kept}
    return {recipient_id: name for recipient_id, key in sent.items() if (name := outbox.named(settings().outbox, key))}
