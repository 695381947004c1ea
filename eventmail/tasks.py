"""Huey is only the doorbell: our tables are the queue. A lost ring is harmless, since the sweep rings again."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from huey import SqliteHuey
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from eventmail import clock, ids, logs
from eventmail.db import fresh
from eventmail.domain.imports import uploads
from eventmail.domain.instance import housekeeping, live_lock
from eventmail.domain.mailings.send import Sent
from eventmail.domain.terms import SendingTerms, of_settings
from eventmail.models import Job
from eventmail.providers import registry
from eventmail.providers.base import Provider
from eventmail.sending import drain as drain_
from eventmail.sending import due, erased_mails, handover, heartbeat, journal, settle
from eventmail.sending import sweep as sweep_
from eventmail.sending.account_mails import delivery
from eventmail.sending.account_mails import settle as account_settle
from eventmail.settings import Settings

log = logging.getLogger(__name__)

HORIZON = timedelta(seconds=60)  # a later job gets its ring from the next minute's sweep
SWEEP_SECONDS = 60.0
PAUSE_SECONDS = 3.0  # before the next try after the database refused


def create_huey(app: Flask) -> SqliteHuey:
    """The consumer with its tasks `drain(job)`, `start_due` and `deliver`; it starts heartbeat and sweep.

    Huey deletes a task before running it, so nothing depends on its retries, results or locks. A slow mail server holds
    up one thread for each of the two tasks; the Procfile gives a third one, so that due work begins (S11a).
    """
    settings: Settings = app.extensions["settings"]
    settings.instance.mkdir(parents=True, exist_ok=True)
    provider = registry.opened(settings)
    huey = SqliteHuey("eventmail", filename=str(settings.queue), results=False, utc=True)

    @huey.task()
    def drain(job_id: int) -> None:
        """Do one turn of a job, then ring again while it has work."""
        with _run(app):
            again = _turn(job_id, provider, settings)
            _ring_at(drain, job_id, again)
            if again is None:  # the end of a run may have queued a mail about it (S14)
                _ring_for_account_mails(app)

    @huey.task()
    def deliver() -> None:
        """Send mails about accounts, then ring again while some wait."""
        with _run(app):
            _ring_at(deliver, None, delivery.deliver(provider, settings))

    @huey.task()
    def start_due() -> None:
        """Start the messages that are due, then ring again for the next one."""
        with _run(app):
            _start_due(app)

    @huey.on_startup()
    def begin() -> None:
        if _threads.first_one_begins():  # one heartbeat and one sweep are enough
            _start(app)

    @huey.on_shutdown()
    def end() -> None:
        handover.in_flight.stopping.set()
        if _threads.last_one_ends():  # until then a mail may be in hand, and the heartbeat renews its lease
            _ending.set()
            with _run(app):
                heartbeat.gone()
            journal.leave()
        provider.close()

    app.extensions |= {"ring": drain, "ring_due": start_due, "ring_account_mails": deliver, "provider": provider}
    return huey


def _turn(job_id: int, provider: Provider, settings: Settings) -> datetime | None:
    """Do one turn; returns when to come back. Retries here while the database refuses, as huey's may refuse too."""
    while True:
        try:
            return drain_.drain(job_id, provider, settings)
        except OperationalError as error:
            log.error("a turn broke off, the database refused: %s", error.orig, extra={"job": job_id})
            if handover.in_flight.stopping.wait(PAUSE_SECONDS):
                return None


def ring(job_id: int) -> None:
    """Tell the worker, after a commit, that `job_id` has work. A lost ring costs up to a minute, never a mail."""
    try:
        starts_at = fresh().scalar(select(Job.starts_at).where(Job.id == job_id))
        _ring_at(current_app.extensions["ring"], job_id, starts_at)
    except (sqlite3.Error, OperationalError):
        log.warning("could not ring for a job; the sweep will", extra={"job": job_id}, exc_info=True)


def ring_for(sent: Sent) -> None:
    """Tell the worker, after a commit, about a message that was sent or scheduled."""
    if sent.job_id is not None:
        ring(sent.job_id)
    else:
        ring_due()


def ring_due() -> None:
    """Tell the worker, after a commit, that a message was scheduled. A lost ring costs up to a minute."""
    try:
        _ring_at(current_app.extensions["ring_due"], None, due.next_due())
    except (sqlite3.Error, OperationalError):
        log.warning("could not ring for a scheduled message; the sweep will", exc_info=True)


def ring_account_mails() -> None:
    """Tell the worker, after a commit, to look for mails about accounts."""
    try:
        _ring_at(current_app.extensions["ring_account_mails"], None, clock.now())
    except (sqlite3.Error, OperationalError):
        log.warning("could not ring for an account mail; the sweep will", exc_info=True)


