"""An organizer's control over a message under way: cancel or undo, try again, decide about doubt (S5 to S8, S12)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.orm import Session

from eventmail import addresses, erased, records
from eventmail.db import move, service, transaction
from eventmail.domain import mail_services
from eventmail.domain.mailings import query, send, start
from eventmail.domain.people import result_mails
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadyCancelled, AlreadySent, NotFound, NothingToDo
from eventmail.models import Job, Mailing, Recipient, Reservation
from eventmail.records import Acting
from eventmail.states import ON_ITS_WAY, WITHOUT_A_RUN, Brake, JobState, MailingResult, MailingState, RecipientState

_IN_HAND = "Some of its mails are with the mail service right now. Try again when that is over."
# of a recipient in another run: reports on an earlier run say nothing about this one
_ANEW = {"tries": 0, "delivery": None, "next_attempt_at": None, "claim_owner": None, "claim_until": None}


class Decision(StrEnum):
    """What to make of a mail that may have been sent (S5)."""

    SENT = "sent"
    SEND_AGAIN = "send_again"


def cancel(event_id: int, mailing_id: int, by: Acting) -> int:
    """Cancel all recipients who wait, claimed or not; returns how many. Raises AlreadyCancelled, AlreadySent.

    Mails with the mail service go on; `sending.outcome` cancels one that comes back for another try.
    """
    with transaction() as tx:
        return withdraw(tx, find(tx, event_id, mailing_id), by)


def undo(event_id: int, mailing_id: int, by: Acting) -> Mapping[RecipientState, int]:
    """`cancel` a message that should not have begun yet (S7), or its rest; returns how many are in which state."""
    with transaction() as tx:
        mailing = find(tx, event_id, mailing_id)
        withdraw(tx, mailing, by)
        return dict(mailing.counts)


def withdraw(tx: Session, mailing: Mailing, by: Acting) -> int:
    """`cancel`, in the caller's transaction."""
    mailing_id, event_id = mailing.id, mailing.event_id
    if mailing.state == MailingState.CANCELLED:
        raise AlreadyCancelled
    if mailing.state not in WITHOUT_A_RUN and not (mailing.n_queued or mailing.n_sending):
        raise AlreadySent
    of_mailing, words = [Recipient.mailing_id == mailing_id], f"Cancelled by {by.name}"
    cancelled = records.leave_queue(tx, of_mailing, RecipientState.CANCELLED, words, by.now)
    move(tx, Job, [Job.mailing_id == mailing_id], JobState.RUNNING, JobState.CANCELLED, finished_at=by.now)
    # after a cancelled second run the message still counts as sent, and doubt can still be decided
    job = query.last_job(mailing_id)
    over = MailingState.CANCELLED if job is None or job.run == 1 else MailingState.FINISHED
    if mailing.state == MailingState.SENDING:
        result_mails.tell(tx, mailing_id, MailingResult.ENDED, by)
    if mailing.state in ON_ITS_WAY or mailing.state == MailingState.FAILED:
        move(tx, Mailing, [Mailing.id == mailing_id], MailingState(mailing.state), over)
    tx.refresh(mailing)
    records.audit(tx, by, "mailing.cancelled", f"mailing:{mailing_id}", event_id=event_id,
                  cancelled=len(cancelled), sent=mailing.n_sent, under_way=mailing.n_sending)  # fmt: skip
    return len(cancelled)


def retry(
    event_id: int, mailing_id: int, terms: SendingTerms, by: Acting, through: str = "", *, people: int | None = None
) -> int:
    """Let a stopped run go on, or start a new run for the failed recipients with the same keys (S8, S12).

    A missed message starts now, to `people` if somebody has seen their number (H6). Never touches sent or unknown
    recipients. A message that was begun with another mail service needs `through` to name the one that is set now
    (S13); its waiting recipients move to a new run. Returns the job to ring for. Raises NothingToDo and QuotaExceeded,
    for a missed message also NoRecipients, AudienceChanged and NothingLeaves.
    """
    with transaction() as tx:
        mailing = find(tx, event_id, mailing_id)
        _check_service(mailing, through)
        if mailing.state == MailingState.SCHEDULED:
            raise NothingToDo("This message is scheduled, so nothing of it has failed.")
        if mailing.state == MailingState.MISSED:
            return start.missed(tx, mailing, terms, by, people).id
        if (begun := _begun_elsewhere(tx, mailing)) is not None:
            return _over_to(tx, mailing, begun, terms, by)
        if (stopped := _resume(tx, mailing_id)) is not None:
            records.audit(tx, by, "mailing.resumed", f"mailing:{mailing_id}", event_id=event_id)
            return stopped
        reachable = _reachable(mailing_id)
        if mailing.state == MailingState.CANCELLED:
            raise NothingToDo("This message was cancelled, so nothing of it is tried again.")
        if not _count(tx, reachable, RecipientState.FAILED):
            raise NothingToDo("Nobody failed, so there is nothing to try again.")
        if mailing.state != MailingState.FINISHED:
            raise NothingToDo("The run is not over yet. Try the failed again when it is finished.")
        return _again(tx, reachable, mailing, RecipientState.FAILED, terms=terms, by=by)


