"""Hand-over: personalise mails, mark a group `sending` in one commit, and only then let the first byte leave (S11)."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, exists, not_, or_
from sqlalchemy.orm import Session

from eventmail import clock, records
from eventmail.content.mime import Skeleton
from eventmail.db import file, fresh, transaction
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.guests import address_change
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import merge_values
from eventmail.domain.suppressions.reasons import scopes_of
from eventmail.domain.terms import SendingTerms, inert_unsubscribe_url, unsubscribe_url
from eventmail.errors import InvalidInput
from eventmail.models import Guest, Job, Recipient, Suppression
from eventmail.providers.base import Mail, Outcome, Permanent, Provider, Refused, Unclear
from eventmail.sending import journal
from eventmail.sending.claim import LEASE, Claimed, owner
from eventmail.sending.first_answers import FirstAnswers
from eventmail.sending.slots import Kind
from eventmail.states import JobState, RecipientState

log = logging.getLogger(__name__)

_BROKEN_OFF = Unclear("The hand-over broke off; nobody can say whether this mail left")
MARGIN_SECONDS = 5.0  # before the end of the lease; no hand-over begins then


@dataclass(frozen=True, kw_only=True)
class Run:
    """The run of a mailing that an outcome belongs to."""

    job_id: int
    mailing_id: int
    event_id: int
    request_id: str
    is_test: bool


@dataclass(frozen=True, kw_only=True)
class Sending(Run):
    """One mailing, prepared once per turn of `drain`, so that a guest costs only escaping and joining."""

    key: str
    provider: str
    sender: str
    terms: SendingTerms
    skeleton: Skeleton
    read_as: Mapping[str, str] | None = None  # of a test: the values for every mail (E1)
    is_addressed: bool = False  # the mail holds calendar links that are each guest's own (K3)
    is_untried: bool = False  # the service had taken no mail of this run when the turn began

    def addresses(self) -> CalendarAddresses | None:
        """The calendar links for the mails of a group that is marked, under the secret that the event has by now."""
        if not self.is_addressed:
            return None
        found = CalendarAddresses.now(self.event_id, self.terms)
        fresh().rollback()  # an open read would keep the log of the database while a server thinks
        return found

    def mail(self, claimed: Claimed, addresses: CalendarAddresses | None = None) -> Mail:
        """The mail of one recipient. Raises InvalidInput for an address that can't stand in an envelope."""
        key = f"{self.key}-{claimed.id}"
        if self.read_as is None:
            values, unsubscribe = claimed.values, unsubscribe_url(claimed.id, self.terms)
        else:
            values, unsubscribe = self.read_as, inert_unsubscribe_url(self.terms)
        if addresses is not None:
            values = {**values, **merge_values.addressed(addresses, claimed.guest_id)}
        data = self.skeleton.mail(claimed.email, values, key, unsubscribe)
        return Mail(key, f"{self.request_id}.{claimed.id}.{claimed.attempt}", claimed.attempt, self.sender,
                    claimed.email, data)  # fmt: skip


@dataclass
class InFlight:
    """The group that this process has in `sending`, and until when it may begin another hand-over."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ids: frozenset[int] = frozenset()
    deadline: float = 0.0
    stopping: threading.Event = field(default_factory=threading.Event)  # set when this process is asked to end
    _hands: list[journal.Hand] = field(default_factory=list)

    @contextmanager
    def one_group(self) -> Iterator[None]:
        """Held from mark to record: one group at a time in this process, so that a crash leaves at most GROUP open."""
        with self.lock:
            try:
                yield
            finally:
                self.ids = frozenset()
                self._keep(0)

    @property
    def hand(self) -> journal.Hand:
        """The journal's slots of the group that was marked last."""
        return self._hands[-1]

    def names(self, sending: "Sending", group: Sequence[Claimed]) -> int | None:
        """Name a group in the journal before its mark commits; returns the mark's number, None without a journal."""
        rows = [(claimed.id, claimed.attempt) for claimed in group]
        self._hands.append(journal.take(file().parent, Kind.RECIPIENT, rows, sending.provider))
        return self.hand.mark

    def holds(self, recipient_ids: Sequence[int], since: float) -> None:
        """Called when these are marked, with a lease from `since` (monotonic), and the group before is recorded."""
        self.ids = frozenset(recipient_ids)
        self.renewed(since)
        self._keep(1)

    def _keep(self, newest: int) -> None:
        over = self._hands[: len(self._hands) - newest]
        del self._hands[: len(over)]
        for hand in over:
            hand.done()

    def renewed(self, since: float) -> None:
        """Called when the lease in the database counts from `since`, a time before the wait for the write lock."""
        self.deadline = since + LEASE.total_seconds() - MARGIN_SECONDS


