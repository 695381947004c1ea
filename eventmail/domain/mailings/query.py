"""The messages of an event: all of them, one of them, its newest run, and how answers show it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, select

from eventmail.db import Rows, fresh
from eventmail.domain import mail_services
from eventmail.errors import NotFound
from eventmail.models import Content, DraftText, Job, Mailing, Schedule
from eventmail.states import SHOWN_AS_SENT, MailingState
from eventmail.wall_time import rfc3339


def of_event(event_id: int) -> tuple[ColumnElement[bool], ...]:
    """The condition for the messages of an event, drafts included, tests not (E1)."""
    return Mailing.event_id == event_id, ~Mailing.is_test


def newest_first(event_id: int, among: Sequence[MailingState] = SHOWN_AS_SENT) -> Rows:
    """(mailing, subject) of each message of an event in these states, by time: ids are as old as the draft."""
    return (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(*of_event(event_id), Mailing.state.in_(among))
        .order_by(Mailing.created_at.desc(), Mailing.id.desc())
    )


def sent(event_id: int) -> Rows:
    """`newest_first` without messages that were cancelled before anything of them could leave."""
    began = exists().where(Job.mailing_id == Mailing.id)
    return newest_first(event_id).where(Mailing.send_at.is_(None) | began)


def these(mailing_ids: Sequence[int]) -> Select[Mailing]:
    """The statement for these mailings, in any order."""
    return select(Mailing).where(Mailing.id.in_(mailing_ids))


def scheduled(*where: ColumnElement[bool]) -> Rows:
    """(mailing, schedule, subject) of each message that was ever scheduled and meets the conditions."""
    return (
        select(Mailing, Schedule, Content.subject)
        .join(Schedule, Schedule.mailing_id == Mailing.id)
        .join(Content, Content.id == Mailing.content_id)
        .where(*where)
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


def schedule(mailing: Mailing) -> Schedule | None:
    """The schedule of a mailing; None for one that was never scheduled."""
    if mailing.send_at is None:
        return None
    return fresh().scalars(select(Schedule).where(Schedule.mailing_id == mailing.id)).one_or_none()


def described_each(found: Sequence[Mailing]) -> Mapping[int, dict[str, Any]]:
    """`described` of each with its newest run and its schedule, by id; three queries at most."""
    ids, content_ids = [mailing.id for mailing in found], [mailing.content_id for mailing in found]
    runs = fresh().scalars(select(Job).where(Job.mailing_id.in_(ids)).order_by(Job.run))
    newest = {job.mailing_id: job for job in runs}
    texts = {text.id: text for text in fresh().scalars(select(Content).where(Content.id.in_(content_ids)))}
    planned = [mailing.id for mailing in found if mailing.send_at]
    times = fresh().scalars(select(Schedule).where(Schedule.mailing_id.in_(planned))) if planned else ()
    due = {held.mailing_id: held for held in times}
    return {
        mailing.id: described(mailing, texts[mailing.content_id or 0], newest.get(mailing.id), due.get(mailing.id))
        for mailing in found
    }


def told(mailing: Mailing) -> dict[str, Any]:
    """One mailing that is no draft, with its newest run, as answers show it."""
    return described(mailing, content(mailing), last_job(mailing.id), schedule(mailing))


def described(
    mailing: Mailing, content: Content | DraftText, job: Job | None, held: Schedule | None = None
) -> dict[str, Any]:
    """A mailing as answers show it."""
    return {
        "id": str(mailing.id),
        "kind": mailing.kind,
        "state": mailing.state,
        "counts": {str(state): number for state, number in mailing.counts.items()},
        "recipient_count": mailing.recipient_count,
        "excluded": [{"reason": reason, "count": number} for reason, number in mailing.excluded.items()],
        "send_at": instant(mailing.send_at),
        "timezone": held.timezone if held else None,
        "fold": held.fold if held else None,
        "relative": held.relative if held else None,
        "audience_mode": held.audience_mode if held else None,
        "edit_cutoff_at": instant(held.edit_cutoff_at) if held else None,
        "not_sent": held.not_sent if held else None,
        "revision": held.revision if held else None,
        "content": {
            "subject": content.subject, "preheader": content.preheader, "body": content.body,
            "design": str(mailing.design_id) if mailing.design_id else None, "revision": mailing.design_number,
        },
        "job": {
            "state": job.state,
            "started_at": instant(job.started_at),
            "finished_at": instant(job.finished_at),
            "stopped": mail_services.stands(job),
            "asks": mail_services.waits_for_word(mailing, job),
            "provider": job.provider,
        } if job else None,
        "last_error": mailing.last_error,
        "waits_for": None,  # the answers of the tracker fill it in
    }  # fmt: skip


def instant(at: datetime | None) -> str | None:
    """An instant as answers show it (RFC 3339, UTC)."""
    return rfc3339(at) if at else None
