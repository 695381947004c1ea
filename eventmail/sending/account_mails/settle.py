"""Settling the account mails that a dead worker had in hand: by its journal, else as doubt (S5, S11b)."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from eventmail.db import fresh, move, transaction
from eventmail.models import AccountMail
from eventmail.providers.base import Provider
from eventmail.sending import claim, dead_worker_journal, slots
from eventmail.sending.account_mails import outcome
from eventmail.sending.account_mails.contents import over_at
from eventmail.sending.account_mails.mark import Marked, about, acting, tell
from eventmail.sending.outcome import Left
from eventmail.states import AccountMailState

_A = AccountMailState


def settle(now: datetime) -> int:
    """Put in doubt the mails that a dead worker left between mark and record; returns how many (S5)."""
    lapsed = or_(AccountMail.claim_until <= now, AccountMail.claim_until > now + claim.LEASE + claim.SET_BACK)
    left = [AccountMail.state == _A.SENDING, lapsed]
    if fresh().scalar(select(AccountMail.id).where(*left).limit(1)) is None:
        return 0
    with transaction() as tx:
        values = {"claim_owner": None, "claim_until": None, "last_error": dead_worker_journal.WORDS, "updated_at": now}
        doubtful = move(tx, AccountMail, [lapsed], _A.SENDING, _A.UNKNOWN, **values)
        for mail in tx.scalars(select(AccountMail).where(AccountMail.id.in_(doubtful))).all():
            told = {"email": mail.email, "words": dead_worker_journal.WORDS}
            tell(tx, acting(mail, now), about(tx, mail), _A.UNKNOWN, **told)
    return len(doubtful)


def inherit(tx: Session, left: dead_worker_journal.Legacy, provider: Provider, now: datetime) -> int:
    """Settle the mails in hand of a process that is proven dead; returns how many. Runs in the caller's transaction."""
    found = {
        (slot.entry.row, slot.entry.mark): slot for slot in left.slots if slot.entry.kind == slots.Kind.ACCOUNT_MAIL
    }
    mails = tx.scalars(
        select(AccountMail)
        .where(AccountMail.id.in_({row for row, _ in found}), AccountMail.state.in_([_A.SENDING, _A.UNKNOWN]))
        .order_by(AccountMail.id)
    ).all()
    settled = 0
    for mail in mails:
        slot = found.get((mail.id, mail.mark or 0))
        if slot and slot.entry.attempt == mail.attempts:
            marked = _marked(tx, mail, slot.entry.mark, now)
            used = dead_worker_journal.service(slot, provider)
            theirs = Left(left.owner, slot.entry.mark)
            settled += outcome.write(tx, marked, dead_worker_journal.answer(slot), used, now, left=theirs) is not None
    return settled


def _marked(tx: Session, mail: AccountMail, mark: int, now: datetime) -> Marked:
    """The mail as far as its outcome needs it; its key and its contents died with the process."""
    key, by = f"{mail.root}-{mail.attempts}-{mark}", acting(mail, now)
    return Marked(mail.id, key, mail.attempts, mail.tries, by, about(tx, mail), mail.email, over_at(tx, mail))
