"""Settling at once the mails in hand of a process that is proven dead, by its journal (S11b)."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from eventmail.db import file, fresh, sql, transaction
from eventmail.domain.instance import live_lock
from eventmail.models import Job, Mailing, Recipient
from eventmail.providers.base import Accepted, Mail, Provider
from eventmail.sending import claim, dead_worker_journal, outcome
from eventmail.sending.account_mails import settle
from eventmail.sending.handover import Result, Run
from eventmail.sending.slots import Kind, Slot
from eventmail.states import JobState, RecipientState

log = logging.getLogger(__name__)


def inherit(provider: Provider, now: datetime) -> int:
    """Settle the mails in hand of dead processes, and give back their claims; returns how many mails.

    Only in a live database (H9). A mail without proof, or without a slot of its own mark, is in doubt after its lease.
    """
    paths = dead_worker_journal.journals(file().parent)
    if not paths or not live_lock.is_live(file()):
        return 0
    return sum(_inherit(path, provider, now) for path in paths)


def _inherit(path: Path, provider: Provider, now: datetime) -> int:
    with dead_worker_journal.opened(path) as left:
        if left is None:
            return 0
        try:
            with transaction() as tx:
                settled = _recipients(tx, left, provider, now) + settle.inherit(tx, left, provider, now)
        except IntegrityError:  # counters contradict each other; when the lease ends, each message is settled alone
            log.exception("what a dead worker had in hand could not be settled", extra={"worker": left.owner})
            return 0
        released = _release(left)
    if settled or released:
        log.warning("a worker died", extra={"worker": left.owner, "mails_in_hand": settled, "claims": released})
    return settled + released


def _recipients(tx: Session, left: dead_worker_journal.Legacy, provider: Provider, now: datetime) -> int:
    slots = {(slot.entry.row, slot.entry.mark): slot for slot in left.slots if slot.entry.kind == Kind.RECIPIENT}
    groups: dict[tuple[int, int], list[tuple[Row[Any], Slot]]] = defaultdict(list)
    for row in _rows(tx, left.owner, {row for row, _ in slots}):
        slot = slots.get((row.id, row.mark))
        if slot and slot.entry.attempt == row.attempts and _may_tell(row, slot):
            groups[row.mailing_id, slot.entry.mark].append((row, slot))
    settled = 0
    for (mailing_id, mark), group in groups.items():
        run = _run(tx, mailing_id)
        results = [_result(run, row, slot) for row, slot in group]
        used = dead_worker_journal.service(group[0][1], provider)  # mails that were marked together are for one service
        settled += len(outcome.write(tx, run, used, results, now, left=outcome.Left(left.owner, mark)))
    return settled


def _may_tell(row: Row[Any], slot: Slot) -> bool:
    """Whether the journal can settle this row. Of a row that is in doubt already, it can only say that it was sent."""
    return bool(row.state == RecipientState.SENDING) or isinstance(slot.outcome, Accepted)


def _rows(tx: Session, owner: str, recipient_ids: Iterable[int]) -> list[Row[Any]]:
    """The rows that a journal can settle: still `sending` by its process, or in doubt since the lease ended."""
    theirs = or_(
        (Recipient.state == RecipientState.SENDING) & (Recipient.claim_owner == owner),
        Recipient.state == RecipientState.UNKNOWN,
    )
    found = (Recipient.id, Recipient.mailing_id, Recipient.email, Recipient.address, Recipient.attempts)
    rows = select(*found, Recipient.tries, Recipient.mark, Recipient.state).where(
        Recipient.id.in_(recipient_ids), theirs
    )
    return [*tx.execute(rows.order_by(Recipient.id))]


def _run(tx: Session, mailing_id: int) -> Run:
    """The latest run of a mailing. It is the right one, since the next waits until nothing of it is `sending`."""
    job, event_id, is_test = tx.execute(
        select(Job, Mailing.event_id, Mailing.is_test)
        .join(Mailing, Mailing.id == Job.mailing_id)
        .where(Job.mailing_id == mailing_id)
        .order_by(Job.run.desc())
        .limit(1)
    ).one()
    return Run(job_id=job.id, mailing_id=mailing_id, event_id=event_id, request_id=job.request_id, is_test=is_test)


def _result(run: Run, row: Row[Any], slot: Slot) -> Result:
    claimed = claim.Claimed(row.id, row.email, row.address, row.attempts, row.tries, {})
    request_id = f"{run.request_id}.{row.id}.{row.attempts}"
    mail = Mail("", request_id, row.attempts, "", row.email, b"")  # as far as its outcome needs it
    return Result(claimed, mail, dead_worker_journal.answer(slot))


def _release(left: dead_worker_journal.Legacy) -> int:
    """Give back recipients that a dead process had claimed and not marked, before their lease ends."""
    running = select(Job.mailing_id).where(Job.state == JobState.RUNNING)
    theirs = [Recipient.state == RecipientState.QUEUED, Recipient.claim_owner == left.owner]
    found = fresh().scalars(select(Recipient.id).where(Recipient.mailing_id.in_(running), *theirs)).all()
    for chunk in sql.chunks(found, 500):
        with transaction() as tx:
            tx.execute(
                update(Recipient).where(Recipient.id.in_(chunk), *theirs).values(claim_owner=None, claim_until=None),
                execution_options={"synchronize_session": False},
            )
    return len(found)
