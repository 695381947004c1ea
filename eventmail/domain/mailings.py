"""Sending a message: everything of rule S1 in one transaction, or nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from eventmail import ids, records
from eventmail.content.compiled import Compiled
from eventmail.db import Rows, fresh, transaction
from eventmail.domain import audience as audiences
from eventmail.domain import contents, merge
from eventmail.domain.audience import Audience
from eventmail.domain.contents import Text
from eventmail.domain.merge import Place
from eventmail.errors import NoRecipients, NotFound
from eventmail.models import Content, Event, Exclusion, Guest, IdempotencyRecord, Job, Mailing, Recipient, User
from eventmail.records import Acting
from eventmail.states import JobState, MailingState, RecipientState


@dataclass(frozen=True)
class Message:
    """What an organizer asks to send: the text, and the audience criteria as picked."""

    text: Text
    audience: Mapping[str, list[str]]

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

    Raises UnresolvedToken, InvalidInput, InvalidAudience (400) or NoRecipients (409).
    """
    compiled = contents.checked(event_id, message.text)
    picked = audiences.checked(event_id, message.audience, outside=place.outside)
    resolution = audiences.resolve(fresh(), picked)
    if resolution.count == 0:
        raise NoRecipients
    return compiled, picked, resolution


def send(event_id: int, message: Message, *, key: str, place: Place, by: Acting) -> Sent:
    """Send `message` now, once per `key` and person (S1). The errors of `check`, and IdempotencyKeyReused."""
    scope, fingerprint = f"user:{by.user_id}:mailings:{event_id}", records.body_hash(message.as_json())
    if replay := records.replayable(fresh(), scope, key, fingerprint):
        return _replayed(replay)
    compiled, picked, _ = check(event_id, message, place)
    with transaction() as tx:
        if replay := records.replayable(tx, scope, key, fingerprint):  # a second click was faster
            return _replayed(replay)
        text = contents.kept(tx, event_id, message.text, compiled, by)
        mailing = _add_mailing(tx, text, picked, place, by)
        job = _add_run(tx, mailing, by)
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


def find(event_id: int, mailing_id: int) -> Mailing:
    """One mailing of this event, or NotFound."""
    found = fresh().scalars(select(Mailing).where(Mailing.id == mailing_id, Mailing.event_id == event_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def newest_first(event_id: int) -> Rows:
    """(mailing, subject) of an event, for its list."""
    return (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(Mailing.event_id == event_id)
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


def _replayed(record: IdempotencyRecord) -> Sent:
    return Sent(record.mailing_id or 0, record.status, record.answer, None)


def _add_mailing(tx: Session, text: Content, picked: Audience, place: Place, by: Acting) -> Mailing:
    resolution = audiences.resolve(tx, picked)
    if resolution.count == 0:
        raise NoRecipients
    event = tx.get_one(Event, text.event_id)
    sender = merge.sender(event, tx.get(User, by.user_id) if by.user_id else None)
    mailing = Mailing(
        event_id=event.id,
        kind="one_time",
        state=MailingState.SENDING,
        key=ids.token(16),
        content_id=text.id,
        audience=picked.as_json(),
        excluded={str(reason): number for reason, number in resolution.excluded.items()},
        constants=merge.constants(event, sender, place),
        reply_to=event.reply_to,
        recipient_count=resolution.count,
        n_queued=resolution.count,
        created_by=by.user_id,
        created_at=by.now,
    )
    tx.add(mailing)
    tx.flush()
    _freeze(tx, mailing, picked, by)
    return mailing


def _freeze(tx: Session, mailing: Mailing, picked: Audience, by: Acting) -> None:
    """One row per recipient and one per guest who won't get it, without bringing any of them into Python."""
    chosen = audiences.recipients(picked).subquery()
    tx.execute(
        insert(Recipient).from_select(
            ["mailing_id", "guest_id", "address", "email", "state", "attempts", "updated_at"],
            select(
                literal(mailing.id),
                Guest.id,
                chosen.c.address,
                Guest.email,
                literal(RecipientState.QUEUED.value),
                literal(0),
                literal(by.now, Recipient.updated_at.type),
            )
            .join(chosen, chosen.c.guest_id == Guest.id)
            .order_by(Guest.id),
        )
    )
    left_out = audiences.excluded(picked).subquery()
    tx.execute(
        insert(Exclusion).from_select(
            ["mailing_id", "guest_id", "reason", "email", "shares_with"],
            select(literal(mailing.id), left_out.c.id, left_out.c.reason, left_out.c.email, left_out.c.shares_with),
        )
    )


def _add_run(tx: Session, mailing: Mailing, by: Acting) -> Job:
    run = 1 + (tx.scalar(select(func.max(Job.run)).where(Job.mailing_id == mailing.id)) or 0)
    job = Job(mailing_id=mailing.id, run=run, state=JobState.RUNNING, request_id=by.request_id, created_at=by.now)
    tx.add(job)
    tx.flush()
    records.reserve(tx, job, mailing.recipient_count, by.now)
    return job
