"""Importing a guest list: read first, then match, create and update in one transaction.

`import_match` says whom a row means. A column the file lacks is never changed, a blank cell erases nothing, a tag is
added and never taken away, and the do-not-mail list is not touched.
"""

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import Insert, Update, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from eventmail import readings, records
from eventmail.db import fresh, roomy, transaction
from eventmail.domain import addresses, guest_csv, guest_fields, guest_rows, guest_values
from eventmail.domain.guest_csv import GUESSED, Reading, Sheet
from eventmail.domain.guest_rows import Entry, Rejected
from eventmail.domain.import_match import Known, Matcher
from eventmail.domain.import_report import MOST_SHOWN, Change, Line, Report, Shown
from eventmail.models import Guest, GuestTag
from eventmail.models.guest import full_name
from eventmail.records import Acting
from eventmail.states import GuestStatus

Tell = Callable[[str, int, int], None]  # hears what is done ("reading", "writing"), how much of it, of how much
READING, WRITING = "reading", "writing"
_GUESTS: Any = Guest.__table__
_TAGS: Any = GuestTag.__table__
_AT_ONCE = 10_000
# one guest as written, in this order; the attributes are JSON text already
_WRITTEN = ("email", "address", "reserved", "first_name", "last_name", "status", "attributes", "search_key")
Values = tuple[str | None, str | None, bool, str, str, str, str, str]


@dataclass
class _Plan:
    """What is to be written: values of new guests with their tags, (values…, id) of changed ones, added tags."""

    new: list[Values] = field(default_factory=list)
    new_tags: list[tuple[int, Sequence[str]]] = field(default_factory=list)  # by place in `new`
    changed: list[tuple[Any, ...]] = field(default_factory=list)
    tags: list[tuple[int, str]] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0
    status_changes: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    shown: Shown = field(default_factory=Shown)

    def report(self) -> Report:
        """The report of this plan."""
        rejected = sorted(self.rejected)
        return Report(len(self.new), self.updated, self.unchanged, rejected, self.status_changes, self.shown)


def run(
    event_id: int,
    data: bytes,
    by: Acting,
    dry_run: bool = False,
    *,
    reading: Reading = GUESSED,
    tell: Tell = lambda _what, _done, _of: None,
) -> Report:
    """Import the CSV file `data`; good rows land, the others are reported. A dry run writes nothing at all.

    `reading` is what people said about the file, see `guest_csv`. Raises InvalidInput or TooLarge when the file as a
    whole cannot be read; nothing is changed then.
    """
    with _without_collecting():
        sheet = guest_csv.read(data, reading, lambda done, of: tell(READING, done, of))
        if dry_run:
            return _planned(fresh(), event_id, sheet).report()
        with transaction() as tx:
            plan = _planned(tx, event_id, sheet)
            guest_values.record_columns(tx, event_id, sheet.columns)
            _write(tx, event_id, plan, by, tell)
            report = plan.report()
            records.audit(
                tx, by, "guests.imported", f"event:{event_id}", event_id=event_id, created=report.created,
                updated=report.updated, unchanged=report.unchanged, rejected=len(report.rejected),
            )  # fmt: skip
        return report


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Rows hold no cycles, yet the collector would walk over all of them again and again: a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _planned(session: Session, event_id: int, sheet: Sheet) -> _Plan:
    placed, _ = guest_values.placed_columns(guest_values.columns(session, event_id), sheet.columns)
    renamed = any(name != place for name, place in placed.items())
    matcher = Matcher(session, event_id, sheet)
    tags = _tags(session, event_id)
    plan = _Plan(rejected=list(sheet.rejected))
    shown = plan.shown
    for entry in sheet.rows:
        found = matcher.find(entry)
        if isinstance(found, Rejected):
            plan.rejected.append(found)
            continue
        attributes = _renamed(entry.attributes, placed) if renamed else entry.attributes
        if found is None:
            if entry.tags:
                plan.new_tags.append((len(plan.new), entry.tags))
            plan.new.append(_created(entry, attributes))
            if len(shown.new) < MOST_SHOWN:
                shown.new.append(_line(entry, (Change("Status", "", entry.status or GuestStatus.INVITED),)))
            continue
        theirs = tags.get(found.id, ())
        known = {readings.name_key(tag) for tag in theirs}
        added = [tag for tag in entry.tags if readings.name_key(tag) not in known]
        if len(theirs) + len(added) > guest_fields.MOST_TAGS:
            message = f"The guest would have more than {guest_fields.MOST_TAGS} tags."
            plan.rejected.append(Rejected(entry.line, "INVALID_TAGS", message))
            continue
        values = _changed(found, entry, attributes, sheet.whole_names)
        if values:
            plan.changed.append((*values, found.id))
        plan.tags += [(found.id, tag) for tag in added]
        _count(plan, entry, found, values, added)
    return plan


def _count(plan: _Plan, entry: Entry, found: Known, values: Values | None, added: Sequence[str]) -> None:
    if not (values or added):
        plan.unchanged += 1
        if len(plan.shown.left) < MOST_SHOWN:
            plan.shown.left.append(_line(entry, (), found))
        return
    status = values is not None and values[5] != found.status
    plan.updated += 1
    plan.status_changes += status
    lines = plan.shown.status if status else plan.shown.changed
    if len(lines) < MOST_SHOWN:
        lines.append(_line(entry, tuple(_changes(found, values, added)), found))


