"""Huey is the doorbell: our tables are the queue. Losing a ring is harmless, since the sweep rings again."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from huey import SqliteHuey, crontab
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from eventmail import clock, ids, logs
from eventmail.db import fresh
from eventmail.domain import housekeeping, import_files
from eventmail.models import Job
from eventmail.providers.base import Provider
from eventmail.providers.outbox import Outbox
from eventmail.providers.smtp import Smtp, parse
from eventmail.sending import account_delivery, forgetting, heartbeat
from eventmail.sending import drain as drain_
from eventmail.sending import sweep as sweep_
from eventmail.sending.settle import settle
from eventmail.settings import Settings, SettingsError

log = logging.getLogger(__name__)

HORIZON = timedelta(seconds=60)  # the next minute's sweep rings for what is later
PAUSE_SECONDS = 3.0  # before a database that refused is asked again


def create_huey(app: Flask) -> SqliteHuey:
    """The consumer's tasks, `drain(job)`, `deliver` and the minute `sweep`, in the context of `app`.

    No huey retries, results or locks: it deletes a task before running it, so nothing may depend on one.
    """
    settings: Settings = app.extensions["settings"]
    settings.instance.mkdir(parents=True, exist_ok=True)
    provider = make_provider(settings)
    huey = SqliteHuey("eventmail", filename=str(settings.queue), results=False, utc=True)

    @huey.task()
    def drain(job_id: int) -> None:
        """One turn of a job, then ring again while it has work."""
        with _run(app):
            _ring_at(drain, job_id, _turn(job_id, provider, settings))

    @huey.task()
    def deliver() -> None:
        """Mail what waits about accounts, then ring again while something does."""
        with _run(app):
            _ring_at(deliver, None, account_delivery.deliver(provider, settings))

    @huey.periodic_task(crontab(minute="*"))
    def sweep() -> None:
        """One pass over what nobody rang for; huey begins with it."""
        with _run(app):
            for waiting in sweep_.sweep(provider, clock.now()):
                _ring_at(drain, waiting.job_id, waiting.due)
            _ring_at(deliver, None, account_delivery.next_due(clock.now()))
            housekeeping.purge(clock.now())  # last: mails do not wait for it
            import_files.forget(settings.imports, clock.now())
            forgetting.finish(settings, clock.now())

    @huey.on_startup()
    def begin() -> None:
        _start_once(app, provider)

    @huey.on_shutdown()
    def end() -> None:
        _ending.set()
        with _run(app):
            heartbeat.gone()
        provider.close()

    app.extensions |= {"ring": drain, "ring_account_mails": deliver, "provider": provider}
    return huey


def _turn(job_id: int, provider: Provider, settings: Settings) -> datetime | None:
    """When to come back. A database that refuses is asked again here: the queue that would ring lies beside it."""
    while True:
        try:
            return drain_.drain(job_id, provider, settings)
        except OperationalError as error:
            log.error("a turn broke off, the database refused: %s", error.orig, extra={"job": job_id})
            if _ending.wait(PAUSE_SECONDS):
                return None


def make_provider(settings: Settings) -> Provider:
    """The mail service that the settings name. Raises SettingsError when it is not described well."""
    if settings.provider == "outbox":
        return Outbox(settings.outbox)
    try:
        return Smtp(parse(settings.smtp_url.get_secret_value()))
    except ValueError as error:
        raise SettingsError(f"Please correct the environment: EVENTMAIL_SMTP_URL {error}.") from None


def ring(job_id: int) -> None:
    """After a commit: tell the worker that `job_id` has work. A lost ring costs up to a minute, never a mail."""
    try:
        starts_at = fresh().scalar(select(Job.starts_at).where(Job.id == job_id))
        _ring_at(current_app.extensions["ring"], job_id, starts_at)
    except (sqlite3.Error, OperationalError):
        log.warning("could not ring for a job; the sweep will", extra={"job": job_id}, exc_info=True)


def ring_account_mails() -> None:
    """After a commit, or as if there had been one: tell the worker to look for mails about accounts."""
    try:
        _ring_at(current_app.extensions["ring_account_mails"], None, clock.now())
    except (sqlite3.Error, OperationalError):
        log.warning("could not ring for an account mail; the sweep will", exc_info=True)


def tick(app: Flask) -> int:
    """One scheduler pass in this process, as `eventmail tick` runs it: how many running jobs it rang for."""
    with _run(app):
        waiting = sweep_.sweep(app.extensions["provider"], clock.now())
        for job in waiting:
            _ring_at(app.extensions["ring"], job.job_id, job.due)
        _ring_at(app.extensions["ring_account_mails"], None, account_delivery.next_due(clock.now()))
        return len(waiting)


def _ring_at(task: Any, job_id: int | None, due: datetime | None) -> None:
    if due is None or due > clock.now() + HORIZON:
        return
    eta = due + timedelta(seconds=1) if due > clock.now() else None  # aware, and never early
    args = () if job_id is None else (job_id,)
    if _is_rung(task, args, eta):
        return
    if eta is None:
        task(*args)
    else:
        task.schedule(args=args, eta=eta)


def _is_rung(task: Any, args: tuple[int, ...], eta: datetime | None) -> bool:
    """Whether a ring that waits already will do. Turns ring for turns: each ring too many would go on for ever."""
    rings = (*task.huey.pending(), *task.huey.scheduled())
    waiting = [ring for ring in rings if isinstance(ring, task.task_class) and ring.args == args]
    by = (eta or clock.now()).replace(tzinfo=None)  # huey keeps UTC without saying so
    return any(ring.eta is None or ring.eta <= by for ring in waiting)


@contextmanager
def _run(app: Flask) -> Iterator[None]:
    """The app context and the log id of one run of the worker."""
    with app.app_context():
        logs.request_id.set(ids.token(12))
        yield


_started = threading.Lock()
_ending = threading.Event()


def _start_once(app: Flask, provider: Provider) -> None:
    """Huey runs its start-up hook in every thread; one heartbeat is enough."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_keep_beating, args=(app, provider), name="heartbeat", daemon=True).start()


def _keep_beating(app: Flask, provider: Provider) -> None:
    while not _ending.is_set():
        with _run(app):
            try:
                heartbeat.beat(clock.now())
                settle(provider, clock.now())
                account_delivery.renew(clock.now())
                account_delivery.settle(clock.now())
            except Exception:  # the lease runs out by itself: nothing doubles; and the next beat may succeed
                log.exception("no sign of life could be written")
        _ending.wait(heartbeat.EVERY_SECONDS)
