"""Creating, editing, finding and listing events."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from eventmail import addresses, records, signing
from eventmail.db import fresh, sql, transaction
from eventmail.domain import edit_guard
from eventmail.domain.events import times
from eventmail.errors import EventArchived, FieldError, InvalidInput, NotFound
from eventmail.models import Event, EventMember, User
from eventmail.models.account import Role
from eventmail.models.event import LONGEST_REMINDER
from eventmail.value_parsing import folded

_SIGNIFICANT = frozenset({
    "title", "location", "timezone", "starts_wall", "starts_fold", "ends_wall", "ends_fold", "all_day", "description",
    "url",
})  # fmt: skip
_LABELS = {
    "title": "Title", "description": "Description", "location": "Location", "timezone": "Time zone", "url": "Web page",
    "sender_name": "Sender name", "reply_to": "The address for answers", "starts_at": "The start",
    "starts_fold": "Which start", "ends_at": "The end", "ends_fold": "Which end", "all_day": "All day",
    "busy": "The time in calendars", "reminder_minutes": "The reminder",
}  # fmt: skip
_LONGEST = {"title": 200, "location": 300, "url": 500, "sender_name": 100, "description": 5000}
_CLEARED = {
    "starts_wall": None, "starts_fold": None, "ends_wall": None, "ends_fold": None, "all_day": False, "busy": True,
    "reminder_minutes": None,
}  # fmt: skip  # "" for the other fields


def visible_to(user: User) -> Select[Event]:
    """The statement for the events `user` may see: open ones, and restricted ones as a member or an owner."""
    return select(Event) if user.role == Role.OWNER else select(Event).where(_open_to(user.id))


def visible(event_id: int, user: User) -> Event:
    """One event. Raises NotFound when it is missing or hidden from `user`; the two look alike on purpose."""
    statement, bound = _ANY if user.role == Role.OWNER else _OPEN, {"event": event_id, "user": user.id}
    if (found := fresh().scalars(statement, bound).one_or_none()) is None:
        raise NotFound
    return found


def _open_to(user_id: int | BindParameter[int]) -> ColumnElement[bool]:
    mine = select(EventMember.event_id).where(EventMember.user_id == user_id)
    return or_(Event.restricted.is_(False), Event.id.in_(mine))


# built once, since every page of an event runs one of them
_ANY = select(Event).where(Event.id == bindparam("event"))
_OPEN = _ANY.where(_open_to(bindparam("user")))


def listed(user: User, *, archived: bool | None, q: str = "") -> Select[Event]:
    """The statement for the events `user` may see, the newest first; both current and archived ones for None.

    `q` is part of the title or the location.
    """
    statement = visible_to(user).order_by(Event.id.desc())
    if archived is not None:
        statement = statement.where(Event.archived_at.is_not(None) if archived else Event.archived_at.is_(None))
    if q:
        found = (sql.folded(column).contains(folded(q), autoescape=True) for column in (Event.title, Event.location))
        statement = statement.where(or_(*found))
    return statement


def counts(user: User) -> tuple[int, int]:
    """(current, archived) events that `user` may see."""
    archived = func.count(Event.archived_at)
    row = fresh().execute(visible_to(user).with_only_columns(func.count() - archived, archived)).one()
    return row[0], row[1]


def refuse_archived(session: Session, event_id: int) -> None:
    """Raise EventArchived for an archived event. Every command that queues a mail calls this in its transaction."""
    if session.scalar(select(Event.id).where(Event.id == event_id, Event.archived_at.is_not(None))):
        raise EventArchived


def usual_timezone(user: User) -> str:
    """The time zone of the newest event that `user` may see, as a first guess for the next. "" without one."""
    return fresh().scalar(visible_to(user).with_only_columns(Event.timezone).order_by(Event.id.desc()).limit(1)) or ""


def create(values: Mapping[str, Any], by: records.Acting) -> int:
    """Add an event that is open to the whole team. Returns its id.

    `values` are as in `edit`; `title` and `timezone` are needed.
    """
    with transaction() as tx:
        return add(tx, values, by).id


def add(tx: Session, values: Mapping[str, Any], by: records.Acting, *, restricted: bool = False) -> Event:
    """Add an event. Runs in the caller's transaction."""
    blank = {"timezone": "UTC", "all_day": False, "busy": True, "reply_to": "", **dict.fromkeys(_LONGEST, "")}
    made = {"created_by": by.user_id, "created_at": by.now, "updated_at": by.now}
    names = {"ics_secret": signing.new_token(), "ics_uid": f"{uuid4()}@eventmail"}
    event = Event(**blank, **made, **names, restricted=restricted)
    _apply(event, values)
    tx.add(event)
    tx.flush()
    after = {name: value for name, value in _state(event).items() if value}
    records.audit(tx, by, "event.created", f"event:{event.id}", event_id=event.id, after=after)
    return event


