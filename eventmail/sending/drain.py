"""One turn of a run: claim, hand over and record for at most two seconds, then leave the thread to other runs."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.exc import OperationalError

from eventmail import clock
from eventmail.content import mime, personalise, tokens
from eventmail.content.compiled import Compiled
from eventmail.db import UtcDateTime, fresh, transaction
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import merge_values, test_sends
from eventmail.domain.mailings.merge_values import OF_EACH_GUEST
from eventmail.domain.terms import SendingTerms
from eventmail.models import Content, Job, Mailing, Recipient
from eventmail.providers.base import Provider
from eventmail.sending import claim, finish, outcome, pace, settle
from eventmail.sending.claim import GROUP, Claimed
from eventmail.sending.handover import Sending, begin, hand_over, in_flight
from eventmail.settings import Settings
from eventmail.states import OPEN, JobState

log = logging.getLogger(__name__)
_talking = threading.Lock()  # one turn at a time hands over, so that a slow mail server takes up one thread
_LONG_AGO = literal(datetime(1970, 1, 1, tzinfo=UTC), UtcDateTime())
TURN_SECONDS = 2.0
UNPREPARED = "The message could not be put together, so nothing left; eventmail's log says why"
LOOK_AGAIN = timedelta(seconds=1)  # until the next look at a connection that is being opened
BREATH_SECONDS = 0.001  # SQLite's busy handler is unfair: back-to-back commits would starve the web


def drain(job_id: int, provider: Provider, settings: Settings) -> datetime | None:
    """Work on `job_id` for one turn. Returns when to come back: now or later, or None when the run is over."""
    job = fresh().get(Job, job_id)
    mine = job is not None and job.state == JobState.RUNNING and live_lock.is_live(settings.database)  # H9
    if job is None or not mine or job.provider != provider.name:  # a run of another service asks first (S13)
        provider.spare(_named(job_id))
        return None
    if not _has_connection(job, provider, TURN_SECONDS):
        return clock.now() + LOOK_AGAIN
    try:
        sending = _prepare(job, provider, settings)
    except OperationalError:
        raise  # the database is busy; the next ring tries again
    except Exception:  # it would fail at every ring, so a person has to hear of it
        log.exception("a message could not be prepared", extra={"job": job_id})
        outcome.stop(job_id, UNPREPARED)
        return None
    until = time.monotonic() + TURN_SECONDS
    while time.monotonic() < until:
        if not _talking.acquire(timeout=max(0.0, until - time.monotonic())):
            break  # a turn with a slow mail server holds up this run, never this thread
        try:
            claimed = claim.claim(job, clock.now())
            if not claimed:
                break
            time.sleep(BREATH_SECONDS)
            try:
                _work_off(claimed, sending, provider, settings.pace(outside=provider.outside), until)
            finally:
                claim.release([recipient.id for recipient in claimed])
        finally:
            _talking.release()
        if not _has_connection(job, provider, until - time.monotonic()):
            return clock.now() + LOOK_AGAIN
    if claim.is_due(job, clock.now()):
        return clock.now()
    settle.settle(provider, clock.now())
    provider.spare(_named(job_id))
    return None if finish.finish(job_id, clock.now()) else next_due(job_id)


def _has_connection(job: Job, provider: Provider, seconds: float) -> bool:
    """Whether nothing is due or mail can leave. While a connection is being opened, recipients stay queued (S11a)."""
    return not claim.is_due(job, clock.now()) or provider.stands(_named(job.id), max(0.0, seconds))


def _named(job_id: int) -> str:
    return f"job {job_id}"


def _work_off(claimed: list[Claimed], sending: Sending, provider: Provider, per_second: float, until: float) -> None:
    """Hand over `claimed` group after group, and remove from it what is done; the caller gives back the rest."""
    who = _named(sending.job_id)
    while claimed and time.monotonic() < until and provider.stands(who, 0.0):
        group = _turns(claimed[:GROUP], per_second, until)
        with in_flight.one_group():
            going = begin(sending, group)
            if not going:
                return
            while going:
                results = hand_over(sending, provider, going, until)
                del claimed[: len(group)]
                # under a pace no group follows at once: its wait would hold up the record of this one
                goes_on = not per_second and time.monotonic() < until and provider.stands(who, 0.0)
                group = claimed[:GROUP] if goes_on else []
                going = outcome.record(sending, provider, results, clock.now(), group)


def _turns(group: list[Claimed], per_second: float, until: float) -> list[Claimed]:
    """As many of `group` as the shared pace allows now; for none it waits for the next turn, but not beyond `until`."""
    if not per_second:
        return group
    granted, wait = pace.take(len(group), per_second, clock.now())
    if not granted:
        time.sleep(min(wait, max(0.0, until - time.monotonic())))
    return group[:granted]


def next_due(job_id: int) -> datetime | None:
    """When a job has work again: it begins, a retry is due, or a dead worker's lease ends. None while it is stopped."""
    job = fresh().get_one(Job, job_id, populate_existing=True)
    due = _next_recipient(job.mailing_id)
    if job.stopped or due is None:
        return None
    return due if job.created_at > clock.now() + claim.SET_BACK else max(due, job.starts_at)


def _next_recipient(mailing_id: int) -> datetime | None:
    now = clock.now()
    ahead = claim.written_ahead(Recipient.updated_at, now)
    retry = case((ahead, _LONG_AGO), else_=func.coalesce(Recipient.next_attempt_at, _LONG_AGO))
    lease = case((claim.lapsed(now), _LONG_AGO), else_=func.coalesce(Recipient.claim_until, _LONG_AGO))
    due: datetime | None = fresh().scalar(
        select(func.min(case((retry > lease, retry), else_=lease))).where(
            Recipient.mailing_id == mailing_id, Recipient.state.in_(OPEN)
        )
    )
    return due


def _prepare(job: Job, provider: Provider, settings: Settings) -> Sending:
    session = fresh()
    mailing = session.get_one(Mailing, job.mailing_id)
    content = session.get_one(Content, mailing.content_id)
    if job.started_at is None:
        with transaction() as tx:
            tx.execute(update(Job).where(Job.id == job.id, Job.started_at.is_(None)).values(started_at=clock.now()))
    fields = tokens.known_fields(mailing.defaults)
    bound = personalise.bind(Compiled.load(content.compiled), merge_values.shared(mailing.constants), fields)
    read_as = test_sends.read_as(mailing)
    domain = settings.sender.rpartition("@")[2]
    envelope = mime.Envelope(
        from_email=settings.sender, from_name=mailing.from_name, reply_to=mailing.reply_to or None,
        date=mailing.created_at, message_id_domain=domain, list_id=f"event-{mailing.event_id}.{domain}",
    )  # fmt: skip
    skeleton = mime.Skeleton(bound, envelope, fields, test_sends.PREFIX if mailing.is_test else "")
    return Sending(
        job_id=job.id, mailing_id=mailing.id, event_id=mailing.event_id, key=mailing.key, provider=provider.name,
        request_id=job.request_id, is_test=mailing.is_test, sender=settings.sender,
        terms=SendingTerms(settings.public_url, settings.secret, outside=provider.outside),
        skeleton=skeleton, read_as=read_as, is_untried=not job.accepted,
        is_addressed=bool(mailing.constants.get("calendar.google")) and not skeleton.names.isdisjoint(OF_EACH_GUEST),
    )  # fmt: skip
