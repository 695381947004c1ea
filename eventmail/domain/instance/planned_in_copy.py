"""The scheduled messages of a restored or copied database, before and when an owner confirms it (H9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from eventmail.domain.mailings import start
from eventmail.models import Content, Event, Mailing, Schedule
from eventmail.records import Acting
from eventmail.states import MailingState, NotSent


@dataclass(frozen=True)
class Planned:
    """A message that waits for its time `at`. `due` tells that in the zone it was chosen in."""

    event: str
    subject: str
    at: datetime
    due: str
    people: int
    past: bool


def listed(session: Session, now: datetime) -> Sequence[Planned]:
    """Every message of every event that is scheduled, the earliest first."""
    rows = (
        select(Event.title, Content.subject, Mailing.send_at, Schedule, Mailing.n_queued)
        .join(Mailing, Mailing.event_id == Event.id)
        .join(Content, Content.id == Mailing.content_id)
        .join(Schedule, Schedule.mailing_id == Mailing.id)
        .where(Mailing.state == MailingState.SCHEDULED)
        .order_by(Mailing.send_at, Mailing.id)
    )
    return [
        Planned(title, subject, at, f"{at.astimezone(held.zone):%Y-%m-%d %H:%M %Z}", people, at <= now)
        for title, subject, at, held, people in session.execute(rows)
        if at  # always, as a CHECK says
    ]


def ask(tx: Session, now: datetime, by: Acting) -> int:
    """Let every message whose time is over ask how it goes on; returns how many. Those to come stay scheduled.

    The other database may have sent them, also those that were missed before: somebody may have sent them there by
    hand. Runs in the caller's transaction.
    """
    missed = select(Mailing.id).where(Mailing.state == MailingState.MISSED)
    tx.execute(update(Schedule).where(Schedule.mailing_id.in_(missed)).values(not_sent=NotSent.RESTORED),
               execution_options={"synchronize_session": False})  # fmt: skip
    due = select(Mailing.id).where(Mailing.state == MailingState.SCHEDULED, Mailing.send_at <= now)
    over = tx.scalars(due.order_by(Mailing.send_at, Mailing.id)).all()
    for mailing_id in over:
        start.miss(tx, mailing_id, NotSent.RESTORED, by)
    return len(over)
