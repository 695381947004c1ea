"""The outcome of a message for one person: sent, failed, left out and why, cancelled, or never theirs (F4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from eventmail.domain.outcomes import attempts
from eventmail.models import EmailEvent, Exclusion, Guest, Job, Mailing, Recipient
from eventmail.models.guest import NO_NAME, full_name
from eventmail.states import OPEN, Reason, RecipientState


class NoRecipient(StrEnum):
    """The two ways in which a guest was no recipient of a message."""

    LEFT_OUT = "left_out"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class News:
    """A later report of a mail service about the mail."""

    kind: str
    detail: str
    at: datetime
    practice: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """The outcome of one message for one person."""

    mailing_id: int
    subject: str
    sent_at: datetime
    audience: Mapping[str, Sequence[str]]
    outcome: RecipientState | NoRecipient
    at: datetime | None = None  # the last change
    email: str | None = None  # the address that was used
    error: str | None = None  # why it failed or was cancelled
    reason: Reason | None = None  # why they were left out (A2)
    other: str | None = None  # the guest who was greeted instead, or shares the address
    delivery: str | None = None
    provider: str | None = None  # of the outcome, else of the newest run; None where none was recorded (S13)
    attempts: int = 0
    request_ids: tuple[str, ...] = ()
    news: tuple[News, ...] = ()


@dataclass(frozen=True)
class Whose:
    """A person as the records know them: guests of the event, a normalized address, or only one of the two."""

    guest_ids: tuple[int, ...]
    address: str | None


def told(session: Session, found: Sequence[tuple[Mailing, str]], whose: Whose) -> list[Story]:
    """The story of each of these messages, in their order; 8 queries, however many messages."""
    mailing_ids = [mailing.id for mailing, _ in found]
    recipients = _recipients(session, mailing_ids, whose)
    left_out = _left_out(session, mailing_ids, whose)
    ids = [recipient.id for recipient in recipients.values()]
    tried, news = attempts.request_ids(ids), _news(session, ids)
    others = [recipient.guest_id for recipient in recipients.values() if recipient.guest_id not in whose.guest_ids]
    names = _names(session, [*others, *(row.shares_with for row in left_out.values())])
    runs = _services(session, mailing_ids)

    def story(mailing: Mailing, subject: str) -> Story:
        basis, run = (mailing.id, subject, mailing.created_at, mailing.audience), runs.get(mailing.id)
        if recipient := recipients.get(mailing.id):
            return Story(
                *basis, RecipientState(recipient.state), recipient.updated_at, recipient.email, recipient.last_error,
                other=names.get(recipient.guest_id), delivery=recipient.delivery, attempts=recipient.attempts,
                provider=_service(recipient, run), request_ids=tuple(tried.get(recipient.id, ())),
                news=tuple(news.get(recipient.id, ())),
            )  # fmt: skip
        if out := left_out.get(mailing.id):
            reason, other = Reason(out.reason), names.get(out.shares_with)
            return Story(*basis, NoRecipient.LEFT_OUT, email=out.email, reason=reason, other=other, provider=run)
        return Story(*basis, NoRecipient.NOT_ASKED, provider=run)

    return [story(mailing, subject) for mailing, subject in found]


def _services(session: Session, mailing_ids: Sequence[int]) -> dict[int, str | None]:
    """The mail service of the newest run, by message."""
    rows = select(Job.mailing_id, Job.provider).where(Job.mailing_id.in_(mailing_ids)).order_by(Job.run)
    return dict(session.execute(rows).all())


def _service(recipient: Recipient, of_run: str | None) -> str | None:
    """The mail service that had the mail; that of the newest run for one that waits or was never tried."""
    return of_run if recipient.state in OPEN or not recipient.attempts else recipient.provider


def _recipients(session: Session, mailing_ids: Sequence[int], whose: Whose) -> dict[int, Recipient]:
    """The person's recipient row, by message; a row of their own overrides one at the same address."""
    here = select(Recipient).where(Recipient.mailing_id.in_(mailing_ids))
    at_address = session.scalars(here.where(Recipient.address == (whose.address or ""))).all()
    theirs = session.scalars(here.where(Recipient.guest_id.in_(whose.guest_ids))).all()
    return {recipient.mailing_id: recipient for recipient in (*at_address, *theirs)}


def _left_out(session: Session, mailing_ids: Sequence[int], whose: Whose) -> dict[int, Exclusion]:
    """The person's exclusion, by message; one of a deleted guest is known by the address alone."""
    here = select(Exclusion).where(Exclusion.mailing_id.in_(mailing_ids))
    gone = here.where(Exclusion.guest_id.is_(None), func.lower(Exclusion.email) == (whose.address or ""))
    at_address = session.scalars(gone).all()
    theirs = session.scalars(here.where(Exclusion.guest_id.in_(whose.guest_ids))).all()
    return {row.mailing_id: row for row in (*at_address, *theirs)}


def _news(session: Session, recipient_ids: Sequence[int]) -> dict[int, list[News]]:
    found: dict[int, list[News]] = {}
    rows = select(EmailEvent).where(EmailEvent.recipient_id.in_(recipient_ids))
    for event in session.scalars(rows.order_by(EmailEvent.at, EmailEvent.id)):
        found.setdefault(event.recipient_id or 0, []).append(News(event.kind, event.detail, event.at, event.practice))
    return found


def _names(session: Session, guest_ids: Sequence[int | None]) -> dict[int | None, str]:
    wanted = {guest_id for guest_id in guest_ids if guest_id}
    rows = session.execute(select(Guest.id, Guest.first_name, Guest.last_name).where(Guest.id.in_(wanted)))
    return {guest_id: full_name(first, last) or NO_NAME for guest_id, first, last in rows}