def texts(event: Event) -> dict[str, str]:
    """The texts of the form of an event's settings, by field."""
    names = ("title", "description", "location", "timezone", "url", "sender_name", "reply_to")
    return {
        **{name: getattr(event, name).replace("\r\n", "\n") for name in names},
        **times.texts(event),
        "all_day": "yes" if event.all_day else "",
        "busy": "yes" if event.busy else "no",
        "reminder_minutes": str(event.reminder_minutes or ""),
    }


def edit(event_id: int, values: Mapping[str, Any], by: records.Acting, *, fingerprints: str = "") -> None:
    """Change the given fields. None clears a field.

    `values`: title, description, location, timezone (IANA), starts_wall and ends_wall (naive wall times), starts_fold
    and ends_fold, all_day, url, sender_name, reply_to, busy, reminder_minutes. A fold is forgotten with the time or
    zone it was chosen for.
    `fingerprints` come from the form. Raises InvalidInput, InvalidTimezone, NonexistentTime, AmbiguousTime, and
    Overtaken when the event has changed since the form was opened.
    """
    with transaction() as tx:
        event = tx.get_one(Event, event_id)
        now = texts(event)
        shown = {name: now[name].replace("T", " ") for name in ("starts_at", "ends_at")}
        shown |= {**times.fold_words(event), "all_day": now["all_day"] or "no", "busy": _taken(event)}
        edit_guard.refuse(tx, fingerprints, now, _LABELS, shown, changed_at=event.updated_at, event_id=event_id, by=by)
        before = _state(event)
        _apply(event, values)
        changed = edit_guard.difference(before, dict(sorted(_state(event).items())))
        if not changed:
            return
        if not _SIGNIFICANT.isdisjoint(changed["after"]):
            event.ics_sequence += 1  # RFC 5545 3.8.7.4: calendars take a change only with a higher number
        event.updated_at = by.now
        records.audit(tx, by, "event.edited", f"event:{event.id}", event_id=event.id, **changed)


def _state(event: Event) -> dict[str, Any]:
    names = ("title", "description", "location", "timezone", "starts_wall", "ends_wall", "all_day", "url",
             "sender_name", "reply_to", "busy", "reminder_minutes")  # fmt: skip
    state = {name: v.isoformat() if isinstance(v := getattr(event, name), datetime) else v for name in names}
    return state | times.fold_words(event)


def _taken(event: Event) -> str:
    return "taken" if event.busy else "free"


def _apply(event: Event, values: Mapping[str, Any]) -> None:
    before = times.chosen(event)
    for name, value in values.items():
        setattr(event, name, _CLEARED.get(name, "") if value is None else value)
    wrong = [
        FieldError(name, "TOO_LONG", f"Please keep this below {longest} characters.")
        for name, longest in _LONGEST.items()
        if len(getattr(event, name)) > longest
    ]
    if not event.title.strip():
        wrong.append(FieldError("title", "REQUIRED", "An event needs a title."))
    if event.url and not re.fullmatch(r"https?://[^\s<>\"]+", event.url):
        wrong.append(FieldError("url", "INVALID_URL", "The event page must start with https:// or http://."))
    if event.reminder_minutes is not None and not 1 <= event.reminder_minutes <= LONGEST_REMINDER:
        message = "A reminder rings at least 1 minute and at most 4 weeks before the event."
        wrong.append(FieldError("reminder_minutes", "INVALID_REMINDER", message))
    if wrong:
        raise InvalidInput(fields=wrong)
    if event.reply_to:
        event.reply_to = addresses.checked(event.reply_to, field="reply_to")
    times.settle(event, before, values)
