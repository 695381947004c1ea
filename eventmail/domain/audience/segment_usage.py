"""The messages that use a segment, for the pages that change or remove it."""

from sqlalchemy import func, select

from eventmail.db import fresh
from eventmail.models import Content, DraftText, Mailing
from eventmail.states import NOT_OVER, MailingState


def used_by(event_id: int, segment_id: int) -> list[tuple[str, str]]:
    """(subject, state) of the messages that use the segment and are not over yet, the newest first.

    The subject of a draft may be "".
    """
    rows = fresh().execute(
        select(func.coalesce(DraftText.subject, Content.subject), Mailing.state, Mailing.audience, DraftText.audience)
        .outerjoin(Content, Content.id == Mailing.content_id)
        .outerjoin(DraftText, DraftText.mailing_id == Mailing.id)
        .where(Mailing.event_id == event_id, Mailing.state.in_(NOT_OVER))
        .order_by(Mailing.id.desc())
    )
    audiences = (  # that of a draft stands with its text
        (subject or "", state, (drafted if state == MailingState.DRAFT else sent_to) or {})
        for subject, state, sent_to, drafted in rows
    )
    return [
        (subject, state)
        for subject, state, parts in audiences
        if str(segment_id) in (*parts.get("segments", ()), *parts.get("exclude_segments", ()))
    ]
