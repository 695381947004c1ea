"""Cancelling or archiving an event. Mails that still wait never leave then (S6)."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, move, transaction
from eventmail.domain.people import result_mails
from eventmail.errors import MessagesWaiting, NothingToDo
from eventmail.models import Event, Job, Mailing, Recipient
from eventmail.states import ON_ITS_WAY, PLANNED, JobState, MailingResult, MailingState, RecipientState


@dataclass(frozen=True)
class Waiting:
    """The messages on their way or planned, and their waiting mails, which the end of an event stops.

    `under_way` counts the mails that are with the mail service, `planned` the scheduled and the missed messages.
    """

    messages: int
    mails: int
    under_way: int
    planned: int


def waiting(event_id: int) -> Waiting:
    """The messages and mails that an end of this event would stop, in 1 query."""
    return _waiting(fresh(), event_id)


def cancel(event_id: int, by: records.Acting) -> int:
    """Cancel the event and its waiting mails (S6). Returns how many mails were cancelled.

    The calendar file says so from now on (K3). New messages stay possible: somebody has to tell the guests.
    """
    with transaction() as tx:
        told = {"updated_at": by.now, "ics_sequence": Event.ics_sequence + 1}
        _change(tx, event_id, Event.cancelled_at.is_(None), "was cancelled before", cancelled_at=by.now, **told)
        cancelled = _withdraw(tx, event_id, f"The event was cancelled by {by.name}", by)
        records.audit(tx, by, "event.cancelled", f"event:{event_id}", event_id=event_id, mails_cancelled=cancelled,
                      before={"cancelled": False}, after={"cancelled": True})  # fmt: skip
    return cancelled


def reinstate(event_id: int, by: records.Acting) -> None:
    """Undo `cancel`. Mails that were cancelled stay cancelled."""
    with transaction() as tx:
        told = {"updated_at": by.now, "ics_sequence": Event.ics_sequence + 1}
        _change(tx, event_id, Event.cancelled_at.is_not(None), "is not cancelled", cancelled_at=None, **told)
        records.audit(tx, by, "event.reinstated", f"event:{event_id}", event_id=event_id,
                      before={"cancelled": True}, after={"cancelled": False})  # fmt: skip


def archive(event_id: int, by: records.Acting, *, cancel_waiting: bool = False) -> int:
    """Archive the event, so that nothing can be sent from it. Returns how many waiting mails were cancelled.

    Raises MessagesWaiting while messages are on their way or planned, unless `cancel_waiting`.
    """
    with transaction() as tx:
        found = _waiting(tx, event_id)
        if found.messages and not cancel_waiting:
            raise MessagesWaiting(
                f"{_number(found.messages, 'message')} with {_number(found.mails, 'waiting mail')} would never leave. "
                "Nothing was changed. Wait until they are sent, or tick that they are to be cancelled."
            )
        _change(tx, event_id, Event.archived_at.is_(None), "was archived before", archived_at=by.now)
        cancelled = _withdraw(tx, event_id, f"The event was archived by {by.name}", by)
        records.audit(tx, by, "event.archived", f"event:{event_id}", event_id=event_id, mails_cancelled=cancelled,
                      before={"archived": False}, after={"archived": True})  # fmt: skip
    return cancelled


def bring_back(event_id: int, by: records.Acting) -> None:
    """Undo `archive`. Sending is possible again, and nothing is sent by itself."""
    with transaction() as tx:
        _change(tx, event_id, Event.archived_at.is_not(None), "is not archived", archived_at=None)
        records.audit(tx, by, "event.brought_back", f"event:{event_id}", event_id=event_id,
                      before={"archived": True}, after={"archived": False})  # fmt: skip


def _change(tx: Session, event_id: int, still: ColumnElement[bool], refusal: str, **values: object) -> None:
    """Change the event if `still` holds. Raises NothingToDo otherwise: somebody else was faster."""
    changed = update(Event).where(Event.id == event_id, still).values(**values).returning(Event.id)
    if tx.scalar(changed) is None:
        raise NothingToDo(f"This event {refusal}.")


def _waiting(session: Session, event_id: int) -> Waiting:
    queued, sending = (func.coalesce(func.sum(counter), 0) for counter in (Mailing.n_queued, Mailing.n_sending))
    planned = func.count().filter(Mailing.state.in_(PLANNED))
    counted = select(func.count(), queued, sending, planned)
    theirs = counted.where(Mailing.event_id == event_id, Mailing.state.in_(ON_ITS_WAY))
    return Waiting(*session.execute(theirs).one())


def _withdraw(tx: Session, event_id: int, words: str, by: records.Acting) -> int:
    """Cancel every waiting mail of the event, its runs and its plans. Returns the number of mails.

    Mails with the mail service go on. One that would be tried again finds its run cancelled (S6).
    """
    # where no mail waits or is on its way, nothing is cancelled: the worker is about to finish it
    may_leave = or_(Mailing.state.in_(PLANNED), Mailing.n_queued + Mailing.n_sending > 0)
    theirs = list(tx.scalars(select(Mailing.id).where(Mailing.event_id == event_id, may_leave)))
    left = records.leave_queue(tx, [Recipient.mailing_id.in_(theirs)], RecipientState.CANCELLED, words, by.now)
    move(tx, Job, [Job.mailing_id.in_(theirs)], JobState.RUNNING, JobState.CANCELLED, finished_at=by.now)
    # a message in its second run counts as finished: mails of the first run were sent, and doubt still needs a decision
    run = select(func.coalesce(func.max(Job.run), 1)).where(Job.mailing_id == Mailing.id).scalar_subquery()
    ended = move(tx, Mailing, [Mailing.id.in_(theirs), run > 1], MailingState.SENDING, MailingState.FINISHED)
    for state in ON_ITS_WAY:
        gone = move(tx, Mailing, [Mailing.id.in_(theirs)], state, MailingState.CANCELLED)
        ended += gone if state == MailingState.SENDING else []
    for mailing_id in ended:
        result_mails.tell(tx, mailing_id, MailingResult.ENDED, by)
    return len(left)


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
