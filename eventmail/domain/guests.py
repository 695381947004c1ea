"""Guests: the list with its filters, one guest, add, edit, delete. Every query is scoped by the event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from eventmail import records
from eventmail.db import Page, fresh, transaction
from eventmail.domain import guest_fields, guest_values, heirs
from eventmail.errors import NotFound
from eventmail.models import EVERYWHERE, Guest, GuestTag, Recipient, Suppression
from eventmail.records import Acting
from eventmail.states import GuestStatus, Reason, RecipientState, SuppressionReason


class Filter(StrEnum):
    """What the list can be narrowed to: an RSVP status, or what the do-not-mail list says of the address (F1)."""

    ALL = "all"
    INVITED = "invited"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"


# of two entries for one address the first of these is named, in the order of rule A2
_RANK = {
    SuppressionReason.HARD_BOUNCE: Reason.BOUNCED,
    SuppressionReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT: Reason.SUPPRESSED,
    SuppressionReason.MANUAL: Reason.SUPPRESSED,
    SuppressionReason.IMPORT: Reason.SUPPRESSED,
}
_SHOWN = (Guest.id, Guest.email, Guest.address, Guest.first_name, Guest.last_name, Guest.status, Guest.attributes)


@dataclass(frozen=True, slots=True)
class Listed:
    """A guest as lists and pages show it.

    `suppressed` is the reason on the do-not-mail list; `shares_with` names another guest with the same address (A7)
    and `sharers` says how many others there are.
    """

    id: int
    email: str | None
    first_name: str
    last_name: str
    status: GuestStatus
    tags: tuple[str, ...]
    attributes: Mapping[str, str]
    suppressed: SuppressionReason | None
    shares_with: str | None
    sharers: int

    @property
    def full_name(self) -> str:
        return _full(self.first_name, self.last_name)

    @property
    def reason(self) -> Reason | None:
        """Why mail does not reach the address, as exclusions word it (A2)."""
        return _RANK[self.suppressed] if self.suppressed else None


def listing(
    event_id: int, status: Filter = Filter.ALL, q: str = "", *, page: int = 1, size: int = 50, total: int | None = None
) -> Page[Listed]:
    """One page of the event's guests by name; past the end is the last page (D2).

    5 queries, whatever the number of rows; 4 with the `total` that `counts` found.
    """
    where = _matching(event_id, status, q)
    if total is None:
        total = fresh().scalar(select(func.count()).select_from(Guest).where(*where)) or 0
    number = min(max(page, 1), max(1, -(-total // size)))
    found = select(*_SHOWN).where(*where).order_by(Guest.search_key, Guest.id)
    rows = fresh().execute(found.limit(size).offset((number - 1) * size)).all()
    return Page(_listed(event_id, rows), number, size, total)


def has_any(event_id: int) -> bool:
    """Whether the event has a guest at all."""
    return fresh().scalar(select(exists().where(Guest.event_id == event_id))) or False


def counts(event_id: int, q: str = "") -> dict[Filter, int]:
    """How many guests each filter finds together with this search; 2 queries."""
    session = fresh()
    statuses = dict(
        session.execute(
            select(Guest.status, func.count()).where(*_matching(event_id, Filter.ALL, q)).group_by(Guest.status)
        ).all()
    )
    listed, bounced = session.execute(
        select(func.count(), func.count().filter(_on_list(event_id, SuppressionReason.HARD_BOUNCE))).where(
            *_matching(event_id, Filter.ALL, q), _on_list(event_id)
        )
    ).one()
    return {
        Filter.ALL: sum(statuses.values()),
        **{Filter(status): statuses.get(status, 0) for status in GuestStatus},
        Filter.BOUNCED: bounced,
        Filter.SUPPRESSED: listed - bounced,
    }


def get(event_id: int, guest_id: int) -> Listed:
    """One guest of this event, or NotFound."""
    found = fresh().execute(select(*_SHOWN).where(Guest.event_id == event_id, Guest.id == guest_id)).all()
    if not found:
        raise NotFound
    return _listed(event_id, found)[0]


def waiting(event_id: int, guest_id: int) -> int:
    """How many mails to this guest are queued and would be cancelled with them (S6)."""
    mine = select(Guest.id).where(Guest.event_id == event_id, Guest.id == guest_id)
    queued = (Recipient.guest_id.in_(mine), Recipient.state == RecipientState.QUEUED)
    return fresh().scalar(select(func.count()).select_from(Recipient).where(*queued)) or 0


def columns(event_id: int) -> list[str]:
    """The names of the event's further columns, in the order they came; each is a merge field (C1)."""
    return guest_values.columns(fresh(), event_id)


def add(event_id: int, values: Mapping[str, Any], by: Acting) -> int:
    """A new guest: its id. `values` as in `edit`; without a status they are invited."""
    with transaction() as tx:
        guest = Guest(
            event_id=event_id, status=GuestStatus.INVITED, first_name="", last_name="", attributes={}, search_key="",
            created_at=by.now, updated_at=by.now,
        )  # fmt: skip
        guest_values.apply(tx, guest, values)
        tx.add(guest)
        tx.flush()
        records.audit(tx, by, "guest.added", f"guest:{guest.id}", event_id=event_id, after=guest_values.state(guest))
        return guest.id


