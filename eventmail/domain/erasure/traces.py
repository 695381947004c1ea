"""Taking a person's values out of data about others too: the log, stored answers, rules, lists of picked guests."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from eventmail import erased
from eventmail.db.sql import erased_form, holds
from eventmail.db.sqlite import without_trigger
from eventmail.models import (
    AuditEntry,
    DraftText,
    GuestBefore,
    GuestChange,
    IdempotencyRecord,
    Job,
    Mailing,
    Segment,
    Suppression,
)
from eventmail.states import ChangeKind

_QUIET = {"synchronize_session": False}


def log(tx: Session, alone: Collection[str], own: Collection[str], words: Sequence[str]) -> int:
    """Take guests out of the log; returns how many entries were changed. Actor, action and time stay.

    `alone` are subjects of entries about nobody else. No other code changes written entries: a trigger forbids it, and
    is away for this transaction alone.
    """
    subjects = {*(f"address:{address}" for address in own), *alone}
    named = or_(AuditEntry.subject.in_(subjects), mentions(AuditEntry.detail, words))
    found = tx.execute(select(AuditEntry.id, AuditEntry.subject, AuditEntry.detail).where(named)).all()
    with without_trigger(tx, "audit_entry_no_update"):
        for row in found:
            detail = _numbers(row.detail) if row.subject in alone else _detail(row, own, words)
            values: dict[str, Any] = {"detail": detail}
            if row.subject.startswith("address:") and row.subject in subjects:
                values["subject"] = "address:" + erased_form(row.subject.removeprefix("address:"))
            tx.execute(update(AuditEntry).where(AuditEntry.id == row.id).values(values), execution_options=_QUIET)
    return len(found)


def changes(tx: Session, guest_ids: Collection[int]) -> Collection[str]:
    """Take the tag out of changes of many that changed one of these guests alone; returns the changes' subjects."""
    return _untagged(tx, GuestChange.id.in_(select(GuestBefore.change_id).where(GuestBefore.guest_id.in_(guest_ids))))


def orphans(tx: Session, event_ids: Collection[int]) -> Collection[str]:
    """The same for changes whose one guest was removed since, so that nobody knows who it was."""
    known = exists().where(GuestBefore.change_id == GuestChange.id)
    return _untagged(tx, GuestChange.event_id.in_(event_ids), ~known)


def _untagged(tx: Session, *where: ColumnElement[bool]) -> Collection[str]:
    unnamed = update(GuestChange).where(*where, GuestChange.changed == 1, GuestChange.kind != ChangeKind.STATUS)
    found = tx.scalars(unnamed.values(value=erased.WORD).returning(GuestChange.id), execution_options=_QUIET)
    return {f"guest_change:{change_id}" for change_id in found}


def _numbers(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else erased.WORD for name, value in detail.items()}


def _detail(row: Any, own: Collection[str], words: Sequence[str]) -> dict[str, Any]:
    detail = row.detail
    if row.subject.removeprefix("address:") in own and "why" in detail:  # a colleague's words about this person
        detail = {**detail, "why": erased.WORD}
    cleaned: dict[str, Any] = without(detail, words)
    return cleaned


def answers(tx: Session, words: Sequence[str]) -> None:
    """Take these words out of stored answers, rules of segments, and a mail service's words about a whole run."""
    columns: tuple[InstrumentedAttribute[Any], ...] = (
        IdempotencyRecord.answer, IdempotencyRecord.key, Segment.rule, Segment.name, Mailing.last_error, Job.stopped,
        Job.first_refusal, Suppression.source,
    )  # fmt: skip
    for column in columns if words else ():
        model = column.class_
        for row_id, value in tx.execute(select(model.id, column).where(mentions(column, words))).all():
            left = erased_form(value) if column is IdempotencyRecord.key else without(value, words)
            tx.execute(update(model).where(model.id == row_id).values({column.key: left}), execution_options=_QUIET)


def picked(tx: Session, event_id: int, guest_id: int) -> None:
    """Take the guest out of the guests picked by hand for drafts and messages of the event."""
    drafts = select(DraftText.id, DraftText.audience).join(Mailing, Mailing.id == DraftText.mailing_id)
    mailings = select(Mailing.id, Mailing.audience)
    for model, rows in ((Mailing, mailings), (DraftText, drafts)):
        for row_id, audience in tx.execute(rows.where(Mailing.event_id == event_id)).all():
            if str(guest_id) in (guests := audience.get("guests", ())):
                left = {**audience, "guests": [each for each in guests if each != str(guest_id)]}
                tx.execute(update(model).where(model.id == row_id).values(audience=left), execution_options=_QUIET)


def without(value: Any, words: Sequence[str]) -> Any:
    """`value` with each of `words` replaced, in upper or lower case, inside lists and objects too."""
    if isinstance(value, str):
        for word in words:
            value = re.sub(rf"(?<![\w.+-]){re.escape(word)}(?![\w-])", erased.WORD, value, flags=re.IGNORECASE)
        return value
    if isinstance(value, Mapping):
        return {without(name, words): without(inner, words) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without(inner, words) for inner in value]
    return value


def mentions(column: InstrumentedAttribute[Any], words: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a text, or JSON as it is written, contains one of the words; too many hits do no harm."""
    written = {form.lower() for word in words for form in (word, json.dumps(word)[1:-1])}
    return or_(False, *(holds(func.lower(cast(column, Text)), form) for form in written))
