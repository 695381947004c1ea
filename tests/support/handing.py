"""The steps of a hand-over one by one, for processes that race: claim in one round, mark and hand over in the next."""

from typing import Any

from flask import current_app

from eventmail import clock
from eventmail.db import fresh
from eventmail.models import Job
from eventmail.providers import registry
from eventmail.providers.base import Provider
from eventmail.sending import claim, drain, handover, outcome

CLAIMED: dict[int, Any] = {}  # of this process, from the round before


def outbox() -> Provider:
    """The outbox of this process's instance."""
    return registry.opened(current_app.extensions["settings"])


def claimed_before(turn: int, jobs: tuple[int, ...]) -> int | None:
    """Even rounds: claim. Odd rounds: mark what was claimed, and hand over what was marked: how many."""
    job = fresh().get_one(Job, jobs[turn // 2])
    if turn % 2 == 0:
        CLAIMED[turn] = claim.claim(job, clock.now())
        return None
    sending = drain._prepare(job, outbox(), current_app.extensions["settings"])
    with handover.in_flight.one_group():
        going = handover.begin(sending, CLAIMED[turn - 1])
        results = handover.hand_over(sending, outbox(), going, until=float("inf"))
        outcome.record(sending, outbox(), results, clock.now())
    return len(results)


def work_on(job: Job, provider: Provider, number: int) -> None:
    """What a worker does of a job before it is interrupted: `number` mails."""
    sending = drain._prepare(job, provider, current_app.extensions["settings"])
    claimed = claim.claim(job, clock.now(), limit=number)
    with handover.in_flight.one_group():
        going = handover.begin(sending, claimed)
        results = handover.hand_over(sending, provider, going, until=float("inf"))
        outcome.record(sending, provider, results, clock.now())
