"""The messages of an event: all of them, one of them, its newest run, and how answers show it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select

from eventmail.db import Rows, fresh
from eventmail.domain import mail_services
from eventmail.errors import NotFound
from eventmail.models import Content, DraftText, Job, Mailing
from eventmail.states import SHOWN_AS_SENT, MailingState


def of_event(event_id: int) -> tuple[ColumnElement[bool], ...]:
    """The condition for the messages of an event, drafts included, tests not (E1)."""
    return Mailing.event_id == event_id, ~Mailing.is_test


def newest_first(event_id: int) -> Rows:
    """(mailing, subject) of each message of an event that is no draft, by time: ids are as old as the draft."""
    return (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(*of_event(event_id), Mailing.state.in_(SHOWN_AS_SENT))
        .order_by(Mailing.created_at.desc(), Mailing.id.desc())
    )


def find(event_id: int, mailing_id: int) -> Mailing:
    """One message or test of this event that is no draft. Raises NotFound; `drafts.find` finds drafts."""
    found = fresh().scalars(_FIND, {"mailing": mailing_id, "event": event_id}).one_or_none()
    if found is None or found.state == MailingState.DRAFT:
        raise NotFound
    return found


def last_job(mailing_id: int) -> Job | None:
    """The newest run of a mailing; None before its first."""
    return fresh().scalars(_LAST_JOB, {"mailing": mailing_id}).one_or_none()


def content(mailing: Mailing) -> Content:
    """The content of a mailing that is no draft."""
    return fresh().get_one(Content, mailing.content_id)


# built once: a tracker asks for them every second
_FIND = select(Mailing).where(Mailing.id == bindparam("mailing"), Mailing.event_id == bindparam("event"))
_LAST_JOB = select(Job).where(Job.mailing_id == bindparam("mailing")).order_by(Job.run.desc()).limit(1)


def described_each(found: Sequence[Mailing]) -> Mapping[int, dict[str, Any]]:
    """`described` of each with its newest run, by id; two queries."""
    ids, content_ids = [mailing.id for mailing in found], [mailing.content_id for mailing in found]
    runs = fresh().scalars(select(Job).where(Job.mailing_id.in_(ids)).order_by(Job.run))
    newest = {job.mailing_id: job for job in runs}
    texts = {text.id: text for text in fresh().scalars(select(Content).where(Content.id.in_(content_ids)))}
    return {mailing.id: described(mailing, texts[mailing.content_id or 0], newest.get(mailing.id)) for mailing in found}


def described(mailing: Mailing, content: Content | DraftText, job: Job | None) -> dict[str, Any]:
    """A mailing as answers show it."""
    return {
        "id": str(mailing.id),
        "kind": mailing.kind,
        "state": mailing.state,
        "counts": {str(state): number for state, number in mailing.counts.items()},
        "recipient_count": mailing.recipient_count,
        "excluded": [{"reason": reason, "count": number} for reason, number in mailing.excluded.items()],
        "send_at": None, "timezone": None, "edit_cutoff_at": None,
        "content": {
            "subject": content.subject, "preheader": content.preheader, "body": content.body, "design": None,
            "revision": None,
        },
        "job": {
            "state": job.state,
            "started_at": f"{job.started_at:%Y-%m-%dT%H:%M:%SZ}" if job.started_at else None,
            "finished_at": f"{job.finished_at:%Y-%m-%dT%H:%M:%SZ}" if job.finished_at else None,
            "stopped": mail_services.stands(job),
            "asks": mail_services.waits_for_word(mailing, job),
            "provider": job.provider,
        } if job else None,
        "last_error": mailing.last_error,
        "waits_for": None,  # the answers of the tracker fill it in
    }  # fmt: skip
