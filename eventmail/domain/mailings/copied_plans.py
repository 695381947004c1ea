"""What a copied event takes along of its messages: those with a time relative to the event, as planned drafts (H6a)."""

from collections.abc import Mapping

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from eventmail.db import Rows, fresh
from eventmail.domain.mailings import drafts, query
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send_time import Plan, plan_of, plan_of_schedule
from eventmail.models import Content, DraftText, Mailing, Schedule
from eventmail.records import Acting
from eventmail.states import MailingKind, MailingState


def copy(tx: Session, from_: int, to: int, segments: Mapping[int, int], by: Acting) -> int:
    """Copy relative messages and drafts of an event to another one, as planned drafts; returns how many.

    `segments` maps the ids of segments to those of their copies. Guests picked by hand stay behind, and so do segments
    that were not copied. Runs in the caller's transaction.
    """
    scheduled = [
        (text, audience, plan_of_schedule(held), kind) for text, audience, held, kind in tx.execute(_scheduled(from_))
    ]
    drafted = [(held, held.audience, plan_of(held.plan) or Plan(), kind) for held, kind in tx.execute(_drafted(from_))]
    for held, audience, plan, kind in (*scheduled, *drafted):
        text = Text(held.subject, held.preheader, held.body)
        relative = Plan(relative=plan.relative, audience_mode=plan.audience_mode)
        written = drafts.Written(text, _audience(audience, segments), relative, kind=MailingKind(kind))
        drafts.make(tx, to, written, by, dialect=held.dialect)
    return len(scheduled) + len(drafted)


def count(event_id: int) -> int:
    """How many plans a copy of an event would get."""
    ids = (rows(event_id).with_only_columns(Mailing.id).order_by(None) for rows in (_scheduled, _drafted))
    return fresh().scalar(select(func.count()).select_from(union_all(*ids).subquery())) or 0


def _scheduled(event_id: int) -> Rows:
    """(content, audience, schedule, kind) of the relative messages, but for those that somebody cancelled."""
    return (
        select(Content, Mailing.audience, Schedule, Mailing.kind)
        .select_from(Mailing)
        .join(Content, Content.id == Mailing.content_id)
        .join(Schedule, Schedule.mailing_id == Mailing.id)
        .where(*query.of_event(event_id), Mailing.state != MailingState.CANCELLED, Schedule.relative.is_not(None))
        .order_by(Mailing.send_at, Mailing.id)
    )


def _drafted(event_id: int) -> Rows:
    return (
        select(DraftText, Mailing.kind)
        .join(Mailing, Mailing.id == DraftText.mailing_id)
        .where(*query.of_event(event_id), DraftText.plan["relative"].as_string().is_not(None))
        .order_by(DraftText.id)
    )


def _audience(audience: Mapping[str, list[str]], segments: Mapping[int, int]) -> dict[str, list[str]]:
    copies = {str(old): str(new) for old, new in segments.items()}
    of_copy = {
        part: [copies[picked] for picked in audience.get(part, []) if picked in copies]
        for part in ("segments", "exclude_segments")
    }
    return {"statuses": list(audience.get("statuses", [])), **of_copy}
