"""The mark of a mail about an account: it becomes `sending` and gets its link's token in one commit, or it fails."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from eventmail import ids, records, signing
from eventmail.db import move, transaction
from eventmail.domain.instance import live_lock
from eventmail.domain.people import account_mails, sign_in_links
from eventmail.models import AccountMail, Invitation, User
from eventmail.providers.base import Provider
from eventmail.records import WORKER, Acting
from eventmail.sending.claim import LEASE, owner
from eventmail.settings import Settings
from eventmail.states import AccountMailKind, AccountMailState, is_practice

NEWS_LIFETIME = timedelta(days=7)
_TOO_LATE = "It waited so long that its link would be over"
_NO_NEWS = "It waited so long that it would be no news any more"
_GONE = "There is nobody any more to mail it to"
_ELSEWHERE = "They have another address since it was asked for"
_A = AccountMailState


@dataclass(frozen=True)
class Marked:
    """A mail that this process marked `sending`, with its contents. After `too_late` it is not tried again."""

    id: int
    key: str  # another try is another mail: its link is new
    kind: str
    attempt: int
    try_: int
    by: Acting
    about: str  # the subject in the log
    to: str
    asker: str
    name: str
    role: str
    until: datetime
    too_late: datetime
    token: str = field(repr=False)


def mark(
    mail_id: int, provider: Provider, settings: Settings, now: datetime, *, attempt: int, number: int | None
) -> Marked | None:
    """Mark a waiting mail `sending` and make its token, in one commit before the first byte leaves.

    `number` names this mark, of attempt `attempt`, in the row and in the journal. Returns None when another worker was
    first, or when the mail must not leave any more: then the row says why.
    """
    with transaction() as tx:
        mail = tx.get(AccountMail, mail_id)
        if mail is None:  # its invitation was taken back
            return None
        by = acting(mail, now)
        if words := _in_the_way(tx, mail, provider, settings, now):
            over = {"last_error": words, "next_attempt_at": None, "updated_at": now}
            if move(tx, AccountMail, [AccountMail.id == mail_id], _A.QUEUED, _A.FAILED, **over):
                tell(tx, by, _A.FAILED, about=about(mail), email=mail.email, words=words)
            return None
        given = {"attempts": attempt, "tries": mail.tries + 1, "mark": number, "claim_owner": owner(),
                 "claim_until": now + LEASE, "next_attempt_at": None, "updated_at": now}  # fmt: skip
        this = [AccountMail.id == mail_id, AccountMail.attempts == attempt - 1]
        if not move(tx, AccountMail, this, _A.QUEUED, _A.SENDING, **given):
            return None
        live_lock.count_mark(tx)
        return _minted(tx, mail, by)


def tell(tx: Session, by: Acting, state: AccountMailState, *, about: str, email: str, words: str | None) -> None:
    """Write the entry of the log about an outcome. Runs in the caller's transaction."""
    detail: dict[str, Any] = {"reason": words} if words else {}
    records.audit(tx, by, f"account_mail.{state}", about, email=email, **detail)


def acting(mail: AccountMail, now: datetime) -> Acting:
    """The worker as the actor, with the request that asked for the mail."""
    return Acting(None, WORKER, mail.request_id, now)


def about(mail: AccountMail) -> str:
    """The person a mail is for, as the log's subject."""
    return account_mails.subject(mail.invitation_id, mail.user_id)


def _in_the_way(tx: Session, mail: AccountMail, provider: Provider, settings: Settings, now: datetime) -> str:
    """Why a waiting mail must not leave, or "". Checked right before the hand-over, as for guests (A6)."""
    if is_practice(provider.name):
        return account_mails.NO_SERVICE
    if hindrances := settings.hindrances(outside=provider.outside):
        return " ".join(hindrances).rstrip(".")
    if listed := account_mails.why_listed(tx, mail.address):
        return listed
    if mail.kind == AccountMailKind.SIGN_IN:
        address = tx.scalar(select(User.address).where(User.id == mail.user_id, User.removed_at.is_(None)))
        if address != mail.address:  # the link must not reach another mailbox
            return _ELSEWHERE if address else _GONE
    if over_at(tx, mail) > now:
        return ""
    return _NO_NEWS if mail.kind == AccountMailKind.ADDRESS_CHANGED else _TOO_LATE


def over_at(tx: Session, mail: AccountMail) -> datetime:
    """When a mail stops being useful: its link is over, or its news is old."""
    if mail.kind == AccountMailKind.INVITATION:
        return tx.get_one(Invitation, mail.invitation_id).expires_at
    return mail.created_at + (sign_in_links.LIFETIME if mail.kind == AccountMailKind.SIGN_IN else NEWS_LIFETIME)


def _minted(tx: Session, mail: AccountMail, by: Acting) -> Marked:
    asker = tx.get(User, mail.asked_by) if mail.asked_by else None
    if mail.kind != AccountMailKind.INVITATION:
        user = tx.get_one(User, mail.user_id)
        token = sign_in_links.mailed(tx, user.id, by) if mail.kind == AccountMailKind.SIGN_IN else ""
        name, role, until = user.name, user.role, by.now + sign_in_links.LIFETIME
    else:
        token = signing.new_token()
        invited = tx.scalars(
            update(Invitation)
            .where(Invitation.id == mail.invitation_id)
            .values(token_hash=signing.hashed(token))
            .returning(Invitation)
        ).one()
        name, role, until = "", invited.role, invited.expires_at
    attempt = mail.attempts + 1
    key = f"account-{mail.id}-{attempt}-{ids.token(12)}"
    return Marked(
        mail.id, key, mail.kind, attempt, mail.tries + 1, by, about(mail), mail.email,
        asker.name if asker else "", name, role, until, over_at(tx, mail), token,
    )  # fmt: skip
