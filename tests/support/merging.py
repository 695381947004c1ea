"""An event whose every text merges something: a sent, a scheduled and a missed message, drafts, designs, a segment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain.audience import segments
from eventmail.domain.designs import edit as designs
from eventmail.domain.designs import revisions
from eventmail.domain.designs.edit import DesignVersion
from eventmail.domain.mailings import drafts, schedule, send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.drafts import Written
from eventmail.domain.mailings.origin import Origin
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.domain.terms import SendingTerms
from eventmail.models import GuestField, Mailing, Schedule
from eventmail.providers import registry
from eventmail.sending import drain
from eventmail.settings import Settings
from eventmail.states import MailingState, NotSent
from tests.support import seeding
from tests.support.seeding import Person

COLUMN = "<i>tableNumber</i>"  # what a colleague may call a column of their file
SENT = f"Hi {{guest.firstName|<img src=x onerror=alert(1)>}} at {{guest.{COLUMN}|any}} <b>b</b>"
NO_FIELD = "{guest.nope}"  # may stand in a draft and in a design
TYPED = f"{SENT} {NO_FIELD}"
# how a page shows SENT
CHIPS = (
    'Hi <span class="chip" dir="auto">First name, or <bdi>&lt;img src=x onerror=alert(1)&gt;</bdi></span> at '
    '<span class="chip" dir="auto">&lt;i&gt;tableNumber&lt;/i&gt;, or <bdi>any</bdi></span> &lt;b&gt;b&lt;/b&gt;'
)


@dataclass(frozen=True)
class Merging:
    """The ids of what there is; messages and drafts are mailings."""

    guest: int
    segment: int
    design: int
    spare: int  # a design that no message names
    sent: int
    scheduled: int
    missed: int
    draft: int
    planned: int

    @property
    def mailings(self) -> dict[str, int]:
        """Each kind of message by its word."""
        return {word: getattr(self, word) for word in ("sent", "scheduled", "missed", "draft", "planned")}


def made(settings: Settings, event_id: int, author: Person) -> Merging:
    """Fill an event. Needs an app context."""
    by, terms = seeding.acting(author), SendingTerms("http://127.0.0.1:8000", b"0" * 32, outside=False)
    with transaction() as tx:
        tx.add(GuestField(event_id=event_id, name=COLUMN, default_text=""))
    guest = seeding.add_guest(event_id, "mia@guests.example.net", first_name="Mia", attributes={COLUMN: "7"})
    with transaction() as tx:
        segment = segments.add(tx, event_id, {"name": "VIP", "guests": [str(guest)]}, by)
    design = _design(event_id, by)
    spare, _ = designs.create(event_id, {"name": SENT, "message_type": "update", "subject": SENT, "body": SENT}, by)
    origin = Origin(design, 1, "0" * 64)
    text, audience = Text(SENT, SENT, f"Dear {SENT}"), {"segments": [str(segment)]}
    sent = send.send(event_id, Message(text, audience, origin=origin), key="sent", terms=terms, by=by)
    drain.drain(sent.job_id or 0, registry.opened(settings), settings)

    def plan(key: str, days: int) -> int:
        at = Plan(f"{clock.now().astimezone(UTC) + timedelta(days=days):%Y-%m-%dT18:00}", "UTC")
        message = Message(text, audience, plan=at, origin=origin)
        return schedule.create(event_id, message, key=key, terms=terms, by=by).mailing_id

    scheduled, missed = plan("scheduled", 30), plan("missed", 31)
    _miss(missed)
    drafted = [
        drafts.save(event_id, DraftVersion(), Written(Text(TYPED, TYPED, TYPED), audience, planned, origin), by)
        for planned in (None, Plan("2030-05-01T18:00", "UTC"))
    ]
    draft, planned = (one.mailing_id for one in drafted if one)
    return Merging(guest, segment, design, spare, sent.mailing_id, scheduled, missed, draft, planned)


def _design(event_id: int, by: Any) -> int:
    """One that is published, and whose draft and name merge other things."""
    values = {"message_type": "update", "subject": SENT, "preheader": SENT, "body": SENT}
    design, _ = designs.create(event_id, {"name": SENT, **values}, by)
    revisions.publish(event_id, design, by)
    other = {"subject": TYPED, "body": f"{TYPED} {{guest.firstName|my friend}}"}
    designs.save(event_id, design, DesignVersion(1), other, by)
    return design


def _miss(mailing_id: int) -> None:
    with transaction() as tx:
        past = datetime(2026, 1, 1, 18, tzinfo=UTC)
        tx.execute(update(Mailing).where(Mailing.id == mailing_id).values(state=MailingState.MISSED, send_at=past))
        tx.execute(update(Schedule).where(Schedule.mailing_id == mailing_id).values(not_sent=NotSent.LATE))
