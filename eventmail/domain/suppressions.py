"""The do-not-mail list: how a guest gets on it by the link of a mail (F1, F2)."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail import ids, records, signing
from eventmail.db import fresh, transaction
from eventmail.domain import merge
from eventmail.errors import BadSignature
from eventmail.models import EVERYWHERE, Event, Mailing, Recipient, Suppression
from eventmail.records import Acting
from eventmail.states import SuppressionReason


@dataclass(frozen=True)
class Listing:
    """The holder of an unsubscribe link: address, event, and whether they are off its mail already."""

    email: str
    event_title: str
    listed: bool


def by_token(token: str, secret: bytes) -> Listing:
    """Whose link this is; changes nothing. BadSignature for a link that was cut or made up."""
    return _listing(fresh(), *_recipient(fresh(), token, secret))


def unsubscribe(token: str, secret: bytes, by: Acting) -> Listing:
    """Put the holder of the link on the event's do-not-mail list; repeating changes nothing."""
    with transaction() as tx:
        recipient, event = _recipient(tx, token, secret)
        if not _entry(tx, recipient.address, str(event.id)):
            tx.add(
                Suppression(
                    address=recipient.address, scope=str(event.id), reason=SuppressionReason.UNSUBSCRIBED,
                    source=f"link in mailing {recipient.mailing_id}", created_by=None, created_at=by.now,
                )
            )  # fmt: skip
            records.audit(tx, by, "suppression.unsubscribed", f"address:{recipient.address}", event_id=event.id)
            tx.flush()
        return _listing(tx, recipient, event)


def _recipient(session: Session, token: str, secret: bytes) -> tuple[Recipient, Event]:
    number, _, signature = token.partition("-")
    recipient_id = ids.row_id(number)
    if recipient_id is None or not signing.verify(secret, signature, merge.UNSUBSCRIBE, recipient_id):
        raise BadSignature
    row = session.execute(
        select(Recipient, Event)
        .join(Mailing, Mailing.id == Recipient.mailing_id)
        .join(Event, Event.id == Mailing.event_id)
        .where(Recipient.id == recipient_id)
    ).one_or_none()
    if row is None:
        raise BadSignature
    return row[0], row[1]


def _listing(session: Session, recipient: Recipient, event: Event) -> Listing:
    listed = _entry(session, recipient.address, str(event.id)) or _entry(session, recipient.address, EVERYWHERE)
    return Listing(recipient.email, event.title, bool(listed))


def _entry(session: Session, address: str, scope: str) -> Suppression | None:
    return session.scalars(
        select(Suppression).where(Suppression.address == address, Suppression.scope == scope)
    ).one_or_none()
