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
from eventmail.domain.mailings import recipients, send, send_time
from eventmail.domain.people import result_mails
from eventmail.domain.suppressions.reasons import scopes_of
from eventmail.domain.terms import NothingLeaves, SendingTerms
from eventmail.errors import AudienceChanged, InvalidAudience, MissingEventTime, NoRecipients, QuotaExceeded
from eventmail.models import Event, Guest, Job, Mailing, Recipient, Schedule, Suppression
from eventmail.records import Acting
from eventmail.states import AudienceMode, MailingResult, MailingState, NotSent, RecipientState

LATE = timedelta(hours=1)
MANY, MANY_TIMES = 50, 1.5  # more people than this are a surprise, and so many times those of the scheduling (H7)


def when_due(tx: Session, mailing_id: int, terms: SendingTerms, by: Acting) -> Job | None:
    """Start a message that is due at `by.now`; None when nothing leaves, or when somebody else was faster (H5).

    It is missed when it is late (H6), when its time moved (H6a), when the list surprises (H7), and when nothing may
    leave; it has failed when nobody is left.
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
    try:
        if why or terms.hindrances:
            raise _Stopped(why or NotSent.HELD_UP)
        return _start(tx, mailing, held, terms, by)
    except _Stopped as stopped:
        miss(tx, mailing_id, stopped.why, by)
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
    NothingLeaves, and AudienceChanged when other people would get it than were seen.
    """
    if terms.hindrances:
        raise NothingLeaves(" ".join(terms.hindrances))
    edit.refuse_archived(tx, mailing.event_id)
    job = _start(tx, mailing, schedule(tx, mailing.id), terms, by)
    if job is None:
        raise NoRecipients
    if people is not None and people != mailing.n_queued:
        told = f"When you looked, {people} would have got it. It would be {mailing.n_queued} now. Nothing was sent."
        apart = max(0, mailing.n_queued - people), max(0, people - mailing.n_queued)
        raise AudienceChanged(told, joined=[], left=[], joined_count=apart[0], left_count=apart[1], exact_count=people)
    return job


def schedule(tx: Session, mailing_id: int) -> Schedule:
    """The schedule of a mailing that has one."""
    return tx.scalars(select(Schedule).where(Schedule.mailing_id == mailing_id)).one()


def miss(tx: Session, mailing_id: int, why: NotSent, by: Acting) -> None:
    """Note that nothing of a due message left, and why; it asks how it goes on. Its places stay reserved."""
    if move(tx, Mailing, [Mailing.id == mailing_id], MailingState.SCHEDULED, MailingState.MISSED):
        mailing = tx.get_one(Mailing, mailing_id)
        schedule(tx, mailing_id).not_sent = why
        records.audit(tx, by, "mailing.missed", f"mailing:{mailing_id}", event_id=mailing.event_id, reason=str(why))
        result_mails.tell(tx, mailing_id, MailingResult.MISSED, by)


def criteria(session: Session, mailing: Mailing) -> dict[str, list[str]]:
    """The criteria of a mailing without hand-picked guests who are gone: they can get nothing any more."""
    given = {part: list(mailing.audience.get(part, [])) for part in audiences.PARTS}
    picked = [int(guest) for guest in given["guests"]]
    here = select(Guest.id).where(Guest.event_id == mailing.event_id, Guest.id.in_(picked))
    left = set(session.scalars(here)) if picked else set()
    return given | {"guests": [str(guest) for guest in picked if guest in left]}


def audience(session: Session, mailing: Mailing, held: Schedule, *, outside: bool) -> audiences.Audience | None:
    """Who matches the criteria of a scheduled message now; None for the people of its scheduling (H5).

    Raises InvalidAudience when a segment was deleted.
    """
    if held.audience_mode == AudienceMode.EXACT:
        return None
    wanted = criteria(session, mailing)
    if not any(wanted[part] for part in ("statuses", "segments", "guests")):
        raise NoRecipients
    return audiences.checked(mailing.event_id, wanted, outside=outside)


def surprises(people: int, held: Schedule) -> bool:
    """Whether so many are far more than when the message was scheduled, so that it asks first (H7)."""
    return people > MANY and people > MANY_TIMES * held.scheduled_count


def mailable(session: Session, mailing: Mailing, *, outside: bool) -> int:
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


class _Stopped(Exception):
    def __init__(self, why: NotSent) -> None:
        self.why = why


def _start(tx: Session, mailing: Mailing, held: Schedule, terms: SendingTerms, by: Acting) -> Job | None:
    """Returns the run, or None when nobody is left to send to.

    Raises _Stopped where a person must look first; one who starts a missed message has looked.
    """
    from_, unseen = MailingState(mailing.state), mailing.state == MailingState.SCHEDULED
    picked, count = _people(tx, mailing, held, outside=terms.outside, unseen=unseen)
    if not count:
        _fail(tx, mailing, held, from_, by)
        return None
    if unseen and surprises(count, held):
        raise _Stopped(NotSent.MORE_PEOPLE)
    if picked is None and terms.outside:
        words = "Nobody can have this address"
        records.leave_queue(tx, [*_waiting(mailing), _reserved()], RecipientState.CANCELLED, words, by.now)
        tx.refresh(mailing)
    before, anew = mailing.recipient_count, picked is not None and _differs(tx, mailing, picked)
    places = count if anew else mailing.n_queued
    try:
        records.rebook(tx, mailing.id, places, by.now, terms.limits, returned=0 if anew else before - places)
    except QuotaExceeded:
        if not unseen:
            raise
        raise _Stopped(NotSent.QUOTA) from None
    if not move(tx, Mailing, [Mailing.id == mailing.id], from_, MailingState.SENDING, created_at=by.now):
        raise RuntimeError("a message was started twice in one transaction")
    if picked and anew:
        recipients.rewrite(tx, mailing, picked, by)
    elif picked:
        recipients.exclude_anew(tx, mailing, picked)
    held.not_sent = None
    send.freeze_values(tx, mailing, terms, by)
    job = send.begin_run(tx, mailing, 1, by.now, by)
    late = _lateness(mailing, by.now) if unseen else {}
    records.audit(tx, by, "mailing.started", f"mailing:{mailing.id}", event_id=mailing.event_id,
                  recipients=mailing.n_queued, scheduled=before, **late)  # fmt: skip
    return job


def _people(
    tx: Session, mailing: Mailing, held: Schedule, *, outside: bool, unseen: bool
) -> tuple[audiences.Audience | None, int]:
    """Who gets it, None for the people of the scheduling, and how many. Raises _Stopped without a segment."""
    try:
        picked = audience(tx, mailing, held, outside=outside)
    except NoRecipients:
        return None, 0
    except InvalidAudience:
        if unseen:
            raise _Stopped(NotSent.SEGMENT_GONE) from None
        picked = None
    return picked, audiences.resolve(tx, picked).count if picked else mailable(tx, mailing, outside=outside)


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
