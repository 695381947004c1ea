"""Whether and when a mail is tried again after a hand-over: sent, retry, give-up or doubt (S4, S5). Pure."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from eventmail.providers.base import Accepted, Outcome, ProviderError, Refused, Service, Transient, Unclear
from eventmail.states import RecipientState

# seconds before each next attempt; after the last one a recipient has failed for good (S4)
BACKOFF = (2, 10, 60, 300, 900, 1800, *(3600,) * 6)  # long enough for a mail service that is down for hours
JITTER = 0.2
LONGEST_RETRY_AFTER = 3600.0


@dataclass(frozen=True)
class Verdict:
    """The new state of a recipient, the words for it, and when it is tried again."""

    state: RecipientState
    words: str | None = None
    retry_at: datetime | None = None
    counts: bool = True  # whether this was an attempt at all


def judge(
    outcome: Outcome | None, try_: int, service: Service, now: datetime, *, goes_on: bool = True, waits: bool = True,
    taken: int = 0,
) -> Verdict:  # fmt: skip
    """The verdict on the outcome of try `try_` of this run (from 1). At most once outranks the retry.

    `goes_on` is false for a cancelled run, in which doubt is not tried again. With `waits`, a refusal of sender or
    credentials leaves the recipient queued until somebody corrects it (S12). When the service has `taken` mails of this
    run, a refusal of one recipient is about that one alone.
    """
    match outcome:
        case None:
            return Verdict(RecipientState.QUEUED, counts=False)
        case Accepted():
            return Verdict(RecipientState.SENT)
        case Refused() if waits and stops_run(outcome, taken):
            return Verdict(RecipientState.QUEUED, outcome.words)
        case Transient() | Unclear() if _again(outcome, try_, service, goes_on):
            return Verdict(RecipientState.QUEUED, outcome.words, now + _delay(outcome, try_))
        case Unclear():
            return Verdict(RecipientState.UNKNOWN, outcome.words)
        case _:
            return Verdict(RecipientState.FAILED, outcome.words)


def stops_run(refused: Refused, taken: int) -> bool:
    """Whether the refusal would meet every recipient of the run (S12)."""
    return not (refused.of_one and taken)


def _again(error: ProviderError, try_: int, service: Service, goes_on: bool) -> bool:
    """Whether another try can do no harm and is within the limit."""
    return try_ <= len(BACKOFF) and (isinstance(error, Transient) or (service.honours_keys and goes_on))


def _delay(error: ProviderError, try_: int) -> timedelta:
    if error.retry_after is not None:
        return timedelta(seconds=min(error.retry_after, LONGEST_RETRY_AFTER))
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  spreads load, keeps no secret
    return timedelta(seconds=BACKOFF[try_ - 1] * spread)
