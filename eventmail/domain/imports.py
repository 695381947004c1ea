"""Importing a guest list: read first, then match, create and update in one transaction.

A row is matched by its `id`, else by address and name, else by an address that one guest alone has and one row alone
names; else it is a new guest, since couples share an address (A7). A column the file lacks is never changed, a blank
cell erases nothing, a tag is added and never taken away, and the do-not-mail list is not touched.
"""

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Insert, String, Update, bindparam, cast, func, insert, select, update
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, transaction
from eventmail.domain import addresses, guest_csv, guest_fields, guest_values
from eventmail.domain.guest_csv import Entry, Rejected, Sheet
from eventmail.models import Guest, GuestTag
from eventmail.records import Acting
from eventmail.states import GuestStatus

_GUESTS: Any = Guest.__table__
_TAGS: Any = GuestTag.__table__
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Report:
    """What an import did, or with a dry run would do; `rejected` by line."""

    created: int
    updated: int
    unchanged: int
    rejected: Sequence[Rejected]


class _Known(NamedTuple):
    """A guest of the event before the import; `attributes` is still JSON text."""

    id: int
    email: str | None
    address: str | None
    first_name: str
    last_name: str
    status: str
    attributes: str


@dataclass
class _Plan:
    """What is to be written: (values, tags) of new guests, values of changed ones, (guest, tag) of added tags."""

    new: list[tuple[dict[str, Any], Sequence[str]]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    tags: list[tuple[int, str]] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def run(event_id: int, data: bytes, by: Acting, dry_run: bool = False) -> Report:
    """Import the CSV file `data`; good rows land, the others are reported. A dry run writes nothing at all.

    Raises InvalidInput when the file as a whole cannot be read; nothing is changed then.
    """
    with _without_collecting():
        return _run(event_id, data, by, dry_run)


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


def _run(event_id: int, data: bytes, by: Acting, dry_run: bool) -> Report:
    sheet = guest_csv.read(data)
    if dry_run:
        return _report(_planned(fresh(), event_id, sheet))
    with transaction() as tx:
        plan = _planned(tx, event_id, sheet)
        guest_values.record_columns(tx, event_id, sheet.columns)
        _write(tx, event_id, plan, by)
        report = _report(plan)
        records.audit(
            tx, by, "guests.imported", f"event:{event_id}", event_id=event_id, created=report.created,
            updated=report.updated, unchanged=report.unchanged, rejected=len(report.rejected),
        )  # fmt: skip
    return report


def _report(plan: _Plan) -> Report:
    return Report(len(plan.new), plan.updated, plan.unchanged, sorted(plan.rejected))


def _planned(session: Session, event_id: int, sheet: Sheet) -> _Plan:
    placed, _ = guest_values.placed_columns(guest_values.columns(session, event_id), sheet.columns)
    matcher = _Matcher(session, event_id, sheet)
    tags = _tags(session, event_id)
    plan = _Plan(rejected=list(sheet.rejected))
    for entry in sheet.rows:
        found = matcher.find(entry)
        if isinstance(found, Rejected):
            plan.rejected.append(found)
            continue
        attributes = {placed[name]: text for name, text in entry.attributes.items()}
        if found is None:
            plan.new.append((_created(entry, attributes), entry.tags))
            continue
        theirs = tags.get(found.id, ())
        known = {tag.casefold() for tag in theirs}
        added = [tag for tag in entry.tags if tag.casefold() not in known]
        if len(theirs) + len(added) > guest_fields.MOST_TAGS:
            message = f"The guest would have more than {guest_fields.MOST_TAGS} tags."
            plan.rejected.append(Rejected(entry.line, "INVALID_TAGS", message))
            continue
        values = _changed(found, entry, attributes, sheet.whole_names)
        if values:
            plan.changed.append(values)
        plan.tags += [(found.id, tag) for tag in added]
        plan.updated += bool(values or added)
        plan.unchanged += not (values or added)
    return plan


def _tags(session: Session, event_id: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    chosen = select(GuestTag.guest_id, GuestTag.tag).join(Guest, Guest.id == GuestTag.guest_id)
    for guest_id, tag in session.execute(chosen.where(Guest.event_id == event_id)):
        found.setdefault(guest_id, []).append(tag)
    return found


class _Matcher:
    """Finds the guest that a row means, each guest for one row only."""

    def __init__(self, session: Session, event_id: int, sheet: Sheet) -> None:
        columns = (Guest.id, Guest.email, Guest.address, Guest.first_name, Guest.last_name, Guest.status)
        raw = cast(Guest.attributes, String)  # decoded for the rows that need it only
        chosen: Any = select(*columns, raw).where(Guest.event_id == event_id).order_by(Guest.id)
        self.by_id: dict[int, _Known] = {}
        self.by_address: dict[str, list[_Known]] = {}
        self.by_name: dict[tuple[str, str], _Known] = {}  # the oldest of those with one address and name
        for row in session.execute(chosen):
            known = _Known(*row)
            self.by_id[known.id] = known
            if known.address:
                self.by_address.setdefault(known.address, []).append(known)
            self.by_name.setdefault((known.address or "", _name(known)), known)
        self.rows_of = sheet.addresses
        self.taken: dict[int | tuple[str, str], int] = {}

    def find(self, entry: Entry) -> _Known | Rejected | None:
        """The guest, None for a new one, or why it cannot be told."""
        found = self._by_id(entry) if entry.id else self._by_address(entry)
        if isinstance(found, Rejected):
            return found
        key = found.id if found else (entry.address, _name(entry))
        line = self.taken.setdefault(key, entry.line)
        if line != entry.line:
            return Rejected(entry.line, "DUPLICATE_ROW", f"The same guest stands in line {line}; only that row counts.")
        return found

    def _by_id(self, entry: Entry) -> _Known | Rejected:
        found = self.by_id.get(int(entry.id))
        if found is None:
            return guest_csv.unknown_id(entry)
        other_address = entry.address and found.address and entry.address != found.address
        if other_address and _name(entry) and _name(found) and _name(entry) != _name(found):
            # numbers of another program look like ours and would turn one guest into another
            message = f"The guest with the id {entry.id} has another name and another address. Is it our id?"
            return Rejected(entry.line, "OTHER_GUEST", message)
        return found

    def _by_address(self, entry: Entry) -> _Known | None:
        # a name alone makes nobody the same person, unless neither has an address
        exact = self.by_name.get((entry.address, _name(entry)))
        candidates = self.by_address.get(entry.address, ())
        if exact or not candidates:
            return exact
        return candidates[0] if len(candidates) == 1 and self.rows_of[entry.address] == 1 else None


def _name(person: Entry | _Known) -> str:
    return guest_fields.folded(f"{person.first_name} {person.last_name}".strip())


def _created(entry: Entry, attributes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "email": entry.email or None,
        "address": entry.address or None,
        "reserved": addresses.is_reserved(entry.address),
        "first_name": entry.first_name,
        "last_name": entry.last_name,
        "status": entry.status or GuestStatus.INVITED,
        "attributes": attributes,
        "search_key": guest_fields.search_key(entry.first_name, entry.last_name, entry.email),
    }


def _changed(known: _Known, entry: Entry, attributes: Mapping[str, str], whole_names: bool) -> dict[str, Any] | None:
    """All columns of the guest after the row, or None when it changes nothing."""
    before = json.loads(known.attributes)
    after = {**before, **attributes}
    email = entry.email or known.email
    first, last = entry.first_name or known.first_name, entry.last_name or known.last_name
    if whole_names and entry.first_name:  # the column says what the name is, not where its parts divide
        same = f"{known.first_name} {known.last_name}".strip() == f"{entry.first_name} {entry.last_name}".strip()
        first, last = (known.first_name, known.last_name) if same else (entry.first_name, entry.last_name)
    status = entry.status or known.status
    if (email, first, last, status, after) == (known.email, known.first_name, known.last_name, known.status, before):
        return None
    address = addresses.normalized(email) if email else None
    return {
        "guest_id": known.id,
        "email": email,
        "address": address,
        "reserved": addresses.is_reserved(address) if address else False,
        "first_name": first,
        "last_name": last,
        "status": status,
        "attributes": after,
        "search_key": guest_fields.search_key(first, last, email),
    }


def _write(tx: Session, event_id: int, plan: _Plan, by: Acting) -> None:
    last = tx.scalar(select(func.max(Guest.id))) or 0
    common = {"event_id": event_id, "created_at": by.now, "updated_at": by.now}
    _many(tx, insert(_GUESTS), [values for values, _ in plan.new], common)
    mine = update(_GUESTS).where(_GUESTS.c.id == bindparam("guest_id"), _GUESTS.c.event_id == bindparam("of_event"))
    _many(tx, mine, plan.changed, {"of_event": event_id, "updated_at": by.now})
    tags = [{"guest_id": guest_id, "tag": tag} for guest_id, tag in (*plan.tags, *_new_tags(tx, event_id, plan, last))]
    _many(tx, insert(_TAGS), tags, {})


def _many(tx: Session, statement: Insert | Update, rows: Sequence[dict[str, Any]], common: Mapping[str, Any]) -> None:
    """The driver's own executemany: SQLAlchemy's costs about as much again as SQLite does. `common` is in every row."""
    if not rows:
        return
    connection = tx.connection()
    compiled: Any = statement.compile(dialect=connection.dialect, column_keys=[*rows[0], *common])
    converted = {
        name: convert
        for name, bind in compiled.binds.items()
        if (convert := bind.type.dialect_impl(connection.dialect).bind_processor(connection.dialect))
    }
    fixed = {name: converted.pop(name)(value) if name in converted else value for name, value in common.items()}
    for part in records.chunks(rows, _AT_ONCE):
        ready = [{**fixed, **row, **{name: convert(row[name]) for name, convert in converted.items()}} for row in part]
        if compiled.positional:
            connection.exec_driver_sql(compiled.string, list(map(itemgetter(*compiled.positiontup), ready)))
        else:
            connection.exec_driver_sql(compiled.string, ready)


def _new_tags(tx: Session, event_id: int, plan: _Plan, last: int) -> Iterator[tuple[int, str]]:
    """The tags of the new guests: ids rise in the order of insertion and, in this transaction, nobody else inserts."""
    if any(tags for _, tags in plan.new):
        made = tx.scalars(select(Guest.id).where(Guest.event_id == event_id, Guest.id > last).order_by(Guest.id))
        for guest_id, (_, tags) in zip(made, plan.new, strict=True):
            yield from ((guest_id, tag) for tag in tags)
