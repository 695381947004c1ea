"""The outcome of a mail about an account after a hand-over: retry, give-up or doubt (S4, S5)."""

import logging
import time
from datetime import datetime

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventmail.db import move, transaction
from eventmail.models import AccountMail
from eventmail.providers.base import Outcome, Provider, Service
from eventmail.sending import feedback, retry
from eventmail.sending import outcome as outcomes
from eventmail.sending.account_mails.mark import KEPT, Marked, tell
from eventmail.states import AccountMailState, is_practice

log = logging.getLogger(__name__)

TRIES = 6  # of a mail that is surely not taken; the last one is about 20 minutes after the first
_A = AccountMailState


def record(mail: Marked, outcome: Outcome | None, provider: Provider, now: datetime) -> None:
    """Record the outcome of a hand-over: sent, failed, waiting for another try, or in doubt (S4, S5).

    Doubt is never tried again, since the next mail would bring another link. A mail that was put in doubt meanwhile
    still gets its true outcome. Retries while the database can't be written, as for guests.
    """
    until = time.monotonic() + outcomes.RECORD_SECONDS
    while True:
        try:
            return _record(mail, outcome, provider, now)
        except OperationalError as error:
            if time.monotonic() >= until:
                raise
            log.warning("an outcome could not be recorded yet: %s", error.orig, extra={"account_mail": mail.id})
            time.sleep(outcomes.RECORD_PAUSE_SECONDS)


def _record(mail: Marked, outcome: Outcome | None, provider: Provider, now: datetime) -> None:
    with transaction() as tx:
        state = write(tx, mail, outcome, provider, now)
    log.info("an account mail was handed over", extra={"account_mail": mail.id, "state": str(state)})


def write(
    tx: Session, mail: Marked, outcome: Outcome | None, service: Service, now: datetime, *,
    left: outcomes.Left | None = None,
) -> AccountMailState | None:  # fmt: skip
    """Write the outcome of a hand-over. Returns the new state, or None when nothing moved.

    Runs in the caller's transaction. With `left`, of a process that is proven dead: a mail it did not begin keeps its
    attempt number, and a mail that was put in doubt meanwhile can only turn out to be sent (S11b).
    """
    verdict = retry.judge(outcome, mail.try_, service, now, goes_on=False, waits=False)
    state, retry_at = _A(verdict.state), verdict.retry_at
    if state == _A.QUEUED and verdict.counts and (mail.try_ >= TRIES or (retry_at or now) >= mail.too_late):
        state, retry_at = _A.FAILED, None
    values = {"claim_owner": None, "claim_until": None, "last_error": verdict.words, "updated_at": now}
    counted = {"tries": mail.try_, "attempts": mail.attempt}
    if not verdict.counts:
        counted = {"tries": mail.try_ - 1, "attempts": mail.attempt if left else mail.attempt - 1}
    this = [AccountMail.id == mail.id, AccountMail.attempts == mail.attempt]
    theirs = [AccountMail.mark == left.mark] if left else []
    owned = [AccountMail.claim_owner == left.owner] if left else []
    moved = move(
        tx, AccountMail, [*this, *theirs, *owned], _A.SENDING, state, next_attempt_at=retry_at, **values, **counted
    )
    if not moved and state in ({_A.SENT} if left else {_A.SENT, _A.FAILED, _A.QUEUED}):
        state = _A.FAILED if state == _A.QUEUED else state
        moved = move(tx, AccountMail, [*this, *theirs], _A.UNKNOWN, state, next_attempt_at=None, **values)
    gone = left is None and tx.get(AccountMail, mail.id) is None
    if state != _A.QUEUED and (moved or gone):
        feedback.record_answer(tx, outcome, now, provider=service.name, key=mail.key, email=mail.to)
        what = KEPT if state == _A.SENT and is_practice(service.name) else state
        tell(tx, mail.by, mail.about, what, email=mail.to, words=verdict.words)
    return state if moved else None
