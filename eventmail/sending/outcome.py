"""The outcome of a hand-over for a recipient: retry, give-up or doubt (S4, S5). One transaction for a group."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, exists, insert, tuple_, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import core, transaction
from eventmail.models import Attempt, Job, Mailing, Recipient
from eventmail.providers.base import Accepted, ProviderError, Refused, Service
from eventmail.sending import brake, feedback, retry
from eventmail.sending.claim import Claimed, owner
from eventmail.sending.handover import Result, Run, Sending, hold, in_flight, mark
from eventmail.sending.retry import Verdict
from eventmail.states import JobState, RecipientState

log = logging.getLogger(__name__)

RECORD_SECONDS = 30.0  # that outcomes wait for a database that can't be written, before they become doubt
RECORD_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Left:
    """The owner of rows that a dead process left in `sending`, and the number of their mark."""

    owner: str
    mark: int


def record(
    sending: Sending, provider: Service, results: Sequence[Result], now: datetime, following: Sequence[Claimed] = ()
) -> list[Claimed]:
    """Record the outcomes of one group, and mark the `following` one in the same commit.

    Returns those of the `following` group that may be handed over. So two groups are never in hand at once (S11), and a
    group costs one commit. Retries while the database can't be written, else known outcomes would become doubt.
    """
    since = time.monotonic()
    until = since + RECORD_SECONDS
    number = in_flight.names(sending, following)
    while True:
        try:
            with transaction() as tx:
                write(tx, sending, provider, results, now)
                marked = mark(tx, sending, [claimed.id for claimed in following], now, number)
            return hold(following, marked, since)
        except OperationalError as error:
            if time.monotonic() >= until:
                raise
            log.warning("outcomes could not be recorded yet: %s", error.orig, extra={"job": sending.job_id})
            time.sleep(RECORD_PAUSE_SECONDS)


def write(
    tx: Session, run: Run, service: Service, results: Sequence[Result], now: datetime, *, left: Left | None = None
) -> list[int]:
    """Write the outcomes of a hand-over: recipients, counters, ledger, attempts, email events.

    Runs in the caller's transaction. Returns the ids of the recorded recipients. With `left`, of a process that is
    proven dead: a mail that it did not begin keeps its attempt number (S11b).
    """
    tally = brake.count(tx, run.job_id, results)
    goes_on = tally.state == JobState.RUNNING
    waits = not run.is_test  # a refused test has failed and does not wait: it was to find out (S12)
    verdicts: dict[Verdict, list[Claimed]] = defaultdict(list)
    for result in results:
        verdict = retry.judge(result.outcome, result.claimed.try_, service, now, goes_on=goes_on, waits=waits,
                        taken=tally.accepted)  # fmt: skip
        verdicts[verdict].append(result.claimed)
    recorded = {moved for verdict, group in verdicts.items() for moved in _apply(tx, verdict, group, now, left)}
    told = [result for result in results if result.outcome is not None and result.claimed.id in recorded]
    if told:
        core(tx).execute(_ATTEMPTS, [_attempt(run, service, result, now) for result in told])
    _last_error(tx, run, verdicts)
    if waits:
        _stop(tx, run, told, tally.accepted)
    if not goes_on:
        _cancel_late(tx, run, now)
    feedback.prove(tx, [claimed.id for verdict, group in verdicts.items() if verdict.words for claimed in group], now)
    ending = feedback.record_answers(tx, run.event_id, service.name, told, now)
    brake.decide(tx, run, tally, results, ending=ending, now=now)
    return list(recorded)


def _apply(tx: Session, verdict: Verdict, group: Sequence[Claimed], now: datetime, left: Left | None) -> list[int]:
    """Move the group; returns the ids that moved. A recipient put in doubt meanwhile can still become sent (S5)."""
    recipient_ids = [claimed.id for claimed in group]
    values = {"retry_at": verdict.retry_at, "words": verdict.words, "now": now}
    given = {"owner": left.owner, "number": left.mark} if left else {"owner": owner()}
    recording = _recording(verdict.state, verdict.counts, left is not None)
    moved = records.make(tx, recording, ids=recipient_ids, **given, **values)
    if len(moved) == len(recipient_ids) or verdict.state != RecipientState.SENT:
        return moved
    late_ids = list(set(recipient_ids) - set(moved))
    of_mark = {"number": left.mark} if left else {}
    late = records.make(tx, _LATE_TRUTH if left else _TRUTH, ids=late_ids, **of_mark, **values)
    explained = [(claimed.id, claimed.attempt) for claimed in group if claimed.id in late]
    tx.execute(delete(Attempt).where(tuple_(Attempt.recipient_id, Attempt.number).in_(explained)))
    return moved + late


# Built once, as in `claim`.
_ATTEMPTS = insert(Attempt)
_IDS = Recipient.id.in_(bindparam("ids", expanding=True))
_SETTLED: dict[str, Any] = {
    "claim_owner": None, "claim_until": None, "next_attempt_at": bindparam("retry_at"),
    "last_error": bindparam("words"), "updated_at": bindparam("now"),
}  # fmt: skip
_OF_MARK = Recipient.mark == bindparam("number")
_TRUTH = records.recipient_move([_IDS], RecipientState.UNKNOWN, RecipientState.SENT, **_SETTLED)
_LATE_TRUTH = records.recipient_move([_IDS, _OF_MARK], RecipientState.UNKNOWN, RecipientState.SENT, **_SETTLED)


@cache
def _recording(to: RecipientState, counts: bool, is_left: bool) -> records.Move:
    uncounted: dict[str, Any] = {} if counts else {"tries": Recipient.tries - 1}
    if not counts and not is_left:
        uncounted["attempts"] = Recipient.attempts - 1
    ours = [_IDS, Recipient.claim_owner == bindparam("owner"), *([_OF_MARK] if is_left else [])]
    return records.recipient_move(ours, RecipientState.SENDING, to, **(_SETTLED | uncounted))


def _attempt(run: Run, service: Service, result: Result, now: datetime) -> dict[str, object]:
    claimed, mail, outcome = result.claimed, result.mail, result.outcome
    failed = outcome if isinstance(outcome, ProviderError) else None
    return {
        "recipient_id": claimed.id,
        "number": claimed.attempt,
        "request_id": mail.request_id if mail else f"{run.request_id}.{claimed.id}.{claimed.attempt}",
        "provider": service.name,
        "outcome": type(failed).__name__.lower() if failed else "accepted",
        "code": failed.code if failed else "",
        "detail": failed.detail if failed else outcome.id if isinstance(outcome, Accepted) else "",
        "at": now,
    }


def _stop(tx: Session, run: Run, told: Sequence[Result], taken: int) -> None:
    """Stop the job after a refusal of credentials or sender, until somebody lets it go on (S12)."""
    refused = (result.outcome for result in told if isinstance(result.outcome, Refused))
    words = next((outcome.words for outcome in refused if retry.stops_run(outcome, taken)), None)
    if words is not None:
        tx.execute(update(Job).where(Job.id == run.job_id).values(stopped=words))


def stop(job_id: int, words: str) -> None:
    """Stop the job until somebody, who reads `words` on the tracker, lets it go on (S12)."""
    with transaction() as tx:
        tx.execute(update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING).values(stopped=words))


def _cancel_late(tx: Session, run: Run, now: datetime) -> None:
    """Cancel recipients that came back to the queue of a job that was cancelled meanwhile (S6)."""
    over = exists().where(Job.id == run.job_id, Job.state == JobState.CANCELLED)
    where = [Recipient.mailing_id == run.mailing_id, over]
    records.leave_queue(tx, where, RecipientState.CANCELLED, "Cancelled while it was tried", now)


def _last_error(tx: Session, run: Run, verdicts: Iterable[Verdict]) -> None:
    words = [verdict.words for verdict in verdicts if verdict.words]
    if words:
        tx.execute(update(Mailing).where(Mailing.id == run.mailing_id).values(last_error=words[-1]))
