"""The list of sent messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from eventmail.db import Rows, fresh
from eventmail.domain.mailings import send
from eventmail.models import Content, Job, Mailing
from eventmail.states import MailingKind


def newest_first(event_id: int) -> Rows:
    """(mailing, subject) of an event, for its list; tests are no messages to guests (E1)."""
    return (
        select(Mailing, Content.subject)
        .join(Content, Content.id == Mailing.content_id)
        .where(Mailing.event_id == event_id, Mailing.kind != MailingKind.TEST)
        .order_by(Mailing.created_at.desc(), Mailing.id.desc())
    )


def described(found: Sequence[Mailing]) -> Mapping[int, dict[str, Any]]:
    """Each of them as `mailings.described` tells it with its newest run, by id; two queries."""
    ids, content_ids = [mailing.id for mailing in found], [mailing.content_id for mailing in found]
    runs = fresh().scalars(select(Job).where(Job.mailing_id.in_(ids)).order_by(Job.run))
    newest = {job.mailing_id: job for job in runs}
    texts = {text.id: text for text in fresh().scalars(select(Content).where(Content.id.in_(content_ids)))}
    return {
        mailing.id: send.described(mailing, texts[mailing.content_id or 0], newest[mailing.id]) for mailing in found
    }
