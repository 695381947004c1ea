"""Sending a message: everything of rule S1 in one transaction, or nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from eventmail import ids, records
from eventmail.content.compiled import Compiled
from eventmail.db import Rows, fresh, roomy, transaction
from eventmail.domain import audience as audiences
from eventmail.domain import contents, events, merge
from eventmail.domain.audience import Audience
from eventmail.domain.contents import Text
from eventmail.domain.merge import Place
from eventmail.errors import (
    AlreadyCancelled,
    AudienceChanged,
    IdempotencyKeyReused,
    InvalidInput,
    NoRecipients,
    NotFound,
)
from eventmail.models import Content, Event, Exclusion, Guest, IdempotencyRecord, Job, Mailing, Recipient, User
from eventmail.records import Acting
from eventmail.states import JobState, MailingKind, MailingState, Reason, RecipientState


@dataclass(frozen=True)
class Message:
    """What an organizer asks to send: the text, and the audience criteria as picked.

    `seen` is the fingerprint of the audience that was reviewed; without one, whoever matches gets it.
    """

    text: Text
    audience: Mapping[str, list[str]]
    seen: str = ""

    def as_json(self) -> dict[str, Any]:
        """What an idempotency key stands for."""
        return {
            **asdict(self.text),
            "audience": {part: sorted(picked) for part, picked in self.audience.items() if picked},
        }


@dataclass(frozen=True)
class Sent:
    """The answer to a send: the same under the same key. `job_id` is None for a replay, which rings for nothing."""

    mailing_id: int
    status: int
    answer: dict[str, Any]
    job_id: int | None


def check(event_id: int, message: Message, place: Place) -> tuple[Compiled, Audience, audiences.Resolution]:
    """Every check of a send, storing nothing.

    Raises UnresolvedToken, InvalidInput, InvalidAudience (400) or NoRecipients (409); InvalidInput also while nothing
    may leave this box yet (S13).
    """
    compiled, picked = _picked(event_id, message, place)
    resolution = audiences.resolve(fresh(), picked)
    if resolution.count == 0:
        raise NoRecipients
    return compiled, picked, resolution


def send(event_id: int, message: Message, *, key: str, place: Place, by: Acting) -> Sent:
    """Send `message` now, once per `key` and person (S1).

    Raises the errors of `check`, IdempotencyKeyReused, AlreadyCancelled for the key of a cancelled mailing (S7), and
    AudienceChanged when not exactly those would get it who were reviewed.
    """
    scope, fingerprint = _scope(event_id, by), records.body_hash(message.as_json())
    if replay := records.replayable(fresh(), scope, key, fingerprint):
        return replayed(fresh(), replay)
    compiled, picked = _picked(event_id, message, place)
    with transaction() as tx:
        if replay := records.replayable(tx, scope, key, fingerprint):  # a second click was faster
            return replayed(tx, replay)
        _check_unchanged(tx, picked, message.seen)
        text = contents.kept(tx, event_id, message.text, compiled, by)
        mailing = _add_mailing(tx, text, picked, place, by)
        job = add_run(tx, mailing, mailing.recipient_count, place, by, delay=place.undo)
        records.audit(tx, by, "mailing.sent", f"mailing:{mailing.id}", event_id=event_id,
                      recipients=mailing.recipient_count, excluded=mailing.excluded)  # fmt: skip
        answer = described(mailing, tx.get_one(Content, mailing.content_id), job)
        tx.add(
            IdempotencyRecord(
                scope=scope, key=key, body_hash=fingerprint, mailing_id=mailing.id, status=202, answer=answer,
                created_at=by.now,
            )
        )  # fmt: skip
    return Sent(mailing.id, 202, answer, job.id)


def key_for(event_id: int, message: Message, key: str | None, by: Acting) -> str:
    """The key to lay under a form: the one it had, or a new one when another message was sent under that.

    So a form that is posted again leads to the message it became, and a changed one is a new message.
    """
    try:
        if key:
            records.replayable(fresh(), _scope(event_id, by), key, records.body_hash(message.as_json()))
            return key
    except IdempotencyKeyReused:
        pass
    return ids.token(24)


def _scope(event_id: int, by: Acting) -> str:
    return f"user:{by.user_id}:mailings:{event_id}"


def find(event_id: int, mailing_id: int) -> Mailing:
    """One mailing of this event, or NotFound."""
    found = fresh().scalars(select(Mailing).where(Mailing.id == mailing_id, Mailing.event_id == event_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def newest_first(event_id: int) -> Rows:
    """(mailing, subject) of an event, for its list; tests are no messages to guests (E1)."""
    return (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(Mailing.event_id == event_id, Mailing.kind != MailingKind.TEST)
        .order_by(Mailing.created_at.desc(), Mailing.id.desc())
    )


def last_job(mailing_id: int) -> Job:
    """The newest run of a mailing."""
    return fresh().scalars(select(Job).where(Job.mailing_id == mailing_id).order_by(Job.run.desc()).limit(1)).one()


def content(mailing: Mailing) -> Content:
    """What a mailing says."""
    return fresh().get_one(Content, mailing.content_id)


def described(mailing: Mailing, content: Content, job: Job) -> dict[str, Any]:
    """A mailing as answers show it (product 6)."""
    return {
        "id": str(mailing.id),
        "kind": mailing.kind,
        "state": mailing.state,
        "counts": {str(state): number for state, number in mailing.counts.items()},
        "recipient_count": mailing.recipient_count,
        "excluded": [{"reason": reason, "count": number} for reason, number in mailing.excluded.items()],
        "send_at": None,
        "timezone": None,
        "edit_cutoff_at": None,
        "content": {
            "subject": content.subject,
            "preheader": content.preheader,
            "body": content.body,
            "design": None,
            "revision": None,
        },
        "job": {
            "state": job.state,
            "started_at": f"{job.started_at:%Y-%m-%dT%H:%M:%SZ}" if job.started_at else None,
            "finished_at": f"{job.finished_at:%Y-%m-%dT%H:%M:%SZ}" if job.finished_at else None,
        },
        "last_error": mailing.last_error,
    }


def _picked(event_id: int, message: Message, place: Place) -> tuple[Compiled, Audience]:
    if place.hindrances:
        raise InvalidInput(" ".join(place.hindrances))
    events.refuse_archived(fresh(), event_id)
    compiled = contents.checked(event_id, message.text)
    return compiled, audiences.checked(event_id, message.audience, outside=place.outside)


def _check_unchanged(tx: Session, picked: Audience, seen: str) -> None:
    if not seen or audiences.fingerprint(tx, picked) == seen:
        return
    before, now = seen.partition("-")[0], audiences.resolve(tx, picked).count
    if now == 0:
        raise NoRecipients
    same = "as many, but not the same guests" if before == str(now) else f"{now}"
    raise AudienceChanged(
        f"When you looked, {before} would have got it; now it is {same}. Nothing was sent: look again."
    )


def replayed(session: Session, record: IdempotencyRecord) -> Sent:
    """The answer that was given before. Raises AlreadyCancelled when its mailing was cancelled since."""
    mailing = session.get(Mailing, record.mailing_id) if record.mailing_id else None
    if mailing is not None and mailing.state == MailingState.CANCELLED:
        raise AlreadyCancelled  # S7: its key says so and sends nothing
    return Sent(record.mailing_id or 0, record.status, record.answer, None)


def begun(
    tx: Session, kind: MailingKind, text: Content, criteria: Mapping[str, list[str]], *, place: Place, by: Acting
) -> Mailing:
    """A new mailing of what `text` says, with everything frozen but its recipients, who are still to come."""
    event = tx.get_one(Event, text.event_id)
    sender = merge.sender(event, tx.get(User, by.user_id) if by.user_id else None)
    mailing = Mailing(
        event_id=event.id,
        kind=kind,
        state=MailingState.SENDING,
        key=ids.token(16),
        content_id=text.id,
        audience=criteria,
        excluded={},
        constants=merge.constants(event, sender, place),
        defaults=merge.defaults(event.id),
        reply_to=event.reply_to,
        recipient_count=0,
        created_by=by.user_id,
        created_at=by.now,
    )
    tx.add(mailing)
    tx.flush()
    return mailing


def _add_mailing(tx: Session, text: Content, picked: Audience, place: Place, by: Acting) -> Mailing:
    mailing = begun(tx, MailingKind.ONE_TIME, text, picked.as_json(), place=place, by=by)
    mailing.recipient_count = mailing.n_queued = _freeze(tx, mailing, picked, by)
    if mailing.recipient_count == 0:
        raise NoRecipients
    mailing.excluded = _leave_out(tx, mailing, picked)
    tx.flush()
    return mailing


def _freeze(tx: Session, mailing: Mailing, picked: Audience, by: Acting) -> int:
    """One row per recipient, without bringing any of them into Python: how many."""
    frozen = select(
        literal(mailing.id),
        Guest.id,
        Guest.address,
        Guest.email,
        literal(RecipientState.QUEUED.value),
        literal(0),
        literal(0),
        literal(by.now, Recipient.updated_at.type),
    ).where(Guest.id.in_(audiences.recipient_ids(picked)))
    into = ["mailing_id", "guest_id", "address", "email", "state", "attempts", "tries", "updated_at"]
    with roomy(tx):
        return _rows(tx.execute(insert(Recipient).from_select(into, frozen.order_by(Guest.id))))


def _leave_out(tx: Session, mailing: Mailing, picked: Audience) -> dict[str, int]:
    """One row per guest who won't get it: how many by reason, in the order of A2."""
    left_out = audiences.excluded(picked).subquery()
    tx.execute(
        insert(Exclusion).from_select(
            ["mailing_id", "guest_id", "reason", "email", "shares_with"],
            select(literal(mailing.id), left_out.c.id, left_out.c.reason, left_out.c.email, left_out.c.shares_with),
        )
    )
    counted = select(Exclusion.reason, func.count()).where(Exclusion.mailing_id == mailing.id)
    numbers = dict(tx.execute(counted.group_by(Exclusion.reason)).all())
    return {str(reason): numbers[reason] for reason in Reason if reason in numbers}


def _rows(result: Any) -> int:
    return int(result.rowcount)


def add_run(
    tx: Session, mailing: Mailing, places: int, place: Place, by: Acting, *, delay: timedelta = timedelta(0)
) -> Job:
    """The next run of a mailing, its places reserved, beginning after `delay`. Raises QuotaExceeded, EventArchived."""
    events.refuse_archived(tx, mailing.event_id)
    run = 1 + (tx.scalar(select(func.max(Job.run)).where(Job.mailing_id == mailing.id)) or 0)
    starts_at = by.now + delay
    job = Job(
        mailing_id=mailing.id,
        run=run,
        state=JobState.RUNNING,
        request_id=by.request_id,
        created_at=by.now,
        starts_at=starts_at,
    )
    tx.add(job)
    tx.flush()
    records.reserve(tx, job, places, starts_at, place.limits)
    return job
