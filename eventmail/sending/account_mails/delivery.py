"""The delivery of mails about accounts: one by one, each at most once, whatever crashes (S5).

Only the worker knows the token: it is made in the commit that marks the mail `sending`, and stored in no row or queue.
A hand-over that broke off is doubt; only a person asks for another mail.
"""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update

from eventmail import clock
from eventmail.content.plain_mail import Frame
from eventmail.db import file, fresh, transaction
from eventmail.domain.instance import live_lock
from eventmail.errors import InvalidInput
from eventmail.models import AccountMail
from eventmail.providers.base import Mail, Outcome, Permanent, Provider, Unclear
from eventmail.sending import claim, journal, pace, slots
from eventmail.sending.account_mails import outcome as account_outcome
from eventmail.sending.account_mails.mark import Marked, Write, mark
from eventmail.sending.drain import LOOK_AGAIN, TURN_SECONDS
from eventmail.sending.handover import MARGIN_SECONDS
from eventmail.settings import Settings
from eventmail.states import AccountMailState

log = logging.getLogger(__name__)

WHO = "account mails"
_BROKEN_OFF = Unclear("The hand-over broke off; nobody can say whether this mail left")
_A = AccountMailState
_talking = threading.Lock()  # one turn at a time hands over, so that a slow mail server takes up one thread


@dataclass
class Held:
    """The mails in hand of this process: until when (time.monotonic) each may begin; the heartbeat renews that."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: dict[int, float] = field(default_factory=dict)

    def hold(self, mail_id: int, since: float) -> None:
        """Add a mail whose lease in the database counts from `since`, before the wait for the write lock."""
        with self.lock:
            self.until[mail_id] = since + claim.LEASE.total_seconds() - MARGIN_SECONDS

    def renewed(self, mail_ids: Sequence[int], since: float) -> None:
        """Renew the mails that are not done yet."""
        with self.lock:
            still = [mail_id for mail_id in mail_ids if mail_id in self.until]
            self.until |= dict.fromkeys(still, since + claim.LEASE.total_seconds() - MARGIN_SECONDS)

    def drop(self, mail_id: int) -> None:
        """Remove a mail that is done."""
        with self.lock:
            self.until.pop(mail_id, None)

    def ids(self) -> list[int]:
        """The mails in hand."""
        with self.lock:
            return list(self.until)


held = Held()


def deliver(provider: Provider, settings: Settings) -> datetime | None:
    """Send due mails for one turn. Returns when to come back: now or later, or None when nothing waits."""
    if not live_lock.is_live(settings.database):  # H9
        return None
    until = time.monotonic() + TURN_SECONDS
    if not _talking.acquire(timeout=TURN_SECONDS):
        return clock.now() + LOOK_AGAIN
    try:
        return _deliver_due(provider, settings, until)
    finally:
        _talking.release()


def _deliver_due(provider: Provider, settings: Settings, until: float) -> datetime | None:
    while time.monotonic() < until:
        due = select(AccountMail.id, AccountMail.attempts).where(*_due(clock.now())).order_by(AccountMail.id).limit(1)
        mail = fresh().execute(due).one_or_none()
        if mail is None:
            provider.spare(WHO)
            return next_due(clock.now())
        if not provider.stands(WHO, max(0.0, until - time.monotonic())):  # the mail stays queued meanwhile (S11a)
            return clock.now() + LOOK_AGAIN
        if _its_turn(settings.pace(outside=provider.outside), until):
            _deliver(mail.id, mail.attempts + 1, provider, settings)
    return clock.now()


def next_due(now: datetime) -> datetime | None:
    """When a mail is due, now or later, or None when none waits."""
    if fresh().scalar(select(AccountMail.id).where(*_due(now)).limit(1)) is not None:
        return now
    later: datetime | None = fresh().scalar(
        select(func.min(AccountMail.next_attempt_at)).where(AccountMail.state == _A.QUEUED)
    )
    return later


def renew(now: datetime) -> None:
    """Extend the leases of the mails in hand. The heartbeat calls it."""
    mail_ids, since = held.ids(), time.monotonic()
    if not mail_ids:
        return
    with transaction() as tx:
        kept = tx.scalars(
            update(AccountMail)
            .where(AccountMail.id.in_(mail_ids), AccountMail.state == _A.SENDING)
            .values(claim_until=now + claim.LEASE)
            .returning(AccountMail.id),
            execution_options={"synchronize_session": False},
        ).all()
    held.renewed(kept, since)


def _deliver(mail_id: int, attempt: int, provider: Provider, settings: Settings) -> None:
    hand = journal.take(file().parent, slots.Kind.ACCOUNT_MAIL, [(mail_id, attempt)], provider.name)
    since = time.monotonic()
    try:
        marked = mark(mail_id, provider, settings, clock.now(), attempt=attempt, number=hand.mark)
        if marked is None:
            return
        mail, write = marked
        live_lock.keep_count()
        held.hold(mail.id, since)
        account_outcome.record(mail, _hand_over(mail, write, hand, provider, settings), provider, clock.now())
    finally:
        held.drop(mail_id)
        hand.done()


def _its_turn(per_second: float, until: float) -> bool:
    """Wait for the shared pace (S10), not beyond `until`; returns whether the mail may leave."""
    while per_second:
        granted, wait = pace.take(1, per_second, clock.now())
        if granted:
            return True
        if time.monotonic() + wait >= until:
            time.sleep(max(0.0, until - time.monotonic()))
            return False
        time.sleep(wait)
    return True


def _due(now: datetime) -> list[ColumnElement[bool]]:
    at, ahead = AccountMail.next_attempt_at, claim.written_ahead(AccountMail.updated_at, now)
    return [AccountMail.state == _A.QUEUED, or_(at.is_(None), at <= now, ahead)]


def _hand_over(
    mail: Marked, write: Write, hand: journal.Hand, provider: Provider, settings: Settings
) -> Outcome | None:
    """Returns the outcome, or None when the mail surely did not leave, since its turn never came."""
    try:
        built = _built(mail, write, settings)
    except InvalidInput as error:
        return Permanent(error.detail)
    except Exception:
        log.exception("a mail could not be built", extra={"account_mail": mail.id})
        return Permanent("This mail could not be put together")
    told: Outcome | None = None

    def in_time() -> bool:
        return time.monotonic() < held.until.get(mail.id, 0.0)

    def may_begin(_mail: Mail) -> bool:
        nonlocal told
        begins = in_time() and hand.begins(mail.id) and in_time()  # the process may have been frozen in the write
        told = _BROKEN_OFF if begins else None
        return begins

    try:
        with closing(provider.hand_over([built], may_begin)) as handing:
            for _, outcome in handing:
                told = outcome
                if outcome is not None:
                    hand.told(mail.id, outcome)
    except Exception:
        log.exception("a hand-over broke off", extra={"account_mail": mail.id})
    return told


def _built(mail: Marked, write: Write, settings: Settings) -> Mail:
    frame = Frame(
        from_email=settings.sender, from_name=settings.sender_name, to=mail.to,
        message_id=f"{mail.key}@{settings.sender.rpartition('@')[2]}", date=mail.by.now, site=settings.public_url,
    )  # fmt: skip
    request_id = f"{mail.by.request_id}.{mail.id}.{mail.attempt}"
    return Mail(mail.key, request_id, mail.attempt, settings.sender, mail.to, write(frame))
