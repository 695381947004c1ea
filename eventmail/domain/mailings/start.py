"""The start of a scheduled message: its list, its values and its run, or why nothing leaves (H5 to H8).

Worker and person start it here, in one transaction with a guarded move.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import move
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.events import edit
from eventmail.domain.mailings import calendar_mails, recipients, send, send_time
from eventmail.domain.people import result_mails
from eventmail.domain.suppressions.reasons import scopes_of
from eventmail.domain.terms import NothingLeaves, SendingTerms
from eventmail.errors import (
    AudienceChanged,
    InvalidAudience,
    MissingEventTime,
    NoRecipients,
    QuotaExceeded,
)
from eventmail.models import Event, Guest, Job, Mailing, Recipient, Schedule, Suppression
from eventmail.records import Acting
from eventmail.states import AudienceMode, MailingResult, MailingState, NotSent, RecipientState

LATE = timedelta(hours=1)
MANY, MANY_TIMES = 50, 1.5  # more people than this are a surprise, and so many times those of the scheduling (H7)

People = tuple[audiences.Audience | None, int]  # who gets it, None for the people of the scheduling, and how many


def when_due(tx: Session, mailing_id: int, terms: SendingTerms, by: Acting) -> Job | None:
    """Start a message that is due at `by.now`; None when nothing leaves, or when somebody else was faster (H5).

    It is missed when it is late (H6), when its time moved (H6a), when it is a calendar mail of an event without a time
    (K2), when the list surprises (H7), and when nothing may leave; it has failed when nobody is left.
    """
    mailing = tx.get(Mailing, mailing_id)
    if (
        mailing is None
        or mailing.state != MailingState.SCHEDULED
        or mailing.send_at is None
        or mailing.send_at > by.now
    ):
        return None
    held, event = schedule(tx, mailing_id), tx.get_one(Event, mailing.event_id)
    why = too_late(mailing, event, by.now) or _moved(mailing, held, event)
    why = why or calendar_mails.not_sent(tx, mailing)
    why = why or (NotSent.HELD_UP if terms.hindrances else None)
    try:
        if why is None:
            people = people_now(tx, mailing, held, outside=terms.outside)
            if not surprises(people[1], held):
                return _start(tx, mailing, held, people, terms=terms, by=by)
            why = NotSent.MORE_PEOPLE
    except InvalidAudience:
        why = NotSent.SEGMENT_GONE
    except QuotaExceeded:
        why = NotSent.QUOTA
    miss(tx, mailing_id, why, by)
    return None


def too_late(mailing: Mailing, event: Event, now: datetime) -> NotSent | None:
    """Why a message that is due may not leave by itself any more at `now`, None while it may (H6)."""
    due = mailing.send_at
    if due is None or now - due > LATE:
        return NotSent.LATE
    starts = event.starts_at
    return NotSent.EVENT_BEGAN if starts and due < starts <= now else None


def missed(tx: Session, mailing: Mailing, terms: SendingTerms, by: Acting, people: int | None = None) -> Job:
    """Start a missed message at once, as somebody asks who has seen that it goes to so many `people`.

    Without one of its segments it goes to the people of its scheduling. Raises NoRecipients, QuotaExceeded,
    NothingLeaves, MissingEventTime (K2), and AudienceChanged when other people would get it than were seen.
    """
    if terms.hindrances:
        raise NothingLeaves(" ".join(terms.hindrances))
    edit.refuse_archived(tx, mailing.event_id)
    calendar_mails.check_leaves(tx, mailing)
    held = schedule(tx, mailing.id)
    found = people_now(tx, mailing, held, outside=terms.outside, of_scheduling=True)
    if people is not None and people != (now := found[1]):
        told = f"When you looked, {people} would have got it. It would be {now} now. Nothing was sent."
        joined, left = max(0, now - people), max(0, people - now)
        raise AudienceChanged(told, joined=[], left=[], joined_count=joined, left_count=left, exact_count=people)
    job = _start(tx, mailing, held, found, terms=terms, by=by)
    if job is None:
        raise NoRecipients
    return job


def schedule(tx: Session, mailing_id: int) -> Schedule:
    """The schedule of a mailing that has one."""
    return tx.scalars(select(Schedule).where(Schedule.mailing_id == mailing_id)).one()


def miss(tx: Session, mailing_id: int, why: NotSent, by: Acting, *, tell: bool = True) -> None:
    """Note that nothing of a due message left, and why; it asks how it goes on. Its places stay reserved.

    With `tell`, its author hears of it (S14).
    """
    if move(tx, Mailing, [Mailing.id == mailing_id], MailingState.SCHEDULED, MailingState.MISSED):
        mailing = tx.get_one(Mailing, mailing_id)
        schedule(tx, mailing_id).not_sent = why
        records.audit(tx, by, "mailing.missed", f"mailing:{mailing_id}", event_id=mailing.event_id, reason=str(why))
        if tell:
            result_mails.tell(tx, mailing_id, MailingResult.MISSED, by)


def _still_picked(session: Session, mailing: Mailing) -> dict[str, list[str]]:
    """The criteria of a mailing without hand-picked guests who are gone: they can get nothing any more."""
    given = {part: list(mailing.audience.get(part, [])) for part in audiences.PARTS}
    picked = [int(guest) for guest in given["guests"]]
    here = select(Guest.id).where(Guest.event_id == mailing.event_id, Guest.id.in_(picked))
    left = set(session.scalars(here)) if picked else set()
    return given | {"guests": [str(guest) for guest in picked if guest in left]}


def people_now(
    session: Session, mailing: Mailing, held: Schedule, *, outside: bool, of_scheduling: bool = False
) -> People:
    """Who would get a scheduled message now (H5).

    When one of its segments was deleted, it is the people of the scheduling if somebody has asked for that
    (`of_scheduling`); else raises InvalidAudience.
    """
    if held.audience_mode == AudienceMode.AT_DUE:
        wanted = _still_picked(session, mailing)
        if not any(wanted[part] for part in ("statuses", "segments", "guests")):
            return None, 0
        try:
            picked = audiences.checked(mailing.event_id, wanted, outside=outside)
        except InvalidAudience:
            if not of_scheduling:
                raise
        else:
            return picked, audiences.resolve(session, picked).count
    return None, _mailable(session, mailing, outside=outside)


def surprises(people: int, held: Schedule) -> bool:
    """Whether so many are far more than when the message was scheduled, so that it asks first (H7)."""
    return people > MANY and people > MANY_TIMES * held.scheduled_count


def _mailable(session: Session, mailing: Mailing, *, outside: bool) -> int:
    """How many of the people of the scheduling would get it now: nobody on the do-not-mail list, nobody who moved.

    A guest with another address is not the guest who was looked at (A4, A6).
    """
    listed = exists().where(
        Suppression.address == Recipient.address, Suppression.scope.in_(scopes_of(mailing.event_id))
    )
    stays = exists().where(Guest.id == Recipient.guest_id, Guest.address == Recipient.address)
    waits = [*_waiting(mailing), ~listed, stays, *([~_reserved()] if outside else [])]
    return session.scalar(select(func.count()).select_from(Recipient).where(*waits)) or 0


def _waiting(mailing: Mailing) -> list[ColumnElement[bool]]:
    return [Recipient.mailing_id == mailing.id, Recipient.state == RecipientState.QUEUED]


def _reserved() -> ColumnElement[bool]:
    """Whether nobody can have the address of a recipient; such mails stay in practice mode (A2)."""
    return exists().where(Guest.id == Recipient.guest_id, Guest.reserved)


def _start(
    tx: Session, mailing: Mailing, held: Schedule, people: People, *, terms: SendingTerms, by: Acting
) -> Job | None:
    """Returns the run, or None when nobody is left to send to. Raises QuotaExceeded, before it changes anything."""
    from_, (picked, count) = MailingState(mailing.state), people
    if not count:
        _fail(tx, mailing, held, from_, by)
        return None
    before, anew = mailing.recipient_count, picked is not None and _differs(tx, mailing, picked)
    places = count if anew else mailing.n_queued
    records.rebook(tx, mailing.id, places, by.now, terms.limits, returned=0 if anew else before - places)
    if not move(tx, Mailing, [Mailing.id == mailing.id], from_, MailingState.SENDING, created_at=by.now):
        raise RuntimeError("a message was started twice in one transaction")
    if picked and anew:
        recipients.rewrite(tx, mailing, picked, by)
    elif picked:
        recipients.exclude_anew(tx, mailing, picked)
    elif terms.outside:
        words = "Nobody can have this address"
        records.leave_queue(tx, [*_waiting(mailing), _reserved()], RecipientState.CANCELLED, words, by.now)
        tx.refresh(mailing)
    held.not_sent = None
    send.freeze_values(tx, mailing, terms)
    job = send.begin_run(tx, mailing, 1, by.now, by)
    late = _lateness(mailing, by.now) if from_ == MailingState.SCHEDULED else {}
    records.audit(tx, by, "mailing.started", f"mailing:{mailing.id}", event_id=mailing.event_id,
                  recipients=mailing.n_queued, scheduled=before, **late)  # fmt: skip
    return job


def _fail(tx: Session, mailing: Mailing, held: Schedule, from_: MailingState, by: Acting) -> None:
    """End a message for which nobody is left: its places go back, and whoever was listed is cancelled (H5)."""
    words = "Nobody matched the audience when it was due"
    records.leave_queue(tx, [Recipient.mailing_id == mailing.id], RecipientState.CANCELLED, words, by.now)
    move(tx, Mailing, [Mailing.id == mailing.id], from_, MailingState.FAILED, last_error=NoRecipients.sentence)
    held.not_sent = NotSent.NO_RECIPIENTS
    records.audit(tx, by, "mailing.failed", f"mailing:{mailing.id}", event_id=mailing.event_id,
                  reason=str(NotSent.NO_RECIPIENTS))  # fmt: skip
    result_mails.tell(tx, mailing.id, MailingResult.FAILED, by)


def _lateness(mailing: Mailing, now: datetime) -> dict[str, int]:
    """As the log tells it; nothing within the minute."""
    minutes = (now - mailing.send_at) // timedelta(minutes=1) if mailing.send_at else 0
    return {"minutes_late": minutes} if minutes else {}


def _moved(mailing: Mailing, held: Schedule, event: Event) -> NotSent | None:
    try:
        other = send_time.proposed(mailing, held, event)
    except MissingEventTime:
        return NotSent.EVENT_UNDATED
    return None if other is None else NotSent.EVENT_MOVED if held.relative else NotSent.TIME_MOVED


def _differs(tx: Session, mailing: Mailing, picked: audiences.Audience) -> bool:
    """Whether other people match than those listed, or somebody listed does not wait any more."""
    mine = Recipient.mailing_id == mailing.id
    listed = select(Recipient.guest_id, Recipient.address).where(mine, Recipient.state == RecipientState.QUEUED)
    now = audiences.recipients(picked)
    others = exists().where(mine, Recipient.state != RecipientState.QUEUED)
    return bool(tx.scalar(select(exists(listed.except_(now)) | exists(now.except_(listed)) | others)))
