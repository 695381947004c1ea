"""Reports of mail services about addresses: `email_event`, and the do-not-mail list for a dead one (F1)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.orm import Session

from eventmail import addresses, erased, ids, records
from eventmail.db import sql, transaction
from eventmail.domain.suppressions import erased_addresses, unsubscribe
from eventmail.models import EVERYWHERE, PRACTICE, EmailEvent, Mailing, Recipient
from eventmail.providers.base import Accepted, Outcome, Permanent
from eventmail.providers.refusals import About, is_certain, judge
from eventmail.providers.webhook import Kind, ServiceReport
from eventmail.records import Acting
from eventmail.sending.handover import Result
from eventmail.states import ARRIVED, Delivery, RecipientState, SuppressionReason, is_practice

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
_RANK = {delivery: rank for rank, delivery in enumerate(Delivery)}


def record_answers(
    tx: Session, event_id: int, provider: str, results: Sequence[Result], now: datetime
) -> list[EmailEvent]:
    """Record news about addresses in answers (F1); returns the news that would end one, for the brake (F5)."""
    ending = []
    for claimed, mail, outcome in results:
        kind = _told(outcome, mail.to, mail.sender) if mail else None
        if mail and kind:
            about = EmailEvent(provider=provider, provider_event_id=f"answer:{mail.request_id}", kind=kind,
                               address=claimed.address, event_id=event_id, recipient_id=claimed.id, at=now)  # fmt: skip
            _keep(tx, about, outcome)
            if _ends(tx, about):
                ending.append(about)
    return ending


def record_answer(tx: Session, outcome: Outcome | None, now: datetime, *, provider: str, key: str, email: str) -> None:
    """The same for an account mail, handed over under `key`. It has no run, so only a certain code ends its address."""
    if kind := _told(outcome, email):
        about = EmailEvent(provider=provider, provider_event_id=f"answer:{key}", kind=kind,
                           address=addresses.normalized(email), at=now)  # fmt: skip
        _keep(tx, about, outcome)
        if _ends(tx, about) and (kind != Kind.BOUNCE or is_certain(about.code)):
            end(tx, about, now)


def _keep(tx: Session, about: EmailEvent, outcome: Outcome | None) -> None:
    failed = outcome if isinstance(outcome, Permanent) else None
    about.code, about.detail = (failed.code, failed.detail) if failed else ("", "")
    about.practice = is_practice(about.provider)
    tx.add(about)
    tx.flush()


def _told(outcome: Outcome | None, to: str, sender: str = "") -> Kind | None:
    match outcome:
        case Permanent(hard=True):
            return Kind.BOUNCE
        case Permanent() if judge(outcome.detail, outcome.code, to=to, sender=sender).about == About.FULL:
            return Kind.SOFT_BOUNCE
        case Accepted(complained=True):
            return Kind.COMPLAINT
    return None


def prove(tx: Session, recipient_ids: Sequence[int], now: datetime) -> None:
    """Record as sent those recipients of whom a report came faster than the reply to the hand-over."""
    if not recipient_ids:
        return
    proven = [Recipient.id.in_(recipient_ids), Recipient.delivery.is_not(None)]
    if tx.scalar(select(Recipient.id).where(*proven).limit(1)) is not None:
        _was_sent(tx, proven, now)


def take(provider: str, reports: Iterable[ServiceReport], now: datetime) -> int:
    """Record the reports of a mail service; returns how many were new. Each counts once, in any order.

    A report about a mail in doubt proves that the service had it (S5). A dead address, a complaint, and SOFT_BOUNCES
    soft bounces within SOFT_WINDOW put the address on the do-not-mail list of all events.
    """
    with transaction() as tx:
        return sum(_take(tx, provider, report, now) for report in reports)


def _take(tx: Session, provider: str, report: ServiceReport, now: datetime) -> bool:
    told = EmailEvent.provider_event_id.in_([report.id, sql.erased_form(report.id)])
    known = select(EmailEvent.id).where(EmailEvent.provider == provider, told)
    if tx.scalar(known) is not None:
        return False
    recipient, event_id = _recipient(tx, report.key)
    email = recipient.email if recipient else report.email
    address = recipient.address if recipient else addresses.normalized(email)
    is_erased = erased.is_pseudonym(address)  # the report counts, but its words name the guest and are not stored
    about = EmailEvent(provider=provider, provider_event_id=report.id, kind=report.kind, address=address,
                       event_id=event_id, recipient_id=recipient.id if recipient else None, code=report.code,
                       practice=bool(recipient and is_practice(recipient.provider)),
                       detail=erased.WORD if is_erased else report.detail, at=now)  # fmt: skip
    tx.add(about)
    tx.flush()
    if recipient:
        _tell(tx, recipient.id, _NEWS[report.kind], now)
    if (is_erased or addresses.is_valid(email)) and _ends(tx, about):
        end(tx, about, now)
    return True


def _recipient(tx: Session, key: str) -> tuple[Recipient | None, int | None]:
    """The recipient whose mail had this key (S3), and the event; (None, None) for a key that is not ours."""
    root, _, number = key.rpartition("-")
    row = tx.execute(
        select(Recipient, Mailing.event_id)
        .join(Mailing, Mailing.id == Recipient.mailing_id)
        .where(Recipient.id == (ids.row_id(number) or 0), Mailing.key == root)
    ).one_or_none()
    return (row[0], row[1]) if row else (None, None)


def _tell(tx: Session, recipient_id: int, news: Delivery, now: datetime) -> None:
    """Raise a recipient's delivery to `news`. A mail in doubt, or waiting for another try, was sent then.

    A mail that was never tried is left alone, whatever the service reports. So is one that waits for its first try in
    another run, when the news is that it did not arrive: that is about the run before.
    """
    this = [Recipient.id == recipient_id]
    if news not in ARRIVED:
        this.append(or_(Recipient.state != RecipientState.QUEUED, Recipient.tries > 0, records.DOUBTED))
    rank = case(_RANK, value=Recipient.delivery, else_=-1)
    tx.execute(
        update(Recipient).where(*this, rank < _RANK[news]).values(delivery=news, updated_at=now),
        execution_options={"synchronize_session": False},
    )
    _was_sent(tx, this, now)


def _was_sent(tx: Session, where: Sequence[ColumnElement[bool]], now: datetime) -> None:
    """Turn doubt into sent, and waiting too: by way of doubt, since no other move leads from waiting to sent."""
    taken: dict[str, object] = {"last_error": None, "next_attempt_at": None, "updated_at": now}
    records.move_recipients(
        tx, [*where, Recipient.attempts > 0], RecipientState.QUEUED, RecipientState.UNKNOWN,
        claim_owner=None, claim_until=None, **taken,
    )  # fmt: skip
    records.forget_doubt(tx, where)
    records.move_recipients(tx, where, RecipientState.UNKNOWN, RecipientState.SENT, **taken)


def _ends(tx: Session, about: EmailEvent) -> bool:
    """Whether this news ends the address; policy and content refusals never do (F1)."""
    if about.kind != Kind.SOFT_BOUNCE:
        return about.kind in (Kind.BOUNCE, Kind.COMPLAINT)
    same = erased_addresses.same(EmailEvent.address, about.address)
    soft = (same, EmailEvent.kind == about.kind, EmailEvent.at > about.at - SOFT_WINDOW,
            EmailEvent.practice == about.practice)  # fmt: skip
    return (tx.scalar(select(func.count()).select_from(EmailEvent).where(*soft)) or 0) >= SOFT_BOUNCES


def end(tx: Session, about: EmailEvent, now: datetime) -> None:
    """Put the address on the do-not-mail list for this news; news of practice counts in practice alone (S13)."""
    scope = PRACTICE if about.practice else EVERYWHERE
    source = about.provider
    if about.kind == Kind.SOFT_BOUNCE:
        source = f"{source}: {SOFT_BOUNCES} soft bounces in {SOFT_WINDOW.days} days"
    reason = SuppressionReason.COMPLAINT if about.kind == Kind.COMPLAINT else SuppressionReason.HARD_BOUNCE
    put = unsubscribe.stand(tx, about.address, scope, reason, source=source, now=now)
    if put:  # it was on the list for a weaker reason
        by = Acting(None, source, "", now)
        records.audit(tx, by, "suppression.reported", f"address:{about.address}", scope=scope, **put)
    tx.flush()
