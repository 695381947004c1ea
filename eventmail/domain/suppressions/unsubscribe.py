"""The do-not-mail list from the side of a guest: on it, and off it again, by the link of a mail (F1, F2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from eventmail import erased, ids, records, signing
from eventmail.db import fresh, transaction
from eventmail.db.sql import erased_form
from eventmail.domain.suppressions import erased_addresses
from eventmail.domain.terms import UNSUBSCRIBE
from eventmail.errors import BadSignature
from eventmail.models import EVERYWHERE, AuditEntry, Event, Mailing, Recipient, Suppression
from eventmail.records import Acting
from eventmail.states import SuppressionReason

UNSUBSCRIBED = "suppression.unsubscribed"
_REPORTED = "suppression.reported"
_OWN_WORDS = SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINT  # what the person said themselves
# the weightier reason stands: what a person said about their mail, before what a mail server said, before a colleague
_WEIGHT = (
    SuppressionReason.MANUAL,
    SuppressionReason.IMPORT,
    SuppressionReason.HARD_BOUNCE,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT,
)


@dataclass(frozen=True)
class Listing:
    """The holder of an unsubscribe link, and what they get no mail about already.

    `organizer` is the name their mails come from; `here` and `everywhere` say whether they are off the mail of the
    event, of the whole installation; `own` that they said so themselves and may take it back.
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
    """Whose link this is; changes nothing. BadSignature for a link that was cut or made up."""
    return _listing(fresh(), *_recipient(fresh(), token, secret))


def unsubscribe(token: str, secret: bytes, by: Acting, *, everywhere: bool = False) -> Listing:
    """Put the holder of the link on the do-not-mail list of the event, or of everything; repeating changes nothing."""
    with transaction() as tx:
        recipient, event = _recipient(tx, token, secret)
        put = stand(
            tx, recipient.address, EVERYWHERE if everywhere else str(event.id), SuppressionReason.UNSUBSCRIBED,
            source=f"link in mailing {recipient.mailing_id}", now=by.now,
        )  # fmt: skip
        if put is not None:
            records.audit(
                tx, by, UNSUBSCRIBED, f"address:{recipient.address}", event_id=event.id,
                scope="all" if everywhere else "event", **put,
            )  # fmt: skip
            tx.flush()
        return _listing(tx, recipient, event)


def stand(
    tx: Session, address: str, scope: str, reason: SuppressionReason, *, source: str, now: datetime
) -> dict[str, Any] | None:
    """Have `address` on the list of `scope` for `reason`, or for a weightier one it is on it for.

    In somebody's transaction. None when nothing changed; else what its log entry has to keep, so that `take_back`
    finds what stood there before.
    """
    address = erased_addresses.named(tx, address)
    entry = tx.scalars(
        select(Suppression).where(erased_addresses.same(Suppression.address, address), Suppression.scope == scope)
    ).first()
    if entry is None:
        tx.add(Suppression(address=address, scope=scope, reason=reason, source=source, created_by=None, created_at=now))
        return {}
    if _WEIGHT.index(SuppressionReason(entry.reason)) >= _WEIGHT.index(reason):
        return None
    before = {"reason": str(entry.reason), "source": entry.source}
    entry.reason, entry.source = reason, source
    after = {"reason": str(reason), "source": source}
    return {"since": entry.created_at.isoformat(), "before": before, "after": after}


def take_back(token: str, secret: bytes, by: Acting) -> Listing:
    """The holder of the link wants mail again: what they asked for and a complaint end, nothing else on the list does.

    What kept their address from getting mail before does so again.
    """
    with transaction() as tx:
        recipient, event = _recipient(tx, token, secret)
        wishes = (*_entries(recipient, event), Suppression.reason.in_(_OWN_WORDS))
        ended = tx.scalars(select(Suppression).where(*wishes)).all()
        for entry in ended:
            before = _before(tx, entry)
            if before:
                entry.reason, entry.source = before["reason"], before["source"]
            else:
                tx.delete(entry)
        tx.flush()
        if ended:
            records.audit(tx, by, "suppression.taken_back", f"address:{recipient.address}", event_id=event.id)
        return _listing(tx, recipient, event)


def _before(tx: Session, entry: Suppression) -> dict[str, str] | None:
    """For what the address was on the list before its holder said anything; the log is written once, so it knows."""
    entry_is = {"scope": "all" if entry.scope == EVERYWHERE else "event", "since": entry.created_at.isoformat()}
    details = tx.scalars(
        select(AuditEntry.detail)
        .where(
            AuditEntry.subject.in_([f"address:{entry.address}", "address:" + erased_form(entry.address)]),
            AuditEntry.action.in_([UNSUBSCRIBED, _REPORTED]),
        )
        .order_by(AuditEntry.id.desc())
    )
    stood = (kept["before"] for kept in details if entry_is == {name: kept.get(name) for name in entry_is})
    return next((before for before in stood if before["reason"] not in _OWN_WORDS), None)


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
        own=any(entry.reason in _OWN_WORDS for entry in entries),
    )


def _entries(recipient: Recipient, event: Event) -> tuple[ColumnElement[bool], ...]:
    return erased_addresses.same(Suppression.address, recipient.address), Suppression.scope.in_(
        [EVERYWHERE, str(event.id)]
    )
