"""Changing many guests at once, and undoing it. Statements work on sets, never guest by guest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, insert, literal, null, select, update
from sqlalchemy.orm import Session

from eventmail import records, value_parsing
from eventmail.db import Rows, fresh, transaction
from eventmail.db.sqlite import roomy
from eventmail.domain.guests import fields, filters
from eventmail.errors import InvalidInput, ListChanged, NotFound, NothingToDo, UndoOver
from eventmail.models import Guest, GuestBefore, GuestChange, GuestTag
from eventmail.states import ChangeKind, GuestStatus

UNDO_FOR = timedelta(days=1)
MOST_TICKED = 5000
_QUIETLY = {"synchronize_session": False}
_BEFORE, _TAGS = cast(Table, GuestBefore.__table__), cast(Table, GuestTag.__table__)


@dataclass(frozen=True)
class Ticked:
    """Guests by id. Ids from outside the event are ignored."""

    ids: tuple[int, ...]


@dataclass(frozen=True)
class Everybody:
    """All guests that a filter and a search find. The list showed `total` of them."""

    filter: filters.Filter
    q: str
    total: int


@dataclass(frozen=True)
class Undone:
    """How many guests have their old value again, and how many are left as they are, changed or removed meanwhile."""

    restored: int
    left: int


def change(event_id: int, chosen: Ticked | Everybody, kind: ChangeKind, value: str, by: records.Acting) -> int:
    """Give the chosen guests a status, or add or remove a tag. Returns the id of the change.

    Mails that wait for these guests go on (S6). Raises InvalidInput, ListChanged when the filter finds another number
    than the list showed, and NothingToDo when nobody would change.
    """
    value = _checked(kind, value)
    given: dict[str, Any] = {"event_id": event_id, "kind": kind, "value": value}
    with transaction() as tx:
        where, bound = _where(event_id, chosen)
        picked = tx.scalar(select(func.count()).select_from(Guest).where(*where), bound) or 0
        if isinstance(chosen, Everybody) and picked != chosen.total:
            raise ListChanged(
                f"{chosen.total} guests matched when you looked, now it is {picked}. Nobody was changed. "
                "Look at the list again."
            )
        if not picked:
            raise NothingToDo("None of these guests is on the list any more.")
        made = GuestChange(**given, picked=picked, changed=0, actor=by.name, created_at=by.now)
        tx.add(made)
        tx.flush()
        with roomy(tx):
            made.changed = _remember(tx, made, where, bound)
            if not made.changed:
                raise NothingToDo(_nobody(kind, value, picked))
            _apply(tx, made, by.now)
        subject = f"guest_change:{made.id}"
        records.audit(tx, by, "guests.changed", subject, **given, picked=picked, changed=made.changed)
        return made.id


def undo(event_id: int, change_id: int, by: records.Acting) -> Undone:
    """Undo a change, once, for the guests who still have what the change gave them.

    Raises UndoOver for a change that was undone or is too old, NotFound for one of another event.
    """
    with transaction() as tx:
        won = tx.scalars(
            update(GuestChange)
            .where(
                GuestChange.id == change_id,
                GuestChange.event_id == event_id,
                GuestChange.undone_at.is_(None),
                GuestChange.created_at > by.now - UNDO_FOR,
            )
            .values(undone_at=by.now, undone_by=by.name)
            .returning(GuestChange),
            execution_options={**_QUIETLY, "populate_existing": True},
        ).one_or_none()
        if won is None:
            found = get(event_id, change_id)
            said = f"{found.undone_by} undid this change already." if found.undone_at else "It is too long ago."
            raise UndoOver(f"{said} Nothing was changed.")
        with roomy(tx):
            restored = _restore(tx, won, by.now)
        done = Undone(restored, won.changed - restored)
        records.audit(tx, by, "guests.change_undone", f"guest_change:{won.id}", event_id=event_id, kind=won.kind,
                      value=won.value, restored=done.restored, left=done.left)  # fmt: skip
        return done


def get(event_id: int, change_id: int) -> GuestChange:
    """One change of this event. Raises NotFound."""
    mine = select(GuestChange).where(GuestChange.id == change_id, GuestChange.event_id == event_id)
    if (found := fresh().scalars(mine).one_or_none()) is None:
        raise NotFound
    return found


def can_be_undone(change: GuestChange, now: datetime) -> bool:
    """Whether `undo` still works."""
    return change.undone_at is None and change.created_at > now - UNDO_FOR


def _checked(kind: ChangeKind, value: str) -> str:
    if kind is ChangeKind.STATUS:
        if value in tuple(GuestStatus):
            return value
        message = f"“{value[:40]}” {fields.STATUS_COMPLAINT}" if value else "Choose a status first."
        raise InvalidInput.at("status", "INVALID_STATUS", message)
    tag = value_parsing.composed(fields.one_line(value))
    if complaint := fields.tags_complaint([tag]) if tag else "Type a tag first.":
        raise InvalidInput.at("tag", "INVALID_TAGS", complaint)
    return tag


def _nobody(kind: ChangeKind, value: str, picked: int) -> str:
    them = "This guest" if picked == 1 else f"Each of these {picked} guests"
    if kind is ChangeKind.STATUS:
        return f"{them} is {value} already."
    if kind is ChangeKind.ADD_TAG:
        return f"{them} has the tag “{value}” already, or {fields.MOST_TAGS} others."
    return f"{them} is without the tag “{value}” already."


def _where(event_id: int, chosen: Ticked | Everybody) -> tuple[list[ColumnElement[bool]], dict[str, Any]]:
    """The conditions on Guest, and the values that they bind."""
    if isinstance(chosen, Everybody):
        return list(filters.where(chosen.filter, len(fields.words(chosen.q)))), filters.values(event_id, chosen.q)
    if not chosen.ids:
        raise InvalidInput.at("guests", "REQUIRED", "Tick the guests first, or choose all that match.")
    if len(chosen.ids) > MOST_TICKED:
        raise InvalidInput.at("guests", "TOO_MANY", f"Tick at most {MOST_TICKED} guests, or choose all that match.")
    return [Guest.event_id == event_id, Guest.id.in_(chosen.ids)], {}


def _remember(tx: Session, made: GuestChange, where: Sequence[ColumnElement[bool]], bound: dict[str, Any]) -> int:
    """Store the old value of each guest who will change. Returns their number."""
    this = literal(made.id)
    had: Rows
    if made.kind == ChangeKind.STATUS:
        had = select(this, Guest.id, Guest.status).where(*where, Guest.status != made.value)
    elif made.kind == ChangeKind.ADD_TAG:
        untagged = ~_tagged(Guest.id, _spellings(tx, made.value))
        had = select(this, Guest.id, null()).where(*where, untagged, _room(Guest.id))
    else:
        had = (
            select(this, GuestTag.guest_id, func.min(GuestTag.tag))
            .where(GuestTag.guest_id.in_(select(Guest.id).where(*where)))
            .where(GuestTag.tag.in_(_spellings(tx, made.value)))
            .group_by(GuestTag.guest_id)
        )
    tx.execute(insert(_BEFORE).from_select(["change_id", "guest_id", "value"], had), bound)
    return tx.scalar(select(func.count()).where(GuestBefore.change_id == made.id)) or 0


def _apply(tx: Session, made: GuestChange, now: datetime) -> None:
    theirs = select(GuestBefore.guest_id).where(GuestBefore.change_id == made.id)
    values: dict[str, Any] = {"updated_at": now}
    if made.kind == ChangeKind.STATUS:
        values["status"] = made.value
    elif made.kind == ChangeKind.ADD_TAG:
        tx.execute(insert(_TAGS).from_select(["guest_id", "tag"], theirs.add_columns(literal(made.value))))
    else:
        tx.execute(delete(_TAGS).where(_TAGS.c.guest_id.in_(theirs), _TAGS.c.tag.in_(_spellings(tx, made.value))))
    tx.execute(update(Guest).where(Guest.id.in_(theirs)).values(values), execution_options=_QUIETLY)


def _restore(tx: Session, made: GuestChange, now: datetime) -> int:
    """Restore the guests who still have what the change gave them. Returns their number."""
    guest_id = _BEFORE.c.guest_id
    still: ColumnElement[bool]
    if made.kind == ChangeKind.STATUS:
        still = exists().where(Guest.id == guest_id, Guest.status == made.value)
    elif made.kind == ChangeKind.ADD_TAG:
        still = _tagged(guest_id, [made.value])
    else:
        still = and_(~_tagged(guest_id, _spellings(tx, made.value)), _room(guest_id))
    tx.execute(update(_BEFORE).where(_BEFORE.c.change_id == made.id, still).values(restored=True))
    won = select(GuestBefore.guest_id).where(GuestBefore.change_id == made.id, GuestBefore.restored)
    values: dict[str, Any] = {"updated_at": now}
    if made.kind == ChangeKind.STATUS:
        had = select(GuestBefore.value).where(GuestBefore.change_id == made.id, GuestBefore.guest_id == Guest.id)
        values["status"] = had.scalar_subquery()
    elif made.kind == ChangeKind.ADD_TAG:
        tx.execute(delete(_TAGS).where(_TAGS.c.guest_id.in_(won), _TAGS.c.tag == made.value))
    else:
        tx.execute(insert(_TAGS).from_select(["guest_id", "tag"], won.add_columns(GuestBefore.value)))
    tx.execute(update(Guest).where(Guest.id.in_(won)).values(values), execution_options=_QUIETLY)
    return tx.scalar(select(func.count()).select_from(won.subquery())) or 0


def _spellings(tx: Session, tag: str) -> list[str]:
    """Every spelling of this tag in use. Case and Unicode form make no other tag, see `guests.fields.distinct_tags`."""
    known, key = tx.scalars(select(GuestTag.tag).distinct()), value_parsing.name_key(tag)
    return [tag, *(other for other in known if other != tag and value_parsing.name_key(other) == key)]


def _tagged(guest_id: Any, spellings: Sequence[str]) -> ColumnElement[bool]:
    return exists().where(GuestTag.guest_id == guest_id, GuestTag.tag.in_(spellings))


def _room(guest_id: Any) -> ColumnElement[bool]:
    """Whether the guest has fewer than MOST_TAGS tags."""
    theirs = select(GuestTag.tag).where(GuestTag.guest_id == guest_id)
    return ~theirs.offset(fields.MOST_TAGS - 1).limit(1).exists()