in_flight = InFlight()
Drop = tuple[ColumnElement[bool], RecipientState, str]


class Result(NamedTuple):
    """One hand-over."""

    claimed: Claimed
    mail: Mail | None  # None when it could not be built, or its turn never came
    outcome: Outcome | None  # None when the mail surely did not leave: its turn never came


def begin(sending: Sending, group: Sequence[Claimed]) -> list[Claimed]:
    """Mark at most GROUP recipients in a commit of their own; returns those that may be handed over.

    Runs inside `in_flight.one_group()`. The commit that records a group marks the next one (`outcome.record`).
    """
    since, now = time.monotonic(), clock.now()
    number = in_flight.names(sending, group)
    with transaction() as tx:
        marked = mark(tx, sending, [claimed.id for claimed in group], now, number)
    return hold(group, marked, since)


def hold(group: Sequence[Claimed], marked: Sequence[int], since: float) -> list[Claimed]:
    """Called after the commit that marked `marked` with a lease from `since`; returns those of `group`."""
    if marked:
        live_lock.keep_count()
    in_flight.holds(marked, since)
    return [claimed for claimed in group if claimed.id in in_flight.ids]


def hand_over(sending: Sending, provider: Provider, group: Sequence[Claimed], until: float) -> list[Result]:
    """Hand over a marked group, inside `in_flight.one_group()`; returns a result for each recipient.

    After `until` (time.monotonic) the service gets no mail but the first, so that a slow one does not hold up a stop.
    Mails that it knows of are carried through unless this process is to stop: else a server slower than a turn would
    never get one. After a freeze past its lease, the process begins no mail, since others may have settled it. A fault
    in the provider's code puts the mail under way in doubt; other outcomes stay. A refusal that stops the run ends the
    group, and so do FIRST refusals in the same words (F5).
    """
    hand = in_flight.hand
    mails: dict[str, tuple[Claimed, Mail]] = {}
    told: dict[int, Outcome] = {}

    def built() -> Iterator[Mail]:
        """Build each mail when its turn is near, so that a provider builds it while it waits for an answer."""
        for claimed in group:
            if refused or (mails and time.monotonic() >= until):
                return
            mail = _built(sending, claimed, addresses)
            if isinstance(mail, Mail):
                mails[mail.key] = claimed, mail
                yield mail
            else:
                told[claimed.id] = mail

    def is_late() -> bool:
        now = time.monotonic()
        return now >= in_flight.deadline or (in_flight.stopping.is_set() and now >= until)

    def may_begin(mail: Mail) -> bool:
        recipient_id = mails[mail.key][0].id
        # Asks again after the write, in which the process may have been frozen. The journal then names the mail as
        # begun, but it does not leave.
        if refused or is_late() or not hand.begins(recipient_id) or is_late():
            told.pop(recipient_id, None)  # the doubt of a first connection, when the mail came back for another one
            return False
        told[recipient_id] = _BROKEN_OFF
        return True

    refused = False
    first = FirstAnswers(is_untried=sending.is_untried)
    try:
        addresses = sending.addresses()
        with closing(provider.hand_over(built(), may_begin)) as handing:
            for mail, outcome in handing:
                recipient_id = mails[mail.key][0].id
                told.pop(recipient_id, None)
                if outcome is None:
                    continue
                told[recipient_id] = outcome
                hand.told(recipient_id, outcome)
                refused = refused or isinstance(outcome, Refused) or first.are_all_the_same(mail, outcome)
    except Exception:
        log.exception("a hand-over broke off")
    by_id = {claimed.id: mail for claimed, mail in mails.values()}
    return [Result(claimed, by_id.get(claimed.id), told.get(claimed.id)) for claimed in group]


