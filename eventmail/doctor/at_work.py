"""Checks whether mail goes out: the worker, and every mailing that waits, stands or is stuck."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eventmail.doctor.finding import Finding, Level
from eventmail.domain import mail_services
from eventmail.sending import heartbeat
from eventmail.states import AccountMailState, JobState, RecipientState

MAIL_LEFT_LYING = timedelta(minutes=1)
NO_PROGRESS = timedelta(minutes=10)
_MEGABYTE = 1024 * 1024


def existing(instance: Path) -> Path:
    """The instance folder, or before it exists the nearest parent that does."""
    return next(folder for folder in (instance, *instance.parents) if folder.exists())


def is_full(instance: Path) -> bool:
    """Whether the disk has no room, or no inode, for a sign of life."""
    there = existing(instance)
    inodes = os.statvfs(there)
    return shutil.disk_usage(there).free < _MEGABYTE or bool(inodes.f_files and not inodes.f_favail)


def worker(connection: sqlite3.Connection, now: datetime, *, full: bool = False) -> Finding:
    """Whether a worker runs. On a `full` disk nobody can tell."""
    seen = instant(connection.execute("SELECT max(seen_at) FROM worker").fetchone()[0])
    if seen and now - seen <= heartbeat.ALIVE:
        return Finding("A worker is running")
    if full:
        what = "Whether a worker is running cannot be told, since the full disk takes no sign of life"
        return Finding(what, Level.REMARK, "Make room first; a worker that is there goes on by itself.")
    when = f"was last seen {seen:%Y-%m-%d %H:%M} UTC" if seen else "was never seen"
    to_do = f"Nothing is sent until one starts: {heartbeat.WORKER_COMMAND}"
    return Finding(f"No worker is running; one {when}", Level.REMARK, to_do)


def waiting(connection: sqlite3.Connection, now: datetime, at_work: Finding) -> Finding:
    """Whether mailings or mails to colleagues wait for long; `at_work` is the finding of `worker`."""
    left = [
        f"{what}, the oldest since {since:%Y-%m-%d %H:%M} UTC"
        for what, since in _to_be_sent(connection)
        if since and now - since > MAIL_LEFT_LYING
    ]
    if not left:
        return Finding("No mailing is waiting for long")
    what = ", and ".join(left)
    if at_work.level is Level.OK:
        return _held_up(connection, now) or Finding(f"{what}; a worker is there")
    if heartbeat.WORKER_COMMAND not in at_work.to_do:
        return Finding(f"{what}, and on a full disk nothing can be sent", Level.WRONG, at_work.to_do)
    return Finding(f"{what}, and nobody is sending", Level.WRONG, f"Start a worker: {heartbeat.WORKER_COMMAND}")


def _to_be_sent(connection: sqlite3.Connection) -> Iterator[tuple[str, datetime | None]]:
    mailings = "SELECT count(*), min(created_at) FROM job WHERE state = ? AND stopped IS NULL"
    number, oldest = connection.execute(mailings, (JobState.RUNNING,)).fetchone()
    yield f"{number} {'mailing is' if number == 1 else 'mailings are'} not finished", instant(oldest)
    account_mails = "SELECT count(*), min(created_at) FROM account_mails WHERE state = ?"
    number, oldest = connection.execute(account_mails, (AccountMailState.QUEUED,)).fetchone()
    yield f"{number} {'mail to your team waits' if number == 1 else 'mails to your team wait'}", instant(oldest)


def _held_up(connection: sqlite3.Connection, now: datetime) -> Finding | None:
    """The longest wait of a running worker (S11a)."""
    asked = "SELECT waits_for, waits_since, seen_at FROM worker WHERE waits_since IS NOT NULL ORDER BY waits_since"
    for words, stored, last in connection.execute(asked):
        since, seen = instant(stored), instant(last)
        if since and seen and now - seen <= heartbeat.ALIVE and now - since >= MAIL_LEFT_LYING:
            what = f"No mail leaves: the worker is waiting for {words}, since {since:%Y-%m-%d %H:%M} UTC"
            return Finding(what, Level.WRONG, "It goes on by itself; ask whoever runs the mail server if it lasts.")
    return None


def standing(connection: sqlite3.Connection, provider: str) -> Iterator[Finding]:
    """The mailings that stand until somebody decides: the mail service refused (S12), or another is set now (S13)."""
    asked = "SELECT mailing_id, stopped, provider FROM job WHERE state = ? ORDER BY mailing_id"
    for mailing_id, stopped, begun_with in connection.execute(asked, (JobState.RUNNING,)):
        if begun_with != provider:
            to_do = "Open its page: send the rest, or cancel it."
            yield Finding(
                f"Mailing {mailing_id} stands. {mail_services.asks(begun_with, provider)}", Level.WRONG, to_do
            )
        elif stopped:
            to_do = "Correct what it says, restart the worker, then press “Try again” on its page."
            yield Finding(f"Mailing {mailing_id} is stopped: {stopped}", Level.WRONG, to_do)


def stuck(connection: sqlite3.Connection, now: datetime, provider: str) -> Iterator[Finding]:
    """The mailings with due mails that have made no progress for long."""
    since, stored = now - NO_PROGRESS, now.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    asked = """
        SELECT j.mailing_id, max(j.starts_at, (SELECT max(updated_at) FROM recipient WHERE mailing_id = j.mailing_id))
        FROM job j WHERE j.state = ? AND j.stopped IS NULL AND j.provider = ? AND EXISTS (
            SELECT 1 FROM recipient r WHERE r.mailing_id = j.mailing_id AND r.state = ?
            AND (r.next_attempt_at IS NULL OR r.next_attempt_at < ?)
        ) ORDER BY j.mailing_id
    """
    given = (JobState.RUNNING, provider, RecipientState.QUEUED, stored)
    for mailing_id, last in connection.execute(asked, given).fetchall():
        moved = instant(last)
        if moved and moved < since:
            what = f"Mailing {mailing_id} is stuck: nothing of it has happened since {moved:%Y-%m-%d %H:%M} UTC"
            yield Finding(what, Level.WRONG, "See what the worker's log says, and restart the worker.")


def instant(stored: str | None) -> datetime | None:
    """A time as the database stores it."""
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if stored else None
