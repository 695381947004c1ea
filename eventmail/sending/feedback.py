"""What mail services report about an address: `email_event`, and the do-not-mail list for a dead one (F1)."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from eventmail import ids, records
from eventmail.db import transaction
from eventmail.domain import addresses, suppressions
from eventmail.models import EVERYWHERE, EmailEvent, Mailing, Recipient
from eventmail.providers.base import Accepted, Outcome, Permanent
from eventmail.providers.webhook import Kind, Report
from eventmail.records import Acting
from eventmail.sending.handover import Result
from eventmail.states import Delivery, RecipientState, SuppressionReason

SOFT_BOUNCES = 3  # within SOFT_WINDOW an address counts as dead (F1)
SOFT_WINDOW = timedelta(days=14)
_NEWS = {
    Kind.DEFERRED: Delivery.DEFERRED,
    Kind.DELIVERED: Delivery.DELIVERED,
    Kind.REFUSED: Delivery.BOUNCED,
    Kind.SOFT_BOUNCE: Delivery.BOUNCED,
    Kind.BOUNCE: Delivery.BOUNCED,
    Kind.COMPLAINT: Delivery.COMPLAINED,
}
_MAILBOX = re.compile(r"\b5\.2\.\d{1,3}\b")  # full, disabled, too large for it (RFC 3463): it may come back
_ARRIVED = {Delivery.DELIVERED, Delivery.COMPLAINED}
_RANK = {delivery: rank for rank, delivery in enumerate(Delivery)}


def record_answers(tx: Session, event_id: int, provider: str, results: Sequence[Result], now: datetime) -> None:
    """What the answers to hand-overs said about addresses (F1): dead ones, full ones, complaints. Mostly nothing."""
    for claimed, mail, outcome in results:
        kind = _told(outcome) if mail else None
        if mail and kind:
            about = EmailEvent(provider=provider, provider_event_id=f"answer:{mail.request_id}", kind=kind,
                               address=claimed.address, event_id=event_id, recipient_id=claimed.id, at=now)  # fmt: skip
            _answered(tx, about, outcome)


def record_answer(tx: Session, outcome: Outcome | None, now: datetime, *, provider: str, key: str, email: str) -> None:
    """The same for a mail that is not to a guest, handed over under `key`."""
    if kind := _told(outcome):
        about = EmailEvent(provider=provider, provider_event_id=f"answer:{key}", kind=kind,
                           address=addresses.normalized(email), at=now)  # fmt: skip
        _answered(tx, about, outcome)


def _answered(tx: Session, about: EmailEvent, outcome: Outcome | None) -> None:
    failed = outcome if isinstance(outcome, Permanent) else None
    about.code, about.detail = (failed.code, failed.detail) if failed else ("", "")
    tx.add(about)
    tx.flush()
    _list(tx, about.address, Kind(about.kind), about.provider, about.at)


def _told(outcome: Outcome | None) -> Kind | None:
    match outcome:
        case Permanent(hard=True):
            return Kind.BOUNCE
        case Permanent(code=code) if _MAILBOX.search(code):
            return Kind.SOFT_BOUNCE
        case Accepted(complained=True):
            return Kind.COMPLAINT
    return None


def prove(tx: Session, recipient_ids: Sequence[int], now: datetime) -> None:
    """Of recipients whose hand-over was unclear or refused for now: what the mail service has reported on was sent.

    Its report may be faster than its reply, so it can find the row still `sending`.
    """
    if not recipient_ids:
        return
    proven = [Recipient.id.in_(recipient_ids), Recipient.delivery.is_not(None)]
    if tx.scalar(select(Recipient.id).where(*proven).limit(1)) is not None:
        _was_sent(tx, proven, now)


def take(provider: str, reports: Iterable[Report], now: datetime) -> int:
    """Record what a mail service reports; how many of the reports were new.

    Each counts once, in whatever order they come. A report about a mail in doubt is the proof that the service had
    it (S5). A dead address and a complaint put the address on the do-not-mail list of the whole installation; so do
    SOFT_BOUNCES soft bounces within SOFT_WINDOW.
    """
    with transaction() as tx:
        return sum(_take(tx, provider, report, now) for report in reports)


def _take(tx: Session, provider: str, report: Report, now: datetime) -> bool:
    known = select(EmailEvent.id).where(EmailEvent.provider == provider, EmailEvent.provider_event_id == report.id)
    if tx.scalar(known) is not None:
        return False
    recipient, event_id = _recipient(tx, report.key)
    email = recipient.email if recipient else report.email
    address = addresses.normalized(email)
    tx.add(
        EmailEvent(provider=provider, provider_event_id=report.id, kind=report.kind, address=address,
                   event_id=event_id, recipient_id=recipient.id if recipient else None, code=report.code,
                   detail=report.detail, at=now)
    )  # fmt: skip
    tx.flush()
    if recipient:
        _tell(tx, recipient.id, _NEWS[report.kind], now)
    if addresses.is_valid(email):
        _list(tx, address, report.kind, provider, now)
    return True


def _recipient(tx: Session, key: str) -> tuple[Recipient | None, int | None]:
    """Whose mail had this key (S3), and of which event; (None, None) for a key that is not ours."""
    root, _, number = key.rpartition("-")
    row = tx.execute(
        select(Recipient, Mailing.event_id)
        .join(Mailing, Mailing.id == Recipient.mailing_id)
        .where(Recipient.id == (ids.row_id(number) or 0), Mailing.key == root)
    ).one_or_none()
    return (row[0], row[1]) if row else (None, None)


def _tell(tx: Session, recipient_id: int, news: Delivery, now: datetime) -> None:
    """Raise a recipient's delivery to `news`. A mail in doubt, or waiting for another try, was sent then.

    One that was never tried is left alone, whatever the service believes; so is one that failed and waits for its first
    try in another run: that it did not arrive is news of the run before.
    """
    this = [Recipient.id == recipient_id]
    if news not in _ARRIVED:
        this.append(or_(Recipient.state != RecipientState.QUEUED, Recipient.tries > 0, records.DOUBTED))
    rank = case(_RANK, value=Recipient.delivery, else_=-1)
    tx.execute(
        update(Recipient).where(*this, rank < _RANK[news]).values(delivery=news, updated_at=now),
        execution_options={"synchronize_session": False},
    )
    _was_sent(tx, this, now)


def _was_sent(tx: Session, where: Sequence[ColumnElement[bool]], now: datetime) -> None:
    """Settle doubt, and stop another try: by way of doubt, since nothing else leads from waiting to sent."""
    taken: dict[str, object] = {"last_error": None, "next_attempt_at": None, "updated_at": now}
    records.move_recipients(
        tx, [*where, Recipient.attempts > 0], RecipientState.QUEUED, RecipientState.UNKNOWN,
        claim_owner=None, claim_until=None, **taken,
    )  # fmt: skip
    records.move_recipients(tx, where, RecipientState.UNKNOWN, RecipientState.SENT, **taken)


def _list(tx: Session, address: str, kind: Kind, source: str, now: datetime) -> None:
    """Put `address` on the do-not-mail list when this news ends it; policy and content refusals never do."""
    if kind == Kind.SOFT_BOUNCE:
        recent = (EmailEvent.address == address, EmailEvent.kind == kind, EmailEvent.at > now - SOFT_WINDOW)
        if (tx.scalar(select(func.count()).select_from(EmailEvent).where(*recent)) or 0) < SOFT_BOUNCES:
            return
        source = f"{source}: {SOFT_BOUNCES} soft bounces in {SOFT_WINDOW.days} days"
    elif kind not in (Kind.BOUNCE, Kind.COMPLAINT):
        return
    reason = SuppressionReason.COMPLAINT if kind == Kind.COMPLAINT else SuppressionReason.HARD_BOUNCE
    put = suppressions.stand(tx, address, EVERYWHERE, reason, source=source, now=now)
    if put:  # it was on the list for less
        by = Acting(None, source, "", now)
        records.audit(tx, by, "suppression.reported", f"address:{address}", scope="all", **put)
    tx.flush()
