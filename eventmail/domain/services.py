"""Which mail service an outcome happened with, and what that makes of it now (S13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from eventmail import records
from eventmail.db import fresh, service
from eventmail.models import Job, Mailing, Recipient
from eventmail.states import Brake, JobState, RecipientState, is_practice

NOT_NOTED = "nobody noted which mail service"
ByState = Mapping[RecipientState, int]


@dataclass(frozen=True)
class Shares:
    """The recipients of one mailing, told apart: those whose outcome practice mode had, and all the others.

    `providers` are the services of its runs, oldest first, each once, None where nobody noted one.
    """

    practice: ByState
    others: ByState
    providers: tuple[str | None, ...]

    @property
    def kept(self) -> int:
        """How many lie in the outbox and went to nobody."""
        return self.practice.get(RecipientState.SENT, 0)

    @property
    def sent(self) -> int:
        """How many left through a mail service."""
        return self.others.get(RecipientState.SENT, 0)

    @property
    def keeps(self) -> bool:
        """Whether its newest run keeps mails in the outbox."""
        return bool(self.providers) and is_practice(self.providers[-1])

    @property
    def only_practice(self) -> bool:
        """Whether every run was one of practice mode, so that nobody got any of it."""
        return bool(self.providers) and all(map(is_practice, self.providers))


def shares(mailing: Mailing) -> Shares:
    """Of one mailing; 1 query, and another one where its runs were of several services."""
    return shares_of([mailing])[mailing.id]


def shares_of(mailings: Sequence[Mailing]) -> dict[int, Shares]:
    """By mailing, for a page of them; 2 queries at most.

    A mailing of one service is told by its counters alone. Only where several had a part, or nobody noted which, its
    recipients are counted.
    """
    runs: dict[int, dict[str | None, None]] = {mailing.id: {} for mailing in mailings}
    listed = select(Job.mailing_id, Job.provider).where(Job.mailing_id.in_(runs)).order_by(Job.mailing_id, Job.run)
    for mailing_id, provider in fresh().execute(listed):
        runs[mailing_id][provider] = None
    mixed = [mailing_id for mailing_id, providers in runs.items() if len(providers) > 1 or None in providers]
    counted = _counted(mixed) if mixed else {}
    found = {}
    for mailing in mailings:
        providers = tuple(runs[mailing.id])
        if mailing.id in mixed:
            practice = counted.get(mailing.id, {})
        else:
            practice = mailing.counts if any(map(is_practice, providers)) else {}
        others = {state: number - practice.get(state, 0) for state, number in mailing.counts.items()}
        found[mailing.id] = Shares(practice, others, providers)
    return found


def _counted(mailing_ids: Sequence[int]) -> Mapping[int, ByState]:
    """How many recipients of each state had their latest attempt in practice mode."""
    rows = (
        select(Recipient.mailing_id, Recipient.state, func.count())
        .where(Recipient.mailing_id.in_(mailing_ids), records.of_practice(Recipient.provider))
        .group_by(Recipient.mailing_id, Recipient.state)
    )
    found: dict[int, dict[RecipientState, int]] = {}
    for mailing_id, state, number in fresh().execute(rows):
        found.setdefault(mailing_id, {})[RecipientState(state)] = number
    return found


def stands(job: Job) -> str | None:
    """Why nothing of a run leaves until somebody says how it goes on; None while it goes on, or is over."""
    if job.state != JobState.RUNNING:
        return None
    return job.stopped if job.provider == service() else asks(job.provider, service())


def waits_for_word(mailing: Mailing, job: Job) -> bool:
    """Whether a run that stands by itself can be told how to go on; not while its mails are in somebody's hands."""
    if job.state != JobState.RUNNING:
        return False
    if job.provider != service():
        return mailing.n_queued > 0 and not mailing.n_sending
    return job.brake in (Brake.ALIKE, Brake.DEAD)


def named(provider: str | None) -> str:
    """A service in a sentence, or that nobody noted which."""
    if provider is None:
        return NOT_NOTED
    return "practice mode" if is_practice(provider) else f"the mail service ({provider})"


def asks(before: str | None, now: str) -> str:
    """Why a message does not go on by itself, and what there is to decide."""
    if before is None:
        begun = "Nobody noted which mail service this message was begun with."
    else:
        begun = f"This message was begun {'in' if is_practice(before) else 'with'} {named(before)}."
    return f"{begun} Now {_goes(now)}, so nothing of it goes on by itself."


def not_set(asked: str, now: str) -> str:
    """Why nothing goes on through the service that somebody asked for: another one is set."""
    return f"You asked for {named(asked[:80])}, but now {_goes(now)}. Nothing was changed."


def _goes(now: str) -> str:
    return "mail stays on this box (practice mode)" if is_practice(now) else f"mail leaves through {named(now)}"
