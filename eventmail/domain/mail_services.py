"""The mail service that an outcome happened with, and what follows from it (S13)."""

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
    """A mailing's recipients by state: those with an outcome in practice mode, and all the others.

    `providers` are the services of its runs, the oldest first, each once; None when nobody noted one.
    """

    practice: ByState
    others: ByState
    providers: tuple[str | None, ...]

    @property
    def kept(self) -> int:
        """How many mails lie in the outbox and went to nobody."""
        return self.practice.get(RecipientState.SENT, 0)

    @property
    def sent(self) -> int:
        """How many mails left through a mail service."""
        return self.others.get(RecipientState.SENT, 0)

    @property
    def keeps(self) -> bool:
        """Whether its newest run keeps mails in the outbox."""
        return bool(self.providers) and is_practice(self.providers[-1])

    @property
    def only_practice(self) -> bool:
        """Whether every run was in practice mode, so that nobody got a mail."""
        return bool(self.providers) and all(map(is_practice, self.providers))


def shares(mailing: Mailing) -> Shares:
    """The shares of one mailing, in 1 or 2 queries; see `shares_of`."""
    return shares_of([mailing])[mailing.id]


def shares_of(mailings: Sequence[Mailing]) -> dict[int, Shares]:
    """The shares by mailing id, in at most 2 queries.

    The counters of a mailing are enough when it had one service. Its recipients are counted only when it had several,
    or when nobody noted which.
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
        whole = mailing.counts if mailing.id not in mixed and any(map(is_practice, providers)) else {}
        practice = counted.get(mailing.id, whole)
        others = {state: number - practice.get(state, 0) for state, number in mailing.counts.items()}
        found[mailing.id] = Shares(practice, others, providers)
    return found


def _counted(mailing_ids: Sequence[int]) -> Mapping[int, ByState]:
    """By mailing id and state, how many recipients had their latest attempt in practice mode."""
    which = (Recipient.mailing_id, Recipient.state)
    practised = (Recipient.mailing_id.in_(mailing_ids), records.of_practice(Recipient.provider))
    found: dict[int, dict[RecipientState, int]] = {}
    for mailing_id, state, number in fresh().execute(select(*which, func.count()).where(*practised).group_by(*which)):
        found.setdefault(mailing_id, {})[RecipientState(state)] = number
    return found


def stands(job: Job) -> str | None:
    """Why a run waits for a decision. None while it goes on, or is over."""
    if job.state != JobState.RUNNING:
        return None
    return job.stopped if job.provider == service() else asks(job.provider, service())


def waits_for_word(mailing: Mailing, job: Job) -> bool:
    """Whether somebody may decide how a run goes on that stopped by itself. Not while its mails are being sent."""
    if job.state != JobState.RUNNING:
        return False
    if job.provider != service():
        return mailing.n_queued > 0 and not mailing.n_sending
    return job.brake in (Brake.ALIKE, Brake.DEAD)


def named(provider: str | None) -> str:
    """A service as a sentence names it."""
    if provider is None:
        return NOT_NOTED
    return "practice mode" if is_practice(provider) else f"the mail service ({provider})"


def asks(before: str | None, now: str) -> str:
    """The sentence why a message that was begun with service `before` does not go on by itself."""
    if before is None:
        begun = "Nobody noted which mail service this message was begun with."
    else:
        begun = f"This message was begun {'in' if is_practice(before) else 'with'} {named(before)}."
    return f"{begun} Now {_goes(now)}, so nothing of it goes on by itself."


def not_set(asked: str, now: str) -> str:
    """The sentence that refuses a service that is not set now."""
    return f"You asked for {named(asked[:80])}, but now {_goes(now)}. Nothing was changed."


def _goes(now: str) -> str:
    return "mail stays on this box (practice mode)" if is_practice(now) else f"mail leaves through {named(now)}"
