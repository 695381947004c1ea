"""Scheduled messages of a running instance, and all that its database holds about them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from eventmail import clock
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from tests.support import seeding
from tests.support.live import Live
from tests.support.planned import EVERYBODY, TEXT, plan

_TABLES = ("mailing", "schedule", "recipient", "exclusion", "content", "job", "reservation", "attempt")


def ahead(**by: float) -> datetime:
    """So far from now, as a whole second."""
    return clock.now().replace(microsecond=0) + timedelta(**by)


def schedule(live: Live, at: datetime, key: str = "once", event_id: int | None = None) -> int:
    """A message to everybody who confirmed, due at `at`; without a ring: its id."""
    with live.app.app_context():
        terms = SendingTerms(live.url, b"0" * 32, outside=False)
        message = Message(TEXT, EVERYBODY, plan=plan(at))
        by = seeding.acting(live.organizer)
        return scheduling.create(event_id or live.event_id, message, key=key, terms=terms, by=by).mailing_id


def everything(live: Live) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables that a start writes, but for the log, where other things are told as well."""
    return {table: live.query(f"SELECT * FROM {table} ORDER BY id") for table in _TABLES}


def fate(live: Live, mailing_id: int) -> tuple[str, str | None]:
    """Its state, and why nothing left."""
    [row] = live.query(
        "SELECT state, not_sent FROM mailing JOIN schedule ON mailing_id = mailing.id WHERE mailing.id = ?", mailing_id
    )
    return row["state"], row["not_sent"]


def people(live: Live, mailing_id: int) -> dict[str, str]:
    """The state of each recipient, by address."""
    rows = live.query("SELECT address, state FROM recipient WHERE mailing_id = ? ORDER BY id", mailing_id)
    return {row["address"]: row["state"] for row in rows}


def places(live: Live, mailing_id: int) -> tuple[int, int, int]:
    """(reserved, consumed, refunded) of its one reservation."""
    [row] = live.query("SELECT reserved, consumed, refunded FROM reservation WHERE mailing_id = ?", mailing_id)
    return row["reserved"], row["consumed"], row["refunded"]


def runs(live: Live, mailing_id: int) -> list[str]:
    """The state of each run."""
    return [row["state"] for row in live.query("SELECT state FROM job WHERE mailing_id = ?", mailing_id)]


def told(live: Live, mailing_id: int) -> list[tuple[str, str]]:
    """(actor, action) of every entry in the log about the message; the mail to its author leaves in its own time."""
    about = "SELECT actor, action FROM audit_entry WHERE subject = ? AND action LIKE 'mailing.%' ORDER BY id"
    rows = live.query(about, f"mailing:{mailing_id}")
    return [(row["actor"], row["action"]) for row in rows]


def mails(live: Live) -> Counter[str]:
    """How many mails lie in the outbox for each guest; its author hears of a message as well."""
    return Counter(to for mail in live.outbox() if (to := str(mail["To"])).endswith("@guests.example.net"))


def rings(live: Live) -> list[datetime | None]:
    """When the rings for due messages are heard that wait in the queue."""
    with live.app.app_context():
        task, huey = live.app.extensions["ring_due"], live.app.extensions["huey"]
        waiting = [ring for ring in (*huey.pending(), *huey.scheduled()) if isinstance(ring, task.task_class)]
        return [ring.eta and ring.eta.replace(tzinfo=UTC) for ring in waiting]
