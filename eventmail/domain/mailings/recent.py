"""Recent mail of an event, so that nobody is written to twice by accident."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from eventmail import records
from eventmail.db import fresh
from eventmail.domain import mail_services
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.mailings import query
from eventmail.models import Job, Mailing, Recipient
from eventmail.states import MAY_HAVE_GOT, MailingState

A_DAY = timedelta(hours=24)
AN_HOUR = timedelta(hours=1)


def recipients(audience: audiences.Audience, now: datetime) -> int:
    """How many of the audience may have got another message of the event within a day. Practice may not count (S13)."""
    since = now - A_DAY
    lately = or_(Job.finished_at.is_(None), Job.finished_at >= since)
    ran = select(Job.mailing_id).join(Mailing, Mailing.id == Job.mailing_id)
    found = fresh().scalars(ran.where(*query.of_event(audience.event_id), lately).distinct()).all()
    if not found:
        return 0
    got = select(func.count(Recipient.address.distinct())).where(
        Recipient.mailing_id.in_(found),
        Recipient.state.in_(MAY_HAVE_GOT),
        Recipient.updated_at >= since,
        records.counts(Recipient.provider),
        audiences.reaches(audience, Recipient.address),
    )
    return fresh().scalar(got) or 0


def same_text(event_id: int, content_id: int, now: datetime) -> tuple[Mailing, int] | None:
    """The newest mailing of exactly this text within the hour that was not cancelled, and to how many it went."""
    same = select(Mailing).where(
        *query.of_event(event_id), *_of_text(content_id), Mailing.created_at >= now - AN_HOUR, *_ran()
    )
    found = fresh().scalar(same.order_by(Mailing.id.desc()).limit(1))
    if found is None:
        return None
    practised = 0 if records.practising() else sum(mail_services.shares(found).practice.values())
    return found, found.recipient_count - practised


def tested(event_id: int, content_id: int) -> bool:
    """Whether a test of exactly this text was sent, or is on its way."""
    found = select(Mailing.id).where(Mailing.event_id == event_id, *_of_text(content_id), Mailing.is_test, *_ran())
    return fresh().scalar(found.limit(1)) is not None


def _of_text(content_id: int) -> tuple[ColumnElement[bool], ...]:
    return Mailing.content_id == content_id, Mailing.state != MailingState.CANCELLED


def _ran() -> tuple[ColumnElement[bool], ...]:
    return Job.mailing_id == Mailing.id, records.counts(Job.provider)
