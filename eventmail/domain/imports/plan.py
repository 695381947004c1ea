"""Planning what an import writes, from a file's rows and the event's guests. Pure but for `before`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail import addresses, value_parsing
from eventmail.domain.guests import fields as guest_fields
from eventmail.domain.guests import values as guest_values
from eventmail.domain.imports import match
from eventmail.domain.imports.csv_rows import Sheet
from eventmail.domain.imports.match import Known, Matcher
from eventmail.domain.imports.report import MOST_SHOWN, Change, ImportReport, Line, Shown
from eventmail.domain.imports.row import Entry, Rejected, as_json
from eventmail.models import Guest, GuestTag
from eventmail.models.guest import full_name
from eventmail.states import GuestStatus

# the columns of one guest, in the order of Values; attributes are JSON text already
WRITTEN = ("email", "address", "reserved", "first_name", "last_name", "status", "attributes", "search_key")
Values = tuple[str | None, str | None, bool, str, str, str, str, str]


class Before(NamedTuple):
    """All of an event that a plan depends on. Equal ones make the same plan of the same file."""

    guests: list[Known]
    tags: list[tuple[int, str]]
    columns: list[str]


def before(session: Session, event_id: int) -> Before:
    """The event as it is, in 3 queries."""
    mine = select(GuestTag.guest_id, GuestTag.tag).join(Guest, Guest.id == GuestTag.guest_id)
    tags: Any = session.connection().execute(mine.where(Guest.event_id == event_id).order_by(GuestTag.id))
    return Before(match.known(session, event_id), list(map(tuple, tags)), guest_values.columns(session, event_id))


@dataclass
class Plan:
    """The rows to write: values of new guests and their tags, (values…, id) of changed ones, added tags."""

    new: list[Values] = field(default_factory=list)
    new_tags: list[tuple[int, Sequence[str]]] = field(default_factory=list)  # by index in `new`
    changed: list[tuple[Any, ...]] = field(default_factory=list)
    tags: list[tuple[int, str]] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0
    status_changes: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    shown: Shown = field(default_factory=Shown)

    def report(self) -> ImportReport:
        counts = (len(self.new), self.updated, self.unchanged)
        return ImportReport(*counts, sorted(self.rejected), self.status_changes, self.shown)


def plan_of(there: Before, sheet: Sheet) -> Plan:
    """The plan of importing `sheet` into the event as `there` says. Raises InvalidInput for too many columns."""
    placed, _ = guest_values.placed_columns(there.columns, sheet.columns)
    renamed = any(name != place for name, place in placed.items())
    matcher = Matcher(there.guests, sheet)
    tags: dict[int, list[str]] = {}
    for guest_id, tag in there.tags:
        tags.setdefault(guest_id, []).append(tag)
    plan = Plan(rejected=list(sheet.rejected))
    for entry in sheet.rows:
        found = matcher.find(entry)
        if isinstance(found, Rejected):
            plan.rejected.append(found)
            continue
        attributes = entry.attributes
        if renamed:
            attributes = as_json([(placed[name], text) for name, text in json.loads(attributes).items()])
        if found is None:
            if entry.tags:
                plan.new_tags.append((len(plan.new), entry.tags))
            plan.new.append(_created(entry, attributes))
            _show(plan.shown.new, entry, [Change("Status", "", entry.status or GuestStatus.INVITED)])
            continue
        theirs = tags.get(found.id, ())
        known = {value_parsing.name_key(tag) for tag in theirs}
        added = [tag for tag in entry.tags if value_parsing.name_key(tag) not in known]
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


def _count(plan: Plan, entry: Entry, found: Known, values: Values | None, added: Sequence[str]) -> None:
    if not (values or added):
        plan.unchanged += 1
        _show(plan.shown.left, entry, (), found)
        return
    status = values is not None and values[5] != found.status
    plan.updated += 1
    plan.status_changes += status
    _show(plan.shown.status if status else plan.shown.changed, entry, _changes(found, values, added), found)


def _show(lines: list[Line], entry: Entry, changes: Iterable[Change], found: Known | None = None) -> None:
    """Add a line to the report, unless it is full. `changes` are read only then."""
    if len(lines) < MOST_SHOWN:
        name = full_name(entry.first_name, entry.last_name)
        name = name or (full_name(found.first_name, found.last_name) if found else "")
        lines.append(Line(entry.line, name, entry.email or (found.email if found else "") or "", tuple(changes)))


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


def _created(entry: Entry, attributes: str) -> Values:
    _, _, email, address, first, last, word, _, _ = entry
    status, reserved = word or GuestStatus.INVITED.value, addresses.is_reserved(address)
    key = guest_fields.search_key(first, last, email)
    return email or None, address or None, reserved, first, last, status, attributes, key


def _changed(known: Known, entry: Entry, attributes: str, whole_names: bool) -> Values | None:
    """The guest's values after the row, or None when it changes nothing."""
    email = entry.email or known.email
    first, last = entry.first_name or known.first_name, entry.last_name or known.last_name
    if whole_names and entry.first_name:  # a full name does not say where its parts divide
        same = full_name(known.first_name, known.last_name) == full_name(entry.first_name, entry.last_name)
        first, last = (known.first_name, known.last_name) if same else (entry.first_name, entry.last_name)
    status = entry.status or known.status
    as_before = (email, first, last, status) == (known.email, known.first_name, known.last_name, known.status)
    merged = known.attributes
    if attributes not in ("{}", merged):  # most often they are the same text, which saves decoding
        before = json.loads(merged)
        after = {**before, **json.loads(attributes)}
        merged = merged if after == before else as_json(list(after.items()))
    if as_before and merged == known.attributes:
        return None
    address = addresses.normalized(email) if email else None
    reserved = addresses.is_reserved(address) if address else False
    return email, address, reserved, first, last, status, merged, guest_fields.search_key(first, last, email)
