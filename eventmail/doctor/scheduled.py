"""Checks of scheduled messages: those behind the lock of a copy, those that ask, those that nobody starts."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from eventmail.doctor.at_work import MAIL_LEFT_LYING, NO_PROGRESS, instant
from eventmail.doctor.finding import Finding, Level
from eventmail.sending import heartbeat
from eventmail.states import MailingState

NAMED = 5  # messages that a finding names


def locked(connection: sqlite3.Connection, now: datetime) -> Iterator[Finding]:
    """The messages that wait until an owner confirms a copy, and how many of them are past their time (H9)."""
    asked = "SELECT count(*), count(*) FILTER (WHERE send_at <= ?) FROM mailing WHERE state = ?"
    number, past = connection.execute(asked, (_stored(now), MailingState.SCHEDULED)).fetchone()
    if number:
        over = f", {past} of them past {'its' if past == 1 else 'their'} time" if past else ""
        what = f"{_messages(number)} {'waits' if number == 1 else 'wait'} for that{over}"
        to_do = "Once this database is confirmed, those to come go out at their time, and those past it ask first."
        yield Finding(what, Level.REMARK, to_do)


def asking(connection: sqlite3.Connection) -> Iterator[Finding]:
    """The messages of which nothing left when they were due, and which ask how it goes on (H5, H6)."""
    for state, ending, to_do in (
        (MailingState.MISSED, "did not go out", "It says why on its page. Send it now there, or cancel it."),
        (MailingState.FAILED, "had nobody to go to", "Write it anew on its page, or cancel it."),
    ):
        asked = """
            SELECT c.subject, e.title, m.send_at FROM mailing m
            JOIN content c ON c.id = m.content_id JOIN event e ON e.id = m.event_id
            WHERE m.state = ? ORDER BY m.send_at DESC, m.id
        """
        found = connection.execute(asked, (state,)).fetchall()
        for subject, title, due in found[:NAMED]:
            yield Finding(f"“{subject}” of {title}, due at {_utc(due)}, {ending}", Level.REMARK, to_do)
        if len(found) > NAMED:
            what = f"{_messages(len(found) - NAMED)} more {ending}"
            yield Finding(what, Level.REMARK, "Open “Scheduled” of each event.")


def overdue(connection: sqlite3.Connection, now: datetime, at_work: Finding) -> Iterator[Finding]:
    """The messages whose time has come and which nobody starts; `at_work` is the finding about the worker."""
    patience = NO_PROGRESS if at_work.level is Level.OK else MAIL_LEFT_LYING
    asked = "SELECT count(*), min(send_at) FROM mailing WHERE state = ? AND send_at < ?"
    number, oldest = connection.execute(asked, (MailingState.SCHEDULED, _stored(now - patience))).fetchone()
    if not number:
        return
    due = f"{_messages(number)} {'was' if number == 1 else 'were'} due, the oldest at {_utc(oldest)}, and"
    if at_work.level is Level.OK:
        to_do = "See what the worker's log says, and restart the worker."
        yield Finding(f"{due} the worker has not started {'it' if number == 1 else 'them'}", Level.WRONG, to_do)
    elif heartbeat.WORKER_COMMAND in at_work.to_do:
        to_do = f"Start a worker: {heartbeat.WORKER_COMMAND} (what is over an hour late then asks before it goes out)"
        yield Finding(f"{due} nobody is sending", Level.WRONG, to_do)
    else:
        yield Finding(f"{due} on a full disk nothing can be sent", Level.WRONG, at_work.to_do)


def _messages(number: int) -> str:
    return "1 scheduled message" if number == 1 else f"{number} scheduled messages"


def _stored(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _utc(stored: str) -> str:
    return f"{instant(stored):%Y-%m-%d %H:%M} UTC"
