"""The brake (F5): a run that seems to be refused for a fault of ours stops and asks, and lists nobody until then.

The commit that records answers also counts them at the run, so that all workers count together. News that would end an
address waits as a `Suspect` until the brake can't trip any more, or the run is over. A bare refusal waits until the
mail service has taken a mail of this run, since its words may mean us.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from eventmail import addresses, records
from eventmail.db import core, fresh, sql, transaction
from eventmail.errors import NothingToDo
from eventmail.models import EmailEvent, Job, Mailing, Suspect
from eventmail.providers.base import Accepted, Permanent
from eventmail.providers.refusals import are_alike, is_certain
from eventmail.providers.webhook import Kind
from eventmail.records import WORKER, Acting
from eventmail.sending import feedback
from eventmail.sending.first_answers import FIRST, said
from eventmail.sending.handover import Result, Run
from eventmail.states import Brake, JobState

MANY = 30  # answers that make a share meaningful
MOST_DEAD = 3  # at most one address in so many may look dead; a worse list is not a list of guests


class Tally(NamedTuple):
    """The answers of the mail service in a run so far."""

    state: str
    answered: int
    accepted: int
    looked_dead: int
    alike: int
    first_refusal: str | None
    brake: str | None

    @property
    def tripped(self) -> Brake | None:
        """The brake that trips when the answers so far point at us rather than at the guests."""
        if self.alike >= FIRST and not self.accepted:
            return Brake.ALIKE
        if self.answered >= MANY and MOST_DEAD * self.looked_dead > self.answered:
            return Brake.DEAD
        return None

    def may_trip(self, remaining: int) -> bool:
        """Whether the brake could still trip after `remaining` more answers, whatever they are."""
        first = not self.accepted and self.alike == self.answered < FIRST <= self.answered + remaining
        all_told = self.answered + remaining
        return first or (all_told >= MANY and MOST_DEAD * (self.looked_dead + remaining) > all_told)


def count(tx: Session, job_id: int, results: Sequence[Result]) -> Tally:
    """Add the answers of one group to those of its run. Runs in the transaction that records them."""
    answers = [(mail, outcome) for _, mail, outcome in results if mail and isinstance(outcome, Accepted | Permanent)]
    refused = [(mail, outcome) for mail, outcome in answers if isinstance(outcome, Permanent)]
    row = core(tx).execute(_COUNT, {
        "job": job_id, "more": len(answers), "taken": len(answers) - len(refused),
        "dead": sum(outcome.hard for _, outcome in refused),
    }).one()  # fmt: skip
    tally = Tally(*row)
    before = tally.answered - len(answers)
    if not refused or before >= FIRST:
        return tally
    told = [said(mail, outcome) for mail, outcome in answers[: FIRST - before]]
    first = tally.first_refusal or next((words for words in told if words), None)
    alike = tally.alike + sum(are_alike(words, first or words) for words in told if words)
    tx.execute(update(Job).where(Job.id == job_id).values(alike=alike, first_refusal=first))
    return tally._replace(alike=alike, first_refusal=first)


def decide(
    tx: Session, run: Run, tally: Tally, results: Sequence[Result], *, ending: Sequence[EmailEvent], now: datetime
) -> None:
    """Stop the run and ask, or list the addresses that its answers and this group's `ending` news end."""
    _hold(tx, run.job_id, [about for about in ending if about.kind != Kind.COMPLAINT])
    if not tally.brake:
        _brake(tx, run, tally, results, now)
    for about in ending:
        if about.kind == Kind.COMPLAINT:
            feedback.end(tx, about, now)


def _hold(tx: Session, job_id: int, ending: Sequence[EmailEvent]) -> None:
    for about in ending:
        certain = about.kind != Kind.BOUNCE or is_certain(about.code)
        tx.add(Suspect(job_id=job_id, email_event_id=about.id, certain=certain))
    tx.flush()


def _brake(tx: Session, run: Run, tally: Tally, results: Sequence[Result], now: datetime) -> None:
    if tripped := tally.tripped:
        words = f"Of the first {tally.answered} addresses {tally.looked_dead} look dead to your mail service"
        if tripped == Brake.ALIKE:
            refusal = next(result.outcome for result in reversed(results) if isinstance(result.outcome, Permanent))
            words = f"Your mail service refused the first {FIRST} for the same reason: {refusal.words}"
        _stop(tx, run, tripped, words, now)
    elif tally.looked_dead:  # an address that was full too often waits for the end of the run
        remaining = select(Mailing.n_queued + Mailing.n_sending).where(Mailing.id == run.mailing_id)
        if not tally.may_trip(tx.scalar(remaining) or 0):
            _list(tx, run.job_id)


