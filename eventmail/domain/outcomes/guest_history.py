"""One guest's history: messages, reports of mail services, and changes to the guest."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from eventmail import addresses
from eventmail.db import fresh, paging
from eventmail.domain.guests.listing import Detailed
from eventmail.domain.mailings import query
from eventmail.domain.outcomes import outcome_of
from eventmail.models import AuditEntry, EmailEvent, Exclusion, GuestBefore, GuestChange, Mailing, Recipient


@dataclass(frozen=True, slots=True)
class Changed:
    """The guest's part in a change of many; `had` is the value before, None for a missing tag."""

    change: GuestChange
    had: str | None
    restored: bool  # by the undo of the change


What = outcome_of.Story | outcome_of.News | AuditEntry | Changed


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the history: a message, a report of a mail service, an entry of the log, or a change."""

    at: datetime
    what: What


def history(event_id: int, guest: Detailed, *, page: int = 1, size: int = 50) -> paging.Page[Moment]:
    """One page, newest first. The number of queries does not grow with the history."""
    session = fresh()
    everything = union_all(*_parts(event_id, guest)).subquery()
    total = session.scalar(select(func.count()).select_from(everything)) or 0
    number = paging.existing(page, size, total)
    newest = select(everything).order_by(everything.c.at.desc(), everything.c.kind, everything.c.id.desc())
    rows = session.execute(newest.limit(size).offset((number - 1) * size)).all()
    ids = {kind: [row.id for row in rows if row.kind == kind] for kind in ("message", "news", "log", "change")}
    found: dict[str, dict[int, What]] = {
        "message": {story.mailing_id: story for story in _messages(session, event_id, ids["message"], guest.id)},
        "news": dict(_news(session, ids["news"])),
        "log": {entry.id: entry for entry in session.scalars(select(AuditEntry).where(AuditEntry.id.in_(ids["log"])))},
        "change": dict(_changes(session, ids["change"])),
    }
    return paging.Page([Moment(row.at, found[row.kind][row.id]) for row in rows], number, size, total)


def _parts(event_id: int, guest: Detailed) -> Iterable[Select[str, int, datetime]]:
    """(kind, id, at) of all entries, each kind along an index."""
    got = select(Recipient.mailing_id).where(Recipient.guest_id == guest.id)
    left_out = select(Exclusion.mailing_id).where(Exclusion.guest_id == guest.id)
    columns = literal("message").label("kind"), Mailing.id.label("id"), Mailing.created_at.label("at")
    messages = query.newest_first(event_id).order_by(None).with_only_columns(*columns)
    yield messages.where(Mailing.id.in_(got.union_all(left_out)))
    address = addresses.normalized(guest.email) if guest.email else ""
    yield select(literal("news"), EmailEvent.id, EmailEvent.at).where(
        EmailEvent.address == address, EmailEvent.event_id == event_id
    )
    yield select(literal("log"), AuditEntry.id, AuditEntry.at).where(
        AuditEntry.subject == f"guest:{guest.id}", AuditEntry.event_id == event_id
    )
    change = select(literal("change"), GuestBefore.id, GuestChange.created_at)
    yield change.join(GuestChange, GuestChange.id == GuestBefore.change_id).where(GuestBefore.guest_id == guest.id)


def _messages(session: Session, event_id: int, mailing_ids: list[int], guest_id: int) -> list[outcome_of.Story]:
    rows = session.execute(query.newest_first(event_id).where(Mailing.id.in_(mailing_ids)))
    return outcome_of.told(session, [(row[0], row[1]) for row in rows], outcome_of.Whose((guest_id,), None))


def _news(session: Session, ids: list[int]) -> Iterable[tuple[int, outcome_of.News]]:
    for event in session.scalars(select(EmailEvent).where(EmailEvent.id.in_(ids))):
        yield event.id, outcome_of.News(event.kind, event.detail, event.at, event.practice)


def _changes(session: Session, ids: list[int]) -> Iterable[tuple[int, Changed]]:
    rows = select(GuestBefore, GuestChange).join(GuestChange, GuestChange.id == GuestBefore.change_id)
    for before, change in session.execute(rows.where(GuestBefore.id.in_(ids))):
        yield before.id, Changed(change, before.value, before.restored)