def _line(entry: Entry, changes: tuple[Change, ...], found: Known | None = None) -> Line:
    name = full_name(entry.first_name, entry.last_name)
    return Line(
        entry.line,
        name or (full_name(found.first_name, found.last_name) if found else ""),
        entry.email or (found.email if found else "") or "",
        changes,
    )


def _changes(found: Known, values: Values | None, added: Sequence[str]) -> Iterator[Change]:
    if values:
        email, _, _, first, last, status, attributes, _ = values
        before, after = json.loads(found.attributes), json.loads(attributes)
        own = [(name, before.get(name, ""), text) for name, text in after.items()]
        fields = (
            ("Status", found.status, status),
            ("Email address", found.email or "", email or ""),
            ("First name", found.first_name, first),
            ("Last name", found.last_name, last),
        )
        yield from (Change(*change) for change in (*fields, *own) if change[1] != change[2])
    yield from (Change("Tag", "", tag) for tag in added)


def _tags(session: Session, event_id: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    chosen = select(GuestTag.guest_id, GuestTag.tag).join(Guest, Guest.id == GuestTag.guest_id)
    for guest_id, tag in session.execute(chosen.where(Guest.event_id == event_id)):
        found.setdefault(guest_id, []).append(tag)
    return found


def _renamed(attributes: str, placed: Mapping[str, str]) -> str:
    return guest_rows.as_json([(placed[name], text) for name, text in json.loads(attributes).items()])


def _created(entry: Entry, attributes: str) -> Values:
    _, _, email, address, first, last, status, _, _ = entry
    return (
        email or None,
        address or None,
        addresses.is_reserved(address),
        first,
        last,
        status or GuestStatus.INVITED.value,
        attributes,
        guest_fields.search_key(first, last, email),
    )


def _changed(known: Known, entry: Entry, attributes: str, whole_names: bool) -> Values | None:
    """All columns of the guest after the row, or None when it changes nothing."""
    email = entry.email or known.email
    first, last = entry.first_name or known.first_name, entry.last_name or known.last_name
    if whole_names and entry.first_name:  # the column says what the name is, not where its parts divide
        same = full_name(known.first_name, known.last_name) == full_name(entry.first_name, entry.last_name)
        first, last = (known.first_name, known.last_name) if same else (entry.first_name, entry.last_name)
    status = entry.status or known.status
    as_before = (email, first, last, status) == (known.email, known.first_name, known.last_name, known.status)
    merged = known.attributes
    if attributes not in ("{}", merged):  # as it was written, more often than not
        before = json.loads(merged)
        after = {**before, **json.loads(attributes)}
        merged = merged if after == before else guest_rows.as_json(list(after.items()))
    if as_before and merged == known.attributes:
        return None
    address = addresses.normalized(email) if email else None
    reserved = addresses.is_reserved(address) if address else False
    return email, address, reserved, first, last, status, merged, guest_fields.search_key(first, last, email)


def _write(tx: Session, event_id: int, plan: _Plan, by: Acting, tell: Tell) -> None:
    last = tx.scalar(select(func.max(Guest.id))) or 0
    common = {"event_id": event_id, "created_at": by.now, "updated_at": by.now}
    mine = update(_GUESTS).where(_GUESTS.c.id == bindparam("guest_id"), _GUESTS.c.event_id == bindparam("of_event"))
    changed = {"of_event": event_id, "updated_at": by.now}
    with roomy(tx):
        _many(tx, _Batch(insert(_GUESTS), _WRITTEN, plan.new, common), tell)
        _many(tx, _Batch(mine, (*_WRITTEN, "guest_id"), plan.changed, changed), tell)
        tags = [*plan.tags, *_new_tags(tx, event_id, plan, last)]
        _many(tx, _Batch(insert(_TAGS), ("guest_id", "tag"), tags, {}), tell)


@dataclass(frozen=True)
class _Batch:
    """Rows to write, each a tuple of what the database keeps in the order of `names`; `common` is in every row."""

    statement: Insert | Update
    names: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    common: Mapping[str, Any]


def _many(tx: Session, batch: _Batch, tell: Tell) -> None:
    """The driver's own executemany: SQLAlchemy's costs about as much again as SQLite does."""
    if not batch.rows:
        return
    connection = tx.connection()
    keys = (*batch.names, *batch.common)
    compiled: Any = batch.statement.compile(dialect=connection.dialect, column_keys=keys)
    fixed = []
    for name, value in batch.common.items():
        convert = compiled.binds[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        fixed.append(convert(value) if convert else value)
    tail = tuple(fixed)
    for number, part in enumerate(records.chunks(batch.rows, _AT_ONCE)):
        tell(WRITING, number * _AT_ONCE, len(batch.rows))
        if compiled.positional:
            ordered = itemgetter(*map(keys.index, compiled.positiontup))
            connection.exec_driver_sql(compiled.string, [ordered(row + tail) for row in part])
        else:
            connection.exec_driver_sql(compiled.string, [dict(zip(keys, row + tail, strict=True)) for row in part])


def _new_tags(tx: Session, event_id: int, plan: _Plan, last: int) -> Iterator[tuple[int, str]]:
    """The tags of the new guests: ids rise in the order of insertion and, in this transaction, nobody else inserts."""
    if plan.new_tags:
        made = tx.scalars(select(Guest.id).where(Guest.event_id == event_id, Guest.id > last).order_by(Guest.id)).all()
        for place, tags in plan.new_tags:
            yield from ((made[place], tag) for tag in tags)