def end(tx: Session, job_id: int) -> None:
    """List the addresses that the answers of a finished run end, since its brake can't trip any more."""
    if tx.scalar(select(Job.id).where(Job.id == job_id, Job.brake.is_(None), _has_suspects())) is not None:
        _list(tx, job_id)


def list_suspects() -> None:
    """The same for cancelled runs, if the mail service has taken a mail of them."""
    over = [Job.state == JobState.CANCELLED, Job.brake.is_(None), Job.accepted > 0, _has_suspects()]
    for job_id in fresh().scalars(select(Job.id).where(*over)).all():
        with transaction() as tx:
            _list(tx, job_id)


def suspects(job_id: int) -> int:
    """How many addresses wait for a person to say that they are dead."""
    return fresh().scalar(select(func.count()).select_from(Suspect).where(Suspect.job_id == job_id)) or 0


def list_them(event_id: int, mailing_id: int, emails: Sequence[str] | None, by: Acting) -> int:
    """List waiting addresses, all when `emails` is None; returns how many. Raises NothingToDo unless all named wait."""
    named = None if emails is None else {addresses.normalized(email) for email in emails}
    with transaction() as tx:
        job_id = tx.scalar(
            select(func.max(Job.id)).join(Mailing).where(Mailing.id == mailing_id, Mailing.event_id == event_id)
        )
        waiting = tx.execute(
            select(Suspect.id, EmailEvent).join(EmailEvent).where(Suspect.job_id == job_id).order_by(Suspect.id)
        ).all()
        chosen = {row[0]: row[1] for row in waiting if named is None or row[1].address in named}
        if not chosen or (named is not None and len({about.address for about in chosen.values()}) != len(named)):
            raise NothingToDo("Nobody here waits to be put on the do-not-mail list. Reload the page to see who does.")
        for about in chosen.values():
            feedback.end(tx, about, by.now)
        _forget(tx, list(chosen))
        records.audit(tx, by, "mailing.refused_listed", f"mailing:{mailing_id}", event_id=event_id,
                      recipients=len(chosen), addresses=[about.address for about in chosen.values()])  # fmt: skip
    return len(chosen)


def _stop(tx: Session, run: Run, tripped: Brake, words: str, now: datetime) -> None:
    tx.execute(update(Job).where(Job.id == run.job_id).values(brake=tripped))
    running = [Job.id == run.job_id, Job.state == JobState.RUNNING]
    tx.execute(update(Job).where(*running).values(stopped=words))
    tx.execute(update(Mailing).where(Mailing.id == run.mailing_id).values(last_error=words))
    by = Acting(None, WORKER, run.request_id, now)
    records.audit(tx, by, "mailing.stopped_itself", f"mailing:{run.mailing_id}", event_id=run.event_id,
                  reason=words)  # fmt: skip


def _list(tx: Session, job_id: int) -> None:
    due = [Suspect.job_id == job_id, or_(Suspect.certain, Job.accepted > 0)]
    found = tx.execute(
        select(Suspect.id, EmailEvent)
        .join(EmailEvent, EmailEvent.id == Suspect.email_event_id)
        .join(Job, Job.id == Suspect.job_id)
        .where(*due)
        .order_by(Suspect.id)
    ).all()
    for _, about in found:
        feedback.end(tx, about, about.at)
    _forget(tx, [suspect_id for suspect_id, _ in found])


def _forget(tx: Session, suspect_ids: Sequence[int]) -> None:
    for chunk in sql.chunks(suspect_ids, 500):
        tx.execute(delete(Suspect).where(Suspect.id.in_(chunk)), execution_options={"synchronize_session": False})


def _has_suspects() -> ColumnElement[bool]:
    return exists().where(Suspect.job_id == Job.id)


# Built once, as in `claim`.
_COUNT = (
    update(Job)
    .where(Job.id == bindparam("job"))
    .values(
        answered=Job.answered + bindparam("more"),
        accepted=Job.accepted + bindparam("taken"),
        looked_dead=Job.looked_dead + bindparam("dead"),
    )
    .returning(Job.state, Job.answered, Job.accepted, Job.looked_dead, Job.alike, Job.first_refusal, Job.brake)
)
