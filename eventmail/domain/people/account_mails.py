"""Requests for mails about accounts: an invitation, a one-time sign-in link. The worker sends the mails.

Nobody who asks sees a token, and none waits in the queue: the worker makes it right before the mail leaves.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from eventmail import addresses, records
from eventmail.db import fresh, move, sql
from eventmail.domain.suppressions import erased_addresses
from eventmail.domain.suppressions import reasons as suppression_reasons
from eventmail.domain.terms import SendingTerms
from eventmail.errors import NoRecipients
from eventmail.models import EVERYWHERE, AccountMail, Suppression
from eventmail.models.account import LINK_WAITING, WAITING
from eventmail.records import Acting
from eventmail.states import OPEN_ACCOUNT_MAIL, WITH_LINK, AccountMailKind, AccountMailState, SuppressionReason

NO_SERVICE = "No mail service is connected, so nothing is mailed from here"
_HOLD_UP = SuppressionReason.HARD_BOUNCE, SuppressionReason.UNSUBSCRIBED
Target = InstrumentedAttribute[int | None]


@dataclass(frozen=True)
class Asked:
    """The newest mail about somebody and its state since `at`; `words` explain why it has not left."""

    state: str
    at: datetime
    words: str | None

    @property
    def waits(self) -> bool:
        """Whether it has still to leave. Until then nobody can ask for a second one."""
        return self.state in OPEN_ACCOUNT_MAIL


def can_mail(terms: SendingTerms) -> bool:
    """Whether mails about accounts can leave: a mail service is connected and nothing is in its way (S13, H9)."""
    return terms.connected and not terms.hindrances


def refuse_unless_can_mail(terms: SendingTerms) -> None:
    """Raises NoRecipients, with the reason, when no mail can leave."""
    if not can_mail(terms):
        reasons = " ".join(terms.hindrances) if terms.connected else f"{NO_SERVICE}."
        raise NoRecipients(f"{reasons} Nothing was mailed. A link can be made and handed over.")


def refuse_listed(session: Session, email: str) -> None:
    """Raises NoRecipients, with the reason, when `email` gets no mail from this installation (F1)."""
    if listed := why_listed(session, addresses.normalized(email)):
        raise NoRecipients(f"{email} is not mailed to. {listed}. Nothing was done; make a link and hand it over.")


def why_listed(session: Session, address: str) -> str:
    """Why this address gets no mail about its account, or "": the mailbox is dead, or its owner wants no mail at all.

    Entries by colleagues do not count, else one colleague could keep another out. Nor do entries of one event.
    """
    same = erased_addresses.same(Suppression.address, address)
    entry = same, Suppression.scope == EVERYWHERE, Suppression.reason.in_(_HOLD_UP)
    reason = session.scalar(select(Suppression.reason).where(*entry))
    why = suppression_reasons.LONG[SuppressionReason(reason)] if reason else ""
    return why and f"It is on the do-not-mail list of all events: {why}"


def ask(tx: Session, by: Acting, email: str, *, invitation_id: int | None = None, user_id: int | None = None) -> bool:
    """Queue one mail about an invitation or to a colleague; False when one waits already."""
    kind, column, among = (
        (AccountMailKind.SIGN_IN, "user_id", LINK_WAITING)
        if invitation_id is None
        else (AccountMailKind.INVITATION, "invitation_id", WAITING)
    )
    about = {"kind": kind, "invitation_id": invitation_id, "user_id": user_id}
    once = sql.insert_new(AccountMail, [column], among, **about, **queued(email, by))
    if tx.scalar(once.returning(AccountMail.id)) is None:
        return False
    records.audit(tx, by, "account_mail.asked", subject(invitation_id, user_id), email=email)
    return True


def tell_old_address(tx: Session, by: Acting, email: str, user_id: int, terms: SendingTerms) -> bool:
    """Queue the news for a colleague's former address; False when no mail can leave."""
    if not can_mail(terms):
        return False
    tx.add(AccountMail(kind=AccountMailKind.ADDRESS_CHANGED, user_id=user_id, **queued(email, by)))
    records.audit(tx, by, "account_mail.asked", subject(None, user_id), email=email)
    return True


def queued(email: str, by: Acting) -> dict[str, Any]:
    """The values of a new row that waits, but for its kind and what it is about."""
    return {
        "email": email, "address": addresses.normalized(email), "state": AccountMailState.QUEUED,
        "asked_by": by.user_id, "request_id": by.request_id, "created_at": by.now, "updated_at": by.now,
    }  # fmt: skip


def withdraw(
    tx: Session, by: Acting, words: str, *, invitation_id: int | None = None, user_id: int | None = None
) -> None:
    """Take a waiting mail with a link out of the queue. Runs in the caller's transaction."""
    about = AccountMail.user_id == user_id if invitation_id is None else AccountMail.invitation_id == invitation_id
    link = AccountMail.kind.in_(WITH_LINK)
    if move(tx, AccountMail, [about, link], AccountMailState.QUEUED, AccountMailState.FAILED,
            last_error=words, next_attempt_at=None, updated_at=by.now):  # fmt: skip
        records.audit(tx, by, "account_mail.failed", subject(invitation_id, user_id), reason=words)


def doubt(tx: Session, words: str, now: datetime) -> None:
    """Put all open mails in doubt: the database this one was copied from may have sent them since (H9)."""
    for state in OPEN_ACCOUNT_MAIL:
        move(tx, AccountMail, [], state, AccountMailState.UNKNOWN,
             last_error=words, next_attempt_at=None, claim_until=None, updated_at=now)  # fmt: skip


def newest(target: Target, ids: Collection[int]) -> Mapping[int | None, Asked]:
    """The newest mail with a link about each of `ids`, invitations or colleagues. 1 query."""
    link = AccountMail.kind.in_(WITH_LINK)
    latest = select(func.max(AccountMail.id)).where(target.in_(ids), link).group_by(target)
    rows = select(target, AccountMail.state, AccountMail.updated_at, AccountMail.last_error)
    found = fresh().execute(rows.where(AccountMail.id.in_(latest)))
    return {row[0]: Asked(row.state, row.updated_at, row.last_error) for row in found}


def subject(invitation_id: int | None, user_id: int | None) -> str:
    """The subject of an entry in the log."""
    return f"user:{user_id}" if invitation_id is None else f"invitation:{invitation_id}"
