"""Hand-over: personalise, mark a group `sending` in one commit, and only then let the first byte leave (S11)."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists

from eventmail import clock, records
from eventmail.content.mime import Skeleton
from eventmail.db import transaction
from eventmail.domain import audience, merge
from eventmail.domain.merge import Place
from eventmail.errors import InvalidInput, Permanent
from eventmail.models import Recipient, Suppression
from eventmail.providers.base import Mail, Outcome, Provider
from eventmail.sending.claim import LEASE, Claimed, owner
from eventmail.states import RecipientState

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

    def mail(self, claimed: Claimed) -> Mail:
        """The mail of one recipient. Raises InvalidInput for an address that can't stand in an envelope."""
        key = f"{self.key}-{claimed.id}"
        unsubscribe = merge.unsubscribe_url(claimed.id, self.place)
        data = self.skeleton.mail(claimed.email, claimed.values, key, unsubscribe)
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

    def holds(self, recipient_ids: Sequence[int]) -> None:
        """These were marked just now."""
        self.ids = frozenset(recipient_ids)
        self.renewed()

    def renewed(self) -> None:
        """The lease was extended in the database just now."""
        self.deadline = time.monotonic() + LEASE.total_seconds() - MARGIN_SECONDS


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
    in_flight.holds(mark(sending, [claimed.id for claimed in group], clock.now()))
    going = [(claimed, mails[claimed.id]) for claimed in group if claimed.id in in_flight.ids]
    told = _outcomes(provider, [mail for _, mail in going if isinstance(mail, Mail)], until)
    return [
        Result(claimed, mail, next(told)) if isinstance(mail, Mail) else Result(claimed, None, mail)
        for claimed, mail in going
    ]


def _built(sending: Sending, claimed: Claimed) -> Mail | Permanent:
    try:
        return sending.mail(claimed)
    except InvalidInput as error:
        return Permanent(error.detail)


def _outcomes(provider: Provider, mails: Sequence[Mail], until: float) -> Iterator[Outcome | None]:
    handing = provider.hand_over(mails)
    for _mail in mails:
        # A process that was frozen past its lease may already be counted out; what it did not begin, it leaves.
        yield next(handing) if time.monotonic() < min(in_flight.deadline, until) else None


def mark(sending: Sending, recipient_ids: Sequence[int], now: datetime) -> list[int]:
    """Move still-queued recipients of ours to `sending` in one commit; those on the do-not-mail list drop out (A6).

    Returns the ids that may be handed over: fewer when a cancellation or another worker was first.
    """
    ours = [Recipient.id.in_(recipient_ids), Recipient.claim_owner == owner()]
    listed = exists().where(
        Suppression.address == Recipient.address, Suppression.scope.in_(audience.scopes(sending.event_id))
    )
    with transaction() as tx:
        records.move_recipients(
            tx,
            [*ours, listed],
            RecipientState.QUEUED,
            RecipientState.SUPPRESSED,
            claim_owner=None,
            claim_until=None,
            last_error="On the do-not-mail list since the message was sent off",
            updated_at=now,
        )
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
