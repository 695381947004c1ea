"""Hand-over: personalise, mark a group `sending` in one commit, and only then let the first byte leave (S11)."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, or_, select

from eventmail import clock, records
from eventmail.content.mime import Skeleton
from eventmail.db import transaction
from eventmail.domain import audience, merge
from eventmail.domain.merge import Place
from eventmail.errors import InvalidInput, Permanent, Refused, Unclear
from eventmail.models import Guest, Job, Recipient, Suppression
from eventmail.providers.base import Mail, Outcome, Provider
from eventmail.sending.claim import LEASE, Claimed, owner
from eventmail.states import JobState, RecipientState

log = logging.getLogger(__name__)

_BROKEN_OFF = Unclear("The hand-over broke off; nobody can say whether this mail left")
GROUP = 20  # a worker process never has more rows than this in `sending` (S11)
MARGIN_SECONDS = 5.0  # no hand-over begins this close to the end of the lease


@dataclass(frozen=True)
class Sending:
    """One mailing, prepared once per run of `drain`: what a guest costs from here on is escaping and joining."""

    job_id: int
    mailing_id: int
    event_id: int
    key: str
    request_id: str
    sender: str
    place: Place
    skeleton: Skeleton
    read_as: Mapping[str, str] | None = None  # a test: whose values every mail is read with (E1)

    def mail(self, claimed: Claimed) -> Mail:
        """The mail of one recipient. Raises InvalidInput for an address that can't stand in an envelope."""
        key = f"{self.key}-{claimed.id}"
        if self.read_as is None:
            values, unsubscribe = claimed.values, merge.unsubscribe_url(claimed.id, self.place)
        else:
            values, unsubscribe = self.read_as, merge.inert_unsubscribe_url(self.place)
        data = self.skeleton.mail(claimed.email, values, key, unsubscribe)
        return Mail(key, f"{self.request_id}.{claimed.id}.{claimed.attempt}", claimed.attempt, self.sender,
                    claimed.email, data)  # fmt: skip


@dataclass
class InFlight:
    """What this process has in `sending` right now, and until when it may begin another hand-over."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ids: frozenset[int] = frozenset()
    deadline: float = 0.0

    @contextmanager
    def one_group(self) -> Iterator[None]:
        """From mark to record: one group at a time in this process, so that GROUP bounds what a crash leaves open."""
        with self.lock:
            try:
                yield
            finally:
                self.ids = frozenset()

    def holds(self, recipient_ids: Sequence[int], since: float) -> None:
        """These were marked, with a lease that began at `since` (time.monotonic)."""
        self.ids = frozenset(recipient_ids)
        self.renewed(since)

    def renewed(self, since: float) -> None:
        """The lease in the database now counts from `since`, which is before the wait for the write lock."""
        self.deadline = since + LEASE.total_seconds() - MARGIN_SECONDS


in_flight = InFlight()


class Result(NamedTuple):
    """One hand-over. `mail` is None when it could not be built.

    An `outcome` of None means that the mail surely did not leave: its turn never came.
    """

    claimed: Claimed
    mail: Mail | None
    outcome: Outcome | None


def hand_over(sending: Sending, provider: Provider, group: Sequence[Claimed], until: float) -> list[Result]:
    """Hand over at most GROUP recipients, inside `in_flight.one_group()`: a result for each that was marked.

    After `until` (time.monotonic) no other hand-over begins, so that a slow service does not hold up a stop.
    """
    mails = {claimed.id: _built(sending, claimed) for claimed in group}
    since = time.monotonic()
    in_flight.holds(mark(sending, [claimed.id for claimed in group], clock.now()), since)
    going = [(claimed, mails[claimed.id]) for claimed in group if claimed.id in in_flight.ids]
    told = iter(_outcomes(provider, [mail for _, mail in going if isinstance(mail, Mail)], until))
    return [
        Result(claimed, mail, next(told)) if isinstance(mail, Mail) else Result(claimed, None, mail)
        for claimed, mail in going
    ]


def _built(sending: Sending, claimed: Claimed) -> Mail | Permanent:
    try:
        return sending.mail(claimed)
    except InvalidInput as error:
        return Permanent(error.detail)
    except Exception:  # one guest's values must not hold up everybody else
        log.exception("a mail could not be built", extra={"recipient": claimed.id})
        return Permanent("This mail could not be put together")


def _outcomes(provider: Provider, mails: Sequence[Mail], until: float) -> list[Outcome | None]:
    """One outcome a mail, None for those whose turn never came.

    A process that was frozen past its lease may already be counted out; what it did not begin, it leaves. A fault
    of the provider's own code puts one mail in doubt; what the others got is known. Who is refused asks no further.
    """
    told: list[Outcome | None] = [None] * len(mails)
    try:
        with closing(provider.hand_over(mails)) as handing:
            for place in range(len(mails)):
                if time.monotonic() >= min(in_flight.deadline, until):
                    break
                told[place] = _BROKEN_OFF
                told[place] = answer = next(handing)
                if isinstance(answer, Refused):
                    break
    except Exception:
        log.exception("a hand-over broke off")
    return told


def mark(sending: Sending, recipient_ids: Sequence[int], now: datetime) -> list[int]:
    """Move still-queued recipients of ours to `sending` in one commit; those on the do-not-mail list drop out (A6).

    So do those whose guest was deleted or has another address by now: what is known of the guest is not for the
    mailbox that was frozen (S6).
    Returns the ids that may be handed over: fewer when a cancellation or another worker was first, none when the job
    was stopped since they were claimed (S12).
    """
    runs = exists().where(Job.id == sending.job_id, Job.state == JobState.RUNNING, Job.stopped.is_(None))
    ours = [Recipient.id.in_(recipient_ids), Recipient.claim_owner == owner(), runs]
    same = exists().where(Guest.id == Recipient.guest_id, Guest.address == Recipient.address)
    listed = exists().where(
        Suppression.address == Recipient.address, Suppression.scope.in_(audience.scopes(sending.event_id))
    )
    drops = [(listed, RecipientState.SUPPRESSED, "On the do-not-mail list since the message was sent off")]
    if sending.read_as is None:  # who gets a test need be no guest
        drops += [
            (Recipient.guest_id.is_(None), RecipientState.CANCELLED, "guest deleted"),
            (~same, RecipientState.CANCELLED, "The guest has another address since the message was sent off"),
        ]
    with transaction() as tx:
        if tx.scalar(select(Recipient.id).where(*ours, or_(*(where for where, _, _ in drops))).limit(1)):
            for where, state, words in drops:  # rare, so one look saves an UPDATE of each kind a group
                records.leave_queue(tx, [*ours, where], state, words, now)
        return records.move_recipients(
            tx,
            ours,
            RecipientState.QUEUED,
            RecipientState.SENDING,
            attempts=Recipient.attempts + 1,
            tries=Recipient.tries + 1,
            claim_until=now + LEASE,
            updated_at=now,
        )
