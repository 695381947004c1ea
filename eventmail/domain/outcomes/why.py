"""Why did somebody not get it? The outcome of each message for an address or a name (F4)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from eventmail import addresses, value_parsing
from eventmail.db import fresh, paging, sql
from eventmail.domain.guests import listing
from eventmail.domain.mailings import query
from eventmail.domain.outcomes import outcome_of
from eventmail.domain.suppressions import erased_addresses, reasons
from eventmail.models import AuditEntry, Guest, GuestBefore, GuestChange, Mailing, Recipient, Suppression
from eventmail.models.guest import NO_NAME, full_name
from eventmail.states import ChangeKind, GuestStatus, SuppressionReason

MOST_CANDIDATES = 20
Until = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Person:
    """A guest of the event. `status_before` are (until when, status), as far as the log tells."""

    id: int
    name: str
    email: str | None
    status: GuestStatus
    added_at: datetime
    status_before: tuple[Until, ...]

    def status_at(self, instant: datetime) -> str | None:
        """The status the guest had then, as far as the log tells; None before they were on the list."""
        if instant < self.added_at:
            return None
        return next((status for until, status in self.status_before if instant < until), self.status)


@dataclass(frozen=True, slots=True)
class OnList:
    """An entry of the do-not-mail list; `scope` as in `models.suppression`."""

    reason: SuppressionReason
    scope: str
    source: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Removed:
    """A guest with this address who was taken off the guest list."""

    name: str
    at: datetime
    actor: str


@dataclass(frozen=True)
class Answer:
    """The answer about one person, or `candidates` when a name finds several guests, with `more` beyond them."""

    asked: str
    address: str | None = None  # normalized; None for a guest without one, and for a name of nobody or several
    people: tuple[Person, ...] = ()
    candidates: tuple[listing.Listed, ...] = ()
    more: int = 0
    on_list: tuple[OnList, ...] = ()
    removed: tuple[Removed, ...] = ()
    stories: paging.Page[outcome_of.Story] = field(default_factory=lambda: paging.Page([], 1, 1, 0))
    unknown: bool = False  # never a guest, never mailed, not on the list; then there are no stories


def why(event_id: int, asked: str, guest_id: int | None = None, *, page: int = 1, size: int = 20) -> Answer:
    """Answer about an address in any spelling, a name or a part of one, or one guest of the event, else NotFound."""
    asked = " ".join(asked.split())
    if guest_id is not None:
        chosen = listing.get(event_id, guest_id)
        asked = asked or chosen.full_name or chosen.email or ""
        address = addresses.normalized(chosen.email) if chosen.email else None
        return _answer(event_id, Answer(asked, address), guest_id, page, size)
    if addresses.is_valid(asked):
        return _answer(event_id, Answer(asked, addresses.normalized(asked)), None, page, size)
    found = listing.listing(event_id, q=asked, size=MOST_CANDIDATES)
    if found.total == 1:
        return why(event_id, asked, found.items[0].id, page=page, size=size)
    return Answer(asked, candidates=tuple(found.items), more=found.total - len(found.items), unknown=not found.total)


def on_list(event_id: int, email: str | None) -> tuple[OnList, ...]:
    """The entries that keep an address from an event's mail, the oldest first."""
    return _on_list(fresh(), event_id, addresses.normalized(email) if email else None)


def _answer(event_id: int, known: Answer, guest_id: int | None, page: int, size: int) -> Answer:
    session = fresh()
    people = _people(session, event_id, known.address, guest_id)
    on_list, removed = _on_list(session, event_id, known.address), _removed(session, event_id, known)
    messages = query.newest_first(event_id)
    total = session.scalar(select(func.count()).select_from(messages.order_by(None).subquery())) or 0
    number = paging.existing(page, size, total)
    rows = session.execute(messages.limit(size).offset((number - 1) * size)).all()
    whose = outcome_of.Whose(tuple(person.id for person in people), known.address)
    told = outcome_of.told(session, [(row[0], row[1]) for row in rows], whose)
    unknown = not (people or on_list or removed) and not _was_mailed(session, event_id, known.address)
    return Answer(
        known.asked, known.address, people, on_list=on_list, removed=removed,
        stories=paging.Page([] if unknown else told, number, size, 0 if unknown else total), unknown=unknown,
    )  # fmt: skip