def edit(event_id: int, guest_id: int, values: Mapping[str, Any], by: Acting) -> None:
    """Change the given fields; None clears (the status: back to invited).

    `values`: email, first_name, last_name, status, tags (all of them), attributes (name to text; those not named
    stay, None or "" takes one away). Raises NotFound, InvalidInput; then nothing is changed.
    """
    with transaction() as tx:
        guest = _load(tx, event_id, guest_id)
        before = guest_values.state(guest)
        guest_values.apply(tx, guest, values)
        after = guest_values.state(guest)
        changed = [name for name in after if after[name] != before[name]]
        if not changed:
            return
        guest.updated_at = by.now
        records.audit(
            tx, by, "guest.edited", f"guest:{guest.id}", event_id=event_id,
            before={name: before[name] for name in changed}, after={name: after[name] for name in changed},
        )  # fmt: skip


def delete(event_id: int, guest_id: int, by: Acting) -> int:
    """Remove a guest and, in the same transaction, cancel the mails waiting for them (S6): how many those were.

    A mail that waits for somebody at the same address too goes on, to them.
    """
    with transaction() as tx:
        guest = _load(tx, event_id, guest_id)
        heirs.pass_on(tx, guest)
        cancelled = records.leave_queue(
            tx, [Recipient.guest_id == guest.id], RecipientState.CANCELLED, "guest deleted", by.now
        )
        records.audit(
            tx, by, "guest.deleted", f"guest:{guest.id}", event_id=event_id,
            before=guest_values.state(guest), cancelled=len(cancelled),
        )  # fmt: skip
        tx.delete(guest)
        return len(cancelled)


def _load(tx: Session, event_id: int, guest_id: int) -> Guest:
    found = tx.scalars(select(Guest).where(Guest.event_id == event_id, Guest.id == guest_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def _full(first_name: str, last_name: str) -> str:
    return f"{first_name} {last_name}".strip()


def _on_list(event_id: int, *reasons: SuppressionReason) -> ColumnElement[bool]:
    """Whether the guest's address is on the do-not-mail list, of the installation or of this event (F1).

    Not an EXISTS for each guest: the list is much shorter than the guest list.
    """
    listed = select(Suppression.address).where(Suppression.scope.in_([EVERYWHERE, str(event_id)]))
    return Guest.address.in_(listed.where(Suppression.reason.in_(reasons)) if reasons else listed)


def _matching(event_id: int, status: Filter, q: str) -> list[ColumnElement[bool]]:
    where = [Guest.event_id == event_id]
    where += [Guest.search_key.contains(word, autoescape=True) for word in guest_fields.words(q)]
    if status is Filter.BOUNCED:
        where.append(_on_list(event_id, SuppressionReason.HARD_BOUNCE))
    elif status is Filter.SUPPRESSED:
        where += [_on_list(event_id), ~_on_list(event_id, SuppressionReason.HARD_BOUNCE)]
    elif status is not Filter.ALL:
        where.append(Guest.status == status)
    return where


def _listed(event_id: int, rows: Sequence[Any]) -> list[Listed]:
    """The rows with their tags, their places on the do-not-mail list and whom they share an address with; 3 queries."""
    session = fresh()
    tags: dict[int, list[str]] = {}
    chosen = select(GuestTag.guest_id, GuestTag.tag).where(GuestTag.guest_id.in_([row.id for row in rows]))
    for guest_id, tag in session.execute(chosen.order_by(GuestTag.tag)):
        tags.setdefault(guest_id, []).append(tag)
    theirs = {row.address for row in rows if row.address}
    reasons = _reasons(session, event_id, theirs)
    sharers = _sharers(session, event_id, theirs)
    out = []
    for row in rows:
        number, named = sharers.get(row.address, (1, {}))
        other = next((name for guest_id, name in named.items() if guest_id != row.id), None)
        out.append(
            Listed(
                row.id,
                row.email,
                row.first_name,
                row.last_name,
                GuestStatus(row.status),
                tuple(tags.get(row.id, ())),
                row.attributes,
                reasons.get(row.address),
                other,
                number - 1,
            )
        )
    return out


def _reasons(session: Session, event_id: int, theirs: set[str]) -> dict[str, SuppressionReason]:
    found = select(Suppression.address, Suppression.reason).where(
        Suppression.address.in_(theirs), Suppression.scope.in_([EVERYWHERE, str(event_id)])
    )
    order = list(_RANK)
    reasons: dict[str, SuppressionReason] = {}
    for address, word in session.execute(found):
        reason = SuppressionReason(word)
        reasons[address] = min(reason, reasons.get(address, reason), key=order.index)
    return reasons


def _sharers(session: Session, event_id: int, theirs: set[str]) -> dict[str, tuple[int, dict[int, str]]]:
    """For each address that several guests have: how many, and the names of the oldest and the newest by id."""
    shared = (
        select(func.min(Guest.id).label("oldest"), func.max(Guest.id).label("newest"), func.count().label("number"))
        .where(Guest.event_id == event_id, Guest.address.in_(theirs))
        .group_by(Guest.address)
        .having(func.count() > 1)
        .subquery()
    )
    found = select(Guest.address, shared.c.number, Guest.id, Guest.first_name, Guest.last_name).join(
        shared, or_(Guest.id == shared.c.oldest, Guest.id == shared.c.newest)
    )
    sharers: dict[str, tuple[int, dict[int, str]]] = {}
    for address, number, guest_id, first, last in session.execute(found.order_by(Guest.id)):
        sharers.setdefault(address or "", (number, {}))[1][guest_id] = _full(first, last) or "a guest without a name"
    return sharers