def _built(sending: Sending, claimed: Claimed, addresses: CalendarAddresses | None) -> Mail | Permanent:
    try:
        return sending.mail(claimed, addresses)
    except InvalidInput as error:
        return Permanent(error.detail)
    except Exception:  # one guest's values must not hold up everybody else
        log.exception("a mail could not be built", extra={"recipient": claimed.id})
        return Permanent("This mail could not be put together")


def mark(tx: Session, sending: Sending, recipient_ids: Sequence[int], now: datetime, number: int | None) -> list[int]:
    """Move our claimed, still queued recipients to `sending`; those on the do-not-mail list drop out (A6).

    So do recipients whose guest was deleted or has another address now: the guest's data is not for the former mailbox
    (S6). When another guest has that address, the mail waits for that one instead (A7). `number` names this mark in the
    rows and in the journal. Returns the ids that may be handed over once `tx` is committed: fewer when a cancellation
    or another worker was first, none when the job was stopped since the claim (S12).
    """
    if not recipient_ids:
        return []
    given = {"ids": recipient_ids, "owner": owner(), "job": sending.job_id}
    scopes = scopes_of(sending.event_id)
    is_test = sending.is_test
    marked = records.make(tx, _marking(is_test), **given, scopes=scopes, until=now + LEASE, now=now,
                          provider=sending.provider, number=number)  # fmt: skip
    live_lock.count_mark(tx)
    if len(marked) < len(recipient_ids):  # rare, so only this case pays for finding out why
        if not is_test:
            address_change.pass_on_of_moved(tx, _ours(*given.values()))
        for where, state, words in _drops(scopes, is_test):
            records.leave_queue(tx, [*_ours(*given.values()), where], state, words, now)
    return marked


def _ours(ids: Any, by: Any, job: Any) -> tuple[ColumnElement[bool], ...]:
    running = exists().where(Job.id == job, Job.state == JobState.RUNNING, Job.stopped.is_(None))
    return Recipient.id.in_(ids), Recipient.claim_owner == by, running


def _drops(scopes: Any, is_test: bool) -> list[Drop]:
    """(condition, new state, words) for recipients that must not get the mail after all."""
    listed = exists().where(Suppression.address == Recipient.address, Suppression.scope.in_(scopes))
    drops: list[Drop] = [(listed, RecipientState.SUPPRESSED, "On the do-not-mail list before its turn came")]
    if not is_test:  # a test goes to addresses that need not be guests
        same = exists().where(Guest.id == Recipient.guest_id, Guest.address == Recipient.address)
        drops += [
            (Recipient.guest_id.is_(None), RecipientState.CANCELLED, "guest deleted"),
            (~same, RecipientState.CANCELLED, "The guest has another address by now"),
        ]
    return drops


# Built once, as in `claim`.
_GIVEN = _ours(bindparam("ids", expanding=True), bindparam("owner"), bindparam("job"))


@cache
def _marking(is_test: bool) -> records.Move:
    wheres = [where for where, _, _ in _drops(bindparam("scopes", expanding=True), is_test)]
    return records.recipient_move(
        [*_GIVEN, not_(or_(*wheres))], RecipientState.QUEUED, RecipientState.SENDING,
        attempts=Recipient.attempts + 1, tries=Recipient.tries + 1, provider=bindparam("provider"),
        mark=bindparam("number"), claim_until=bindparam("until"), updated_at=bindparam("now"),
    )  # fmt: skip
