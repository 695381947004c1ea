"""The messages of an event: the list of them, and what is told of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from eventmail.db import Rows, fresh
from eventmail.domain import services
from eventmail.models import Content, DraftText, Job, Mailing
from eventmail.states import MailingKind


def newest_first(event_id: int) -> Rows:
    """(mailing, subject) of an event, for its list; tests are no messages to guests (E1)."""
    return (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(Mailing.event_id == event_id, Mailing.kind != MailingKind.TEST)
        .order_by(Mailing.created_at.desc(), Mailing.id.desc())
    )


def described_each(found: Sequence[Mailing]) -> Mapping[int, dict[str, Any]]:
    """Each of them as `described` tells it with its newest run, by id; two queries."""
    ids, content_ids = [mailing.id for mailing in found], [mailing.content_id for mailing in found]
    runs = fresh().scalars(select(Job).where(Job.mailing_id.in_(ids)).order_by(Job.run))
    newest = {job.mailing_id: job for job in runs}
    texts = {text.id: text for text in fresh().scalars(select(Content).where(Content.id.in_(content_ids)))}
    return {mailing.id: described(mailing, texts[mailing.content_id or 0], newest[mailing.id]) for mailing in found}


def described(mailing: Mailing, content: Content | DraftText, job: Job | None) -> dict[str, Any]:
    """A mailing as answers show it."""
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
            "stopped": services.stands(job),
            "asks": services.waits_for_word(mailing, job),
            "provider": job.provider,
        }
        if job
        else None,
        "last_error": mailing.last_error,
        "waits_for": None,  # whoever asks again is told what keeps it from leaving
    }
