"""How a guest goes on the do-not-mail list and off it again, by the link in a mail (F1, F2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from eventmail import erased, ids, records, signing
from eventmail.db import fresh, transaction
from eventmail.db.sql import erased_form
from eventmail.domain.suppressions import erased_addresses
from eventmail.domain.suppressions.reasons import OWN_WORDS
from eventmail.domain.terms import UNSUBSCRIBE
from eventmail.errors import BadSignature
from eventmail.models import EVERYWHERE, AuditEntry, Event, Mailing, Recipient, Suppression
from eventmail.states import SuppressionReason

UNSUBSCRIBED = "suppression.unsubscribed"
# A reason further down replaces one further up: a guest's own wish counts most, a colleague's entry least.
_WEIGHT = (
    SuppressionReason.MANUAL,
    SuppressionReason.IMPORT,
    SuppressionReason.HARD_BOUNCE,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT,
)


@dataclass(frozen=True)
class Listing:
    """The holder of an unsubscribe link, and whether they are on the list.

    `organizer` is the sender's name. `here` means the list of the event, `everywhere` that of all events. `own` means
    that they unsubscribed or complained themselves and may take it back.
    """

    email: str
    event_title: str
    organizer: str
    here: bool
    everywhere: bool
    own: bool

    @property
    def listed(self) -> bool:
        return self.here or self.everywhere


def by_token(token: str, secret: bytes) -> Listing:
    """The holder of the link; changes nothing. Raises BadSignature for a link that was cut or made up."""
    return _listing(fresh(), *_recipient(fresh(), token, secret))


def unsubscribe(token: str, secret: bytes, by: records.Acting, *, everywhere: bool = False) -> Listing:
    """Put the holder of the link on the list of the event or of all events. Repeating changes nothing (F2)."""
    with transaction() as tx:
        recipient, event = _recipient(tx, token, secret)
        scope, word = (EVERYWHERE, "all") if everywhere else (str(event.id), "event")
        source = f"link in mailing {recipient.mailing_id}"
        put = stand(tx, recipient.address, scope, SuppressionReason.UNSUBSCRIBED, source=source, now=by.now)
        if put is not None:
            records.audit(tx, by, UNSUBSCRIBED, f"address:{recipient.address}", event_id=event.id, scope=word, **put)
            tx.flush()
        return _listing(tx, recipient, event)


def stand(
    tx: Session, address: str, scope: str, reason: SuppressionReason, *, source: str, now: datetime
) -> dict[str, Any] | None:
    """Put `address` on the list of `scope`, unless it is there for a weightier reason or the same.

    Returns None when nothing changed, else what the log entry must keep, so that `take_back` can restore the earlier
    reason. Runs in the caller's transaction.
    """
    address = erased_addresses.named(tx, address)
    same = select(Suppression).where(erased_addresses.same(Suppression.address, address), Suppression.scope == scope)
    if (entry := tx.scalars(same).first()) is None:
        tx.add(Suppression(address=address, scope=scope, reason=reason, source=source, created_by=None, created_at=now))
        return {}
    if _WEIGHT.index(SuppressionReason(entry.reason)) >= _WEIGHT.index(reason):
        return None
    before = {"reason": str(entry.reason), "source": entry.source}
    entry.reason, entry.source = reason, source
    after = {"reason": str(reason), "source": source}
    return {"since": entry.created_at.isoformat(), "before": before, "after": after}


def take_back(token: str, secret: bytes, by: records.Acting) -> Listing:
    """End the entries by the holder's own wish or complaint. Other entries stay, and a replaced reason returns."""
    with transaction() as tx:
        recipient, event = _recipient(tx, token, secret)
        wishes = (*_entries(recipient, event), Suppression.reason.in_(OWN_WORDS))
        ended = tx.scalars(select(Suppression).where(*wishes)).all()
        for entry in ended:
            if before := _before(tx, entry):
                entry.reason, entry.source = before["reason"], before["source"]
            else:
                tx.delete(entry)
        tx.flush()
        if ended:
            records.audit(tx, by, "suppression.taken_back", f"address:{recipient.address}", event_id=event.id)
        return _listing(tx, recipient, event)


def _before(tx: Session, entry: Suppression) -> dict[str, str] | None:
    """The reason and source that the entry had before its holder's own wish, from the log."""
    entry_is = {"scope": "all" if entry.scope == EVERYWHERE else "event", "since": entry.created_at.isoformat()}
    about = AuditEntry.subject.in_([f"address:{entry.address}", "address:" + erased_form(entry.address)])
    wishes = select(AuditEntry.detail).where(about, AuditEntry.action.in_([UNSUBSCRIBED, "suppression.reported"]))
    details = tx.scalars(wishes.order_by(AuditEntry.id.desc()))
    stood = (kept["before"] for kept in details if entry_is == {name: kept.get(name) for name in entry_is})
    return next((before for before in stood if before["reason"] not in OWN_WORDS), None)


def _recipient(session: Session, token: str, secret: bytes) -> tuple[Recipient, Event]:
    number, _, signature = token.partition("-")
    recipient_id = ids.row_id(number)
    if recipient_id is None or not signing.verify(secret, signature, UNSUBSCRIBE, recipient_id):
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
    entries = session.execute(select(Suppression.scope, Suppression.reason).where(*_entries(recipient, event))).all()
    scopes = {entry.scope for entry in entries}
    constants = session.scalar(select(Mailing.constants).where(Mailing.id == recipient.mailing_id)) or {}
    return Listing(
        "…@…" if erased.is_pseudonym(recipient.address) else recipient.email,
        event.title,
        constants.get("organizer.name") or event.title,
        here=str(event.id) in scopes,
        everywhere=EVERYWHERE in scopes,
        own=any(entry.reason in OWN_WORDS for entry in entries),
    )


def _entries(recipient: Recipient, event: Event) -> tuple[ColumnElement[bool], ...]:
    theirs = erased_addresses.same(Suppression.address, recipient.address)
    return theirs, Suppression.scope.in_([EVERYWHERE, str(event.id)])
