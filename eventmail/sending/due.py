"""Due messages: each starts once, however many workers look, and however often (H5)."""

import logging
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventmail import clock, ids
from eventmail.db import fresh, transaction
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import start
from eventmail.domain.terms import SendingTerms
from eventmail.models import Event, Mailing
from eventmail.records import WORKER, Acting
from eventmail.settings import Settings
from eventmail.states import MailingState, NotSent

log = logging.getLogger(__name__)


def start_all(terms: SendingTerms, settings: Settings) -> list[int]:
    """Start every message whose time has come; returns the jobs. From a copied database nothing starts (H9)."""
    if not live_lock.is_live(settings.database):
        return []
    waiting = select(Mailing.id).where(Mailing.state == MailingState.SCHEDULED, Mailing.send_at <= clock.now())
    jobs = [_start(mailing_id, terms) for mailing_id in fresh().scalars(waiting.order_by(Mailing.send_at)).all()]
    return [job for job in jobs if job is not None]


def next_due() -> datetime | None:
    """When the next scheduled message is due; None without one."""
    at: datetime | None = fresh().scalar(
        select(func.min(Mailing.send_at)).where(Mailing.state == MailingState.SCHEDULED)
    )
    return at


def _start(mailing_id: int, terms: SendingTerms) -> int | None:
    """Start one message in a transaction of its own; returns its job."""
    try:
        with transaction() as tx:
            # The clock is read under the write lock: a process that was frozen before it decides by the time it wakes.
            job = start.when_due(tx, mailing_id, terms, _acting())
            job_id = job.id if job else None
            if job_id is not None and _is_too_late(tx, mailing_id):
                raise _Overslept
    except _Overslept:
        return _start(mailing_id, terms)  # which decides by the time it is now
    except OperationalError:
        raise  # the database is busy; the next look tries again
    except Exception:  # it would fail at every look, so a person has to hear of it
        log.exception("a due message could not be started", extra={"mailing": mailing_id})
        with transaction() as tx:
            start.miss(tx, mailing_id, NotSent.BROKEN, _acting())
        return None
    if job_id is not None:
        log.info("a scheduled message began", extra={"mailing": mailing_id, "job": job_id})
    return job_id


class _Overslept(Exception):
    """This process was frozen in the middle of a start."""


def _is_too_late(tx: Session, mailing_id: int) -> bool:
    mailing = tx.get_one(Mailing, mailing_id)
    return start.too_late(mailing, tx.get_one(Event, mailing.event_id), clock.now()) is not None


def _acting() -> Acting:
    return Acting(None, WORKER, ids.request_id(), clock.now())