def _people(session: Session, event_id: int, address: str | None, guest_id: int | None) -> tuple[Person, ...]:
    """The guests at the address, or the one without any."""
    meant = Guest.address == address if address else Guest.id == guest_id
    columns = (Guest.id, Guest.first_name, Guest.last_name, Guest.email, Guest.status, Guest.created_at)
    here = select(*columns).where(Guest.event_id == event_id, meant).order_by(Guest.id)
    rows = session.execute(here.limit(MOST_CANDIDATES)).all()
    before = _statuses_before(session, event_id, [row.id for row in rows])
    return tuple(
        Person(
            row.id, full_name(row.first_name, row.last_name) or NO_NAME, row.email, GuestStatus(row.status),
            row.created_at, tuple(sorted(before.get(row.id, ()))),
        )
        for row in rows
    )  # fmt: skip


def _statuses_before(session: Session, event_id: int, guest_ids: Sequence[int]) -> Mapping[int, Sequence[Until]]:
    """(until when, status) of each guest: edited alone, changed with many others, or given back by an undo."""
    found: dict[int, list[Until]] = defaultdict(list)
    subjects = {f"guest:{guest_id}": guest_id for guest_id in guest_ids}
    edits = select(AuditEntry.subject, AuditEntry.at, AuditEntry.detail).where(
        AuditEntry.subject.in_(subjects), AuditEntry.event_id == event_id, AuditEntry.action == "guest.edited"
    )
    for subject, at, detail in session.execute(edits):
        if "status" in (before := _mapping(detail.get("before"))):
            found[subjects[subject]].append((at, str(before["status"])))
    bulk = (
        select(GuestBefore.guest_id, GuestBefore.value, GuestBefore.restored, GuestChange)
        .join(GuestChange, GuestChange.id == GuestBefore.change_id)
        .where(GuestBefore.guest_id.in_(guest_ids), GuestChange.kind == ChangeKind.STATUS)
    )
    for guest_id, value, restored, change in session.execute(bulk):
        found[guest_id].append((change.created_at, value or change.value))
        if restored and change.undone_at:
            found[guest_id].append((change.undone_at, change.value))
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _on_list(session: Session, event_id: int, address: str | None) -> tuple[OnList, ...]:
    here = Suppression.scope.in_(reasons.scopes_of(event_id))
    rows = session.scalars(select(Suppression).where(erased_addresses.same(Suppression.address, address or ""), here))
    return tuple(
        OnList(SuppressionReason(row.reason), row.scope, row.source, row.created_at)
        for row in sorted(rows, key=lambda row: row.created_at)
    )


def _removed(session: Session, event_id: int, known: Answer) -> tuple[Removed, ...]:
    """The removed guests with this address, from the log, which keeps the address as it was typed."""
    if not known.address:
        return ()
    email = sql.folded(AuditEntry.detail["before"]["email"].as_string())
    alike = {value_parsing.folded(spelling) for spelling in (known.address, addresses.spelled(known.asked))}
    rows = session.execute(
        select(AuditEntry.at, AuditEntry.actor, AuditEntry.detail)
        .where(AuditEntry.event_id == event_id, AuditEntry.action == "guest.deleted", email.in_(alike))
        .order_by(AuditEntry.id.desc())
    )
    found = []
    for at, actor, detail in rows:
        before = _mapping(detail.get("before"))
        if addresses.normalized(before["email"]) == known.address:  # two mailboxes may have the same folded form
            name = full_name(before.get("first_name", ""), before.get("last_name", ""))
            found.append(Removed(name or NO_NAME, at, actor))
    return tuple(found[:MOST_CANDIDATES])


def _was_mailed(session: Session, event_id: int, address: str | None) -> bool:
    same = erased_addresses.same(Recipient.address, address or "")
    mine = select(Recipient.id).join(Mailing).where(Mailing.event_id == event_id, same)
    return session.scalar(mine.limit(1)) is not None
