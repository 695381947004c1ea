"""The end of a run: no recipient is queued or being handed over any more (S11)."""

import logging
from datetime import datetime

from sqlalchemy import select

from eventmail.db import move, transaction
from eventmail.models import Job, Mailing
from eventmail.sending import brake
from eventmail.states import JobState, MailingState

log = logging.getLogger(__name__)


def finish(job_id: int, now: datetime) -> bool:
    """Finish job and mailing when no recipient waits; returns whether it did. Doubt does not keep them open."""
    idle = select(Mailing.id).where(Mailing.n_queued == 0, Mailing.n_sending == 0)
    with transaction() as tx:
        finished = move(
            tx, Job, [Job.id == job_id, Job.mailing_id.in_(idle)], JobState.RUNNING, JobState.FINISHED, finished_at=now
        )
        if finished:
            mailing = select(Job.mailing_id).where(Job.id == job_id).scalar_subquery()
            move(tx, Mailing, [Mailing.id == mailing], MailingState.SENDING, MailingState.FINISHED)
            brake.end(tx, job_id)
    if finished:
        log.info("job finished", extra={"job": job_id})
    return bool(finished)
