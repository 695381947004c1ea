"""The sweep: settles rows of dead workers, and finds lost rings and due retries (S11)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from eventmail.db import fresh
from eventmail.models import Job, Mailing
from eventmail.providers.base import Provider
from eventmail.sending import brake, drain, finish, settle
from eventmail.sending.account_mails import settle as account_settle
from eventmail.states import JobState


@dataclass(frozen=True)
class Waiting:
    """A running job, and when it has work."""

    job_id: int
    due: datetime


def sweep(provider: Provider, now: datetime) -> list[Waiting]:
    """Settle the mails of dead workers; returns every running job of this service with the time it has work."""
    settle.settle(provider, now)
    account_settle.settle(now)
    brake.list_suspects()
    idle = Job.mailing_id.in_(select(Mailing.id).where(Mailing.n_queued == 0, Mailing.n_sending == 0))
    others = (Job.state == JobState.RUNNING, Job.provider.is_distinct_from(provider.name), idle)
    for job_id in fresh().scalars(select(Job.id).where(*others)).all():  # no worker of theirs may come to end it (S13)
        finish.finish(job_id, now)
    ours = (Job.state == JobState.RUNNING, Job.stopped.is_(None), Job.provider == provider.name)  # S13
    running = fresh().scalars(select(Job.id).where(*ours)).all()
    return [Waiting(job_id, drain.next_due(job_id) or now) for job_id in running]
