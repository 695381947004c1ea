"""The demo's scheduled messages: one that can be changed, one that is locked, one that was missed, one that went out.

Nothing of them leaves while the demo is loaded, nor in the six hours after.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from eventmail import records, wall_time
from eventmail.db import move
from eventmail.domain.mailings import schedule, send, start
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send_time import Plan
from eventmail.domain.terms import SendingTerms
from eventmail.models import Attempt, Event, Job, Mailing, Recipient, Reservation
from eventmail.records import NO_LIMITS, WORKER, Acting
from eventmail.states import OUTBOX, JobState, MailingState, NotSent, RecipientState

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_GREETING = "Dear {guest.firstName|guest},\n\n"
_CLOSING = "\n\nSee you there!\n{organizer.name}"

BEFORE = Text(
    "Before the gala: your table and the dress code",
    "What to know two weeks ahead",
    f"{_GREETING}your table is set. The dress code is festive, and the doors open at {{event.time}}.{_CLOSING}",
)
INSIDE = Text(
    "What waits inside the Stadthaus",
    "A first look at the evening",
    f"{_GREETING}inside there are dinner, music, and the fixture draw. It all begins at {{event.time}}.{_CLOSING}",
)
PAST = Text(
    "Pictures of past galas",
    "And one of you, perhaps",
    f"{_GREETING}this is what {{event.title}} looked like in past years: {{event.url}}{_CLOSING}",
)
FINISHED = Text(
    "Save the date for the gala",
    "A seat in the first row",
    f"{_GREETING}a seat in the first row is yours on {{event.date}}, at {{event.location}}.{_CLOSING}",
)


@dataclass(frozen=True)
class _Place:
    """Where the messages belong, who wrote them, and on which terms they go out."""

    event: Event
    segment_id: int
    terms: SendingTerms
    writer: Acting


def add(tx: Session, event: Event, segment_id: int, terms: SendingTerms, by: Acting) -> None:
    """Add the messages to the guests of a segment, written by the event's organizer. Runs in the caller's transaction.

    They are of practice mode whatever mail service is set, since the guests are at example.com.
    """
    practice = replace(terms, outside=False, limits=NO_LIMITS, hindrances=())
    place = _Place(event, segment_id, practice, replace(by, user_id=event.created_by))
    worker, now = replace(by, user_id=None, name=WORKER), by.now.replace(second=0, microsecond=0)
    week_ago = now - 7 * _DAY
    _send(tx, _schedule(tx, place, FINISHED, week_ago, week_ago - _DAY), practice, replace(worker, now=week_ago))
    past = _schedule(tx, place, PAST, now - 2 * _HOUR, now - 3 * _DAY)
    start.miss(tx, past, NotSent.LATE, worker, tell=False)  # nothing of a demo is to arrive anywhere
    locked = replace(place, terms=replace(practice, edit_cutoff=7 * _HOUR))
    _schedule(tx, locked, INSIDE, now + 6 * _HOUR + _MINUTE, by.now)  # not a second before six hours have passed
    _schedule(tx, place, BEFORE, now + 14 * _DAY + _MINUTE, by.now)


def _schedule(tx: Session, place: _Place, text: Text, due: datetime, since: datetime) -> int:
    """Schedule a message as of `since`; returns its id."""
    wall = wall_time.shown(due, place.event.zone)
    plan = Plan(wall.isoformat(), place.event.timezone, wall_time.instants(wall, place.event.zone).index(due))
    message = send.Message(text, {"segments": [str(place.segment_id)]}, plan=plan)
    # It is compiled under the write lock: the texts are short, and the demo is loaded as a whole or not at all.
    prepared = send.prepare(place.event.id, message, place.terms)
    by = replace(place.writer, now=since)
    return schedule.add(tx, prepared, since, terms=place.terms, by=by).mailing.id


def _send(tx: Session, mailing_id: int, terms: SendingTerms, by: Acting) -> None:
    """Let a message have gone out in practice mode, each mail at once; none of them is in the outbox."""
    start.when_due(tx, mailing_id, terms, by)
    of_mailing = [Recipient.mailing_id == mailing_id]
    taken = {"provider": OUTBOX, "attempts": 1, "tries": 1, "updated_at": by.now}
    records.move_recipients(tx, of_mailing, RecipientState.QUEUED, RecipientState.SENDING, **taken)
    sent = records.move_recipients(tx, of_mailing, RecipientState.SENDING, RecipientState.SENT)
    told = {"number": 1, "provider": OUTBOX, "outcome": "accepted", "code": "", "detail": "", "at": by.now}
    job_id = tx.scalars(select(Job.id).where(Job.mailing_id == mailing_id)).one()
    tx.execute(
        insert(Attempt),
        [{"recipient_id": id_, "request_id": f"{by.request_id}.{id_}.1", **told} for id_ in sent],
    )
    counted = {"provider": OUTBOX, "answered": len(sent), "accepted": len(sent), "started_at": by.now}
    move(tx, Job, [Job.id == job_id], JobState.RUNNING, JobState.FINISHED, finished_at=by.now, **counted)
    tx.execute(update(Reservation).where(Reservation.mailing_id == mailing_id).values(provider=OUTBOX))
    move(tx, Mailing, [Mailing.id == mailing_id], MailingState.SENDING, MailingState.FINISHED)
