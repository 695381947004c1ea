"""The mark of a mail to a colleague: it becomes `sending` and gets its contents in one commit, or it fails."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from eventmail import ids, records
from eventmail.content.plain_mail import Frame
from eventmail.db import move, transaction
from eventmail.domain.instance import live_lock
from eventmail.domain.people import account_mails, result_mails
from eventmail.models import AccountMail, Mailing
from eventmail.providers.base import Provider
from eventmail.records import WORKER, Acting
from eventmail.sending.account_mails import contents
from eventmail.sending.claim import LEASE, owner
from eventmail.settings import Settings
from eventmail.states import AccountMailKind, AccountMailState, is_practice

KEPT = "kept"  # how the log says that practice mode kept a mail (S13)
_A = AccountMailState
Write = Callable[[Frame], bytes]


@dataclass(frozen=True)
class About:
    """What a mail is about, as the log has it: the family of its actions, the subject, the event."""

    family: str
    subject: str
    event_id: int | None = None


@dataclass(frozen=True)
class Marked:
    """A mail that this process marked `sending`. After `too_late` it is not tried again."""

    id: int
    key: str  # another try is another mail: its link is new
    attempt: int
    try_: int
    by: Acting
    about: About
    to: str
    too_late: datetime


def mark(
    mail_id: int, provider: Provider, settings: Settings, now: datetime, *, attempt: int, number: int | None
) -> tuple[Marked, Write] | None:
    """Mark a waiting mail `sending`, in one commit before the first byte leaves; returns it, and what writes it.

    `number` names this mark, of attempt `attempt`, in the row and in the journal. Returns None when another worker was
    first, or when the mail must not leave any more: then the row says why.
    """
    with transaction() as tx:
        mail = tx.get(AccountMail, mail_id)
        if mail is None:  # its invitation was taken back
            return None
        by = acting(mail, now)
        result_mails.follow(tx, mail)
        if words := _in_the_way(tx, mail, provider, settings, now):
            over = {"last_error": words, "next_attempt_at": None, "updated_at": now}
            if move(tx, AccountMail, [AccountMail.id == mail_id], _A.QUEUED, _A.FAILED, **over):
                tell(tx, by, about(tx, mail), _A.FAILED, email=mail.email, words=words)
            return None
        given = {"attempts": attempt, "tries": mail.tries + 1, "mark": number, "claim_owner": owner(),
                 "claim_until": now + LEASE, "next_attempt_at": None, "updated_at": now}  # fmt: skip
        this = [AccountMail.id == mail_id, AccountMail.attempts == attempt - 1]
        if not move(tx, AccountMail, this, _A.QUEUED, _A.SENDING, **given):
            return None
        live_lock.count_mark(tx)
        key = f"{mail.root}-{attempt}-{ids.token(12)}"
        too_late = contents.over_at(tx, mail)
        marked = Marked(mail.id, key, attempt, mail.tries + 1, by, about(tx, mail), mail.email, too_late)
        return marked, contents.made(tx, mail, settings.public_url, by)


def tell(tx: Session, by: Acting, about: About, what: str, *, email: str, words: str | None) -> None:
    """Write the entry of the log about an outcome, a state or KEPT. Runs in the caller's transaction."""
    detail: dict[str, Any] = {"reason": words} if words else {}
    records.audit(tx, by, f"{about.family}.{what}", about.subject, event_id=about.event_id, email=email, **detail)


def acting(mail: AccountMail, now: datetime) -> Acting:
    """The worker as the actor, with the request that asked for the mail."""
    return Acting(None, WORKER, mail.request_id, now)


def about(tx: Session, mail: AccountMail) -> About:
    """What a mail is about: a message, or the account of a person."""
    if mail.kind == AccountMailKind.RESULT:
        event_id = tx.get_one(Mailing, mail.mailing_id).event_id
        return About("result_mail", f"mailing:{mail.mailing_id}", event_id)
    return About("account_mail", account_mails.subject(mail.invitation_id, mail.user_id))


def _in_the_way(tx: Session, mail: AccountMail, provider: Provider, settings: Settings, now: datetime) -> str:
    """Why a waiting mail must not leave, or "". Checked right before the hand-over, as for guests (A6)."""
    if is_practice(provider.name) and mail.kind != AccountMailKind.RESULT:  # whoever reads the outbox could use a link
        return account_mails.NO_SERVICE
    if hindrances := settings.hindrances(outside=provider.outside):
        return " ".join(hindrances).rstrip(".")
    return account_mails.why_listed(tx, mail.address) or contents.in_the_way(tx, mail, now)
