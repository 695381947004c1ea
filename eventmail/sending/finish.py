"""The end of a run: no recipient is queued or being handed over any more (S11)."""

import logging
from datetime import datetime

from sqlalchemy import select

from eventmail.db import move, transaction
from eventmail.domain.people import result_mails
from eventmail.models import Job, Mailing
from eventmail.records import WORKER, Acting
from eventmail.sending import brake
from eventmail.states import JobState, MailingResult, MailingState

log = logging.getLogger(__name__)


def finish(job_id: int, now: datetime) -> bool:
    """Finish job and mailing when no recipient waits; returns whether it did. Doubt does not keep them open."""
    idle = select(Mailing.id).where(Mailing.n_queued == 0, Mailing.n_sending == 0)
    with transaction() as tx:
        finished = move(
            tx, Job, [Job.id == job_id, Job.mailing_id.in_(idle)], JobState.RUNNING, JobState.FINISHED, finished_at=now
        )
        if finished:
            job = tx.get_one(Job, job_id)
            by = Acting(None, WORKER, job.request_id, now)
            if move(tx, Mailing, [Mailing.id == job.mailing_id], MailingState.SENDING, MailingState.FINISHED):
                result_mails.tell(tx, job.mailing_id, MailingResult.ENDED, by)
            brake.end(tx, job_id)
    if finished:
        log.info("job finished", extra={"job": job_id})
    return bool(finished)
