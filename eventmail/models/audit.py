"""The log, replayable answers, the quota ledger, the pace and the living workers."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base
from eventmail.db.sqlite import add_trigger


class AuditEntry(Base):
    """Who did what to what, when, in which request. The database refuses to change or delete a row.

    `user_id` and `event_id` are no foreign keys, since the row must outlive what they name.
    """

    at: Mapped[datetime]
    actor: Mapped[str]
    user_id: Mapped[int | None]
    event_id: Mapped[int | None] = mapped_column(index=True)
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_id: Mapped[str]


# The third one is needed because INSERT OR REPLACE deletes without a DELETE trigger.
for _name, _when in {
    "update": "BEFORE UPDATE ON audit_entry",
    "delete": "BEFORE DELETE ON audit_entry",
    "replace": "BEFORE INSERT ON audit_entry WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)",
}.items():
    _refusal = "SELECT RAISE(ABORT, 'the log is written once')"
    add_trigger(AuditEntry.__table__, f"CREATE TRIGGER audit_entry_no_{_name} {_when} BEGIN {_refusal}; END")


class IdempotencyRecord(Base):
    """The 2xx answer that was given under a key (S1). A refused request leaves no row, so its key stays free."""

    __table_args__ = (UniqueConstraint("scope", "key"), Base.__table_args__)

    scope: Mapped[str]
    key: Mapped[str]
    body_hash: Mapped[str]
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"))
    status: Mapped[int]
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Reservation(Base):
    """The places of one run in the quota window of `due_at`. Each recipient takes or returns exactly one (S9).

    A run may hold places before it has a job. They are of the quota of the mail service `provider`, None of any.
    """

    __table_args__ = (
        UniqueConstraint("mailing_id", "run"),
        CheckConstraint("consumed + refunded <= reserved", name="balance"),
        CheckConstraint("consumed >= 0 AND refunded >= 0", name="not_negative"),
        Base.__table_args__,
    )

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"))
    run: Mapped[int]
    provider: Mapped[str | None]
    due_at: Mapped[datetime] = mapped_column(index=True)
    reserved: Mapped[int]
    consumed: Mapped[int] = mapped_column(default=0)
    refunded: Mapped[int] = mapped_column(default=0)


class Pace(Base):
    """The one row from which every worker takes its turn (S10). The bucket is empty until `empty_until`."""

    empty_until: Mapped[datetime]


class Worker(Base):
    """A worker process; `seen_at` is its last sign of life.

    `waits_for` says what its mail has waited for since `waits_since`, as in "the mail server mail.example to greet".
    """

    owner: Mapped[str] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    waits_for: Mapped[str | None]
    waits_since: Mapped[datetime | None]