def decide(
    event_id: int, mailing_id: int, decision: Decision, emails: Sequence[str] | None, *, terms: SendingTerms,
    by: Acting, through: str = "",
) -> int | None:  # fmt: skip
    """Count recipients in doubt as sent, or send to them again in a new run (S5); all of them when `emails` is None.

    `through` is as for `retry`. Returns the job to ring for when they are sent to again. Raises NothingToDo when
    nobody is in doubt or somebody named is not, and QuotaExceeded; then nothing is changed.
    """
    where = [Recipient.mailing_id == mailing_id]
    named = None if emails is None else set(map(addresses.normalized, emails))
    if named is not None:
        where.append(Recipient.address.in_(named))
    with transaction() as tx:
        mailing = find(tx, event_id, mailing_id)
        in_doubt = _count(tx, where, RecipientState.UNKNOWN)
        if not in_doubt or (named is not None and in_doubt != len(named)):
            raise NothingToDo("Only mails that may have been sent can be decided on. Reload the page to see them.")
        if decision == Decision.SEND_AGAIN:
            if mailing.state != MailingState.FINISHED:
                raise NothingToDo("Mails can be sent again when a message is finished, not while it runs or cancelled.")
            _check_service(mailing, through)
            where += _reachable(mailing_id)
            if not _count(tx, where, RecipientState.UNKNOWN):
                raise NothingToDo("These guests were erased, so nothing can be sent to them again.")
            records.forget_doubt(tx, where)
            return _again(tx, where, mailing, RecipientState.UNKNOWN, terms=terms, by=by)
        records.forget_doubt(tx, where)
        values = {"last_error": f"Counted as sent by {by.name}", "updated_at": by.now}
        moved = records.move_recipients(tx, where, RecipientState.UNKNOWN, RecipientState.SENT, **values)
        records.audit(tx, by, "mailing.counted_as_sent", f"mailing:{mailing_id}", event_id=event_id,
                      recipients=len(moved))  # fmt: skip
    return None


def find(tx: Session, event_id: int, mailing_id: int) -> Mailing:
    """A mailing of this event that is no draft. Raises NotFound, and NothingToDo for a draft."""
    found = tx.scalars(select(Mailing).where(Mailing.id == mailing_id, Mailing.event_id == event_id)).one_or_none()
    if found is None:
        raise NotFound
    if found.state == MailingState.DRAFT:
        raise NothingToDo("This is a draft: nothing of it was sent. Delete it when nobody needs it any more.")
    return found


def _reachable(mailing_id: int) -> list[ColumnElement[bool]]:
    """The recipients of a mailing who were not erased: nobody knows the address of the others any more."""
    return [Recipient.mailing_id == mailing_id, ~Recipient.address.startswith(erased.PREFIX)]


def _resume(tx: Session, mailing_id: int) -> int | None:
    return tx.scalar(
        update(Job)
        .where(Job.mailing_id == mailing_id, Job.state == JobState.RUNNING, Job.stopped.is_not(None))
        .values(stopped=None, brake=case((Job.brake.is_not(None), Brake.ANSWERED)))
        .returning(Job.id)
    )


def _check_service(mailing: Mailing, through: str) -> None:
    """Raises NothingToDo unless the mail service is still that of the last run, or the one the page named (S13)."""
    job, now = query.last_job(mailing.id), service()
    before = job.provider if job else now
    if (through or before) != now:
        raise NothingToDo(mail_services.not_set(through, now) if through else mail_services.asks(before, now))


def _begun_elsewhere(tx: Session, mailing: Mailing) -> Job | None:
    """The run that waits because it was begun with another mail service than the one set now."""
    job = query.last_job(mailing.id)
    if job is None:
        return None
    tx.refresh(job)
    return job if job.state == JobState.RUNNING and job.provider != service() else None


def _over_to(tx: Session, mailing: Mailing, begun: Job, terms: SendingTerms, by: Acting) -> int:
    """End a run of another mail service; its waiting recipients go to a new run of the one set now (S13)."""
    if mailing.n_sending:
        raise NothingToDo(_IN_HAND)
    if not mailing.n_queued:
        raise NothingToDo("Nobody waits any more, so there is nothing to send.")
    move(tx, Job, [Job.id == begun.id], JobState.RUNNING, JobState.FINISHED, finished_at=by.now)
    entry = (Reservation.mailing_id == mailing.id, Reservation.run == begun.run)
    tx.execute(update(Reservation).where(*entry).values(refunded=Reservation.reserved - Reservation.consumed))
    job = send.add_run(tx, mailing, mailing.n_queued, terms, by)
    tx.execute(
        update(Recipient)
        .where(Recipient.mailing_id == mailing.id, Recipient.state == RecipientState.QUEUED)
        .values(**_ANEW, updated_at=by.now),
        execution_options={"synchronize_session": False},
    )
    records.audit(tx, by, "mailing.service_changed", f"mailing:{mailing.id}", event_id=mailing.event_id,
                  recipients=mailing.n_queued, run=job.run, before={"service": begun.provider},
                  after={"service": job.provider})  # fmt: skip
    return job.id


def _again(
    tx: Session, where: Sequence[ColumnElement[bool]], mailing: Mailing, from_: RecipientState, *,
    terms: SendingTerms, by: Acting,
) -> int:  # fmt: skip
    """Queue the recipients of one state in the next run of a finished mailing; returns that run's job."""
    at_rest = [Mailing.id == mailing.id, Mailing.n_sending == 0]  # mails in hand belong to the run before
    if not move(tx, Mailing, at_rest, MailingState.FINISHED, MailingState.SENDING):
        raise NothingToDo(_IN_HAND)
    job = send.add_run(tx, mailing, _count(tx, where, from_), terms, by)
    moved = records.move_recipients(tx, where, from_, RecipientState.QUEUED, **_ANEW, updated_at=by.now)
    records.audit(tx, by, f"mailing.{from_}_sent_again", f"mailing:{mailing.id}", event_id=mailing.event_id,
                  recipients=len(moved), run=job.run)  # fmt: skip
    return job.id


def _count(tx: Session, where: Sequence[ColumnElement[bool]], state: RecipientState) -> int:
    return tx.scalar(select(func.count()).select_from(Recipient).where(Recipient.state == state, *where)) or 0