def tick(app: Flask) -> int:
    """Do one pass of the scheduler in this process, for `eventmail tick`; returns how many running jobs it rang for."""
    with _run(app):
        return _ring_for_waiting(app)


def terms(app: Flask) -> SendingTerms:
    """The terms on which the worker sends."""
    provider: Provider = app.extensions["provider"]
    return of_settings(app.extensions["settings"], service=provider.name, outside=provider.outside)


def _start_due(app: Flask) -> int:
    """Start what is due, and ring for it and for the next scheduled message; returns how many began."""
    settings: Settings = app.extensions["settings"]
    started = due.start_all(terms(app), settings)
    for job_id in started:
        _ring_at(app.extensions["ring"], job_id, clock.now())
    if live_lock.is_live(settings.database):  # else one ring would follow upon the other
        _ring_at(app.extensions["ring_due"], None, due.next_due())
    _ring_for_account_mails(app)  # about what was missed or failed (S14)
    return len(started)


def _ring_for_waiting(app: Flask) -> int:
    waiting = sweep_.sweep(app.extensions["provider"], clock.now())
    for job in waiting:
        _ring_at(app.extensions["ring"], job.job_id, job.due)
    _ring_for_account_mails(app)
    return len(waiting) + _start_due(app)  # last: runs under way do not wait for new ones


def _ring_for_account_mails(app: Flask) -> None:
    _ring_at(app.extensions["ring_account_mails"], None, delivery.next_due(clock.now()))


def _ring_at(task: Any, job_id: int | None, at: datetime | None) -> None:
    if at is None or at > clock.now() + HORIZON:
        return
    eta = _whole_second(at) if at > clock.now() else None
    args = () if job_id is None else (job_id,)
    if not _is_rung(task, args, eta):
        task.schedule(args=args, eta=eta) if eta else task(*args)


def _whole_second(at: datetime) -> datetime:
    """`at`, or the next whole second after it: huey cuts what is below a second, and nothing may begin early."""
    return at if not at.microsecond else at.replace(microsecond=0) + timedelta(seconds=1)


def _is_rung(task: Any, args: tuple[int, ...], eta: datetime | None) -> bool:
    """Whether a waiting ring is enough. Each task enqueues the next one, so a duplicate would repeat for ever."""
    rings = (*task.huey.pending(), *task.huey.scheduled())
    waiting = [ring for ring in rings if isinstance(ring, task.task_class) and ring.args == args]
    by = (eta or clock.now()).replace(tzinfo=None)  # huey keeps UTC without saying so
    return any(ring.eta is None or ring.eta <= by for ring in waiting)


@contextmanager
def _run(app: Flask) -> Iterator[None]:
    """The app context and a new log id for one run of the worker."""
    with app.app_context():
        logs.request_id.set(ids.token(12))
        yield


class _Threads:
    """Counts huey's working threads, since huey runs its hooks in each of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working = 0

    def first_one_begins(self) -> bool:
        with self._lock:
            self._working += 1
            return self._working == 1

    def last_one_ends(self) -> bool:
        with self._lock:
            self._working -= 1
            return self._working == 0


_threads = _Threads()
_ending = threading.Event()


def _start(app: Flask) -> None:
    """Start heartbeat and sweep in threads of their own: a slow mail server may hold up all of huey's (S11a)."""
    for work, every in ((_beat, heartbeat.EVERY_SECONDS), (_sweep, SWEEP_SECONDS)):
        threading.Thread(target=_keep, args=(app, work, every), name=work.__name__, daemon=True).start()


def _keep(app: Flask, work: Callable[[Flask], None], seconds: float) -> None:
    """Do `work` now and every `seconds`, until the process ends."""
    while not _ending.is_set():
        with _run(app):
            try:
                work(app)
            except Exception:  # the next round may succeed; leases that run out meanwhile send nothing twice
                log.exception("%s did not come to its end", work.__name__.strip("_"))
        _ending.wait(seconds)


def _beat(app: Flask) -> None:
    """Record that this process lives, renew its leases, and settle what dead processes had in hand."""
    provider: Provider = app.extensions["provider"]
    provider.tidy()
    heartbeat.beat(clock.now(), provider.waits())
    if settle.settle(provider, clock.now()):  # mails of a dead worker wait again, and its rings died with it
        _ring_for_waiting(app)
    delivery.renew(clock.now())
    account_settle.settle(clock.now())


def _sweep(app: Flask) -> None:
    """Ring for all due work; the worker begins with it."""
    _ring_for_waiting(app)
    housekeeping.purge(clock.now())  # last: mails do not wait for it
    uploads.forget(app.extensions["settings"].imports, clock.now())
    erased_mails.finish(app.extensions["settings"], clock.now())
