"""Making, changing, copying, removing and counting segments. Members meet the rule or were picked by hand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from eventmail import ids, records, value_parsing
from eventmail.db import fresh, transaction
from eventmail.db.paging import Page, paginate
from eventmail.domain import edit_guard
from eventmail.domain.audience import rule as audience_rule
from eventmail.domain.audience import rule_sql, value_index
from eventmail.domain.guests import fields as guest_fields
from eventmail.domain.guests import values as guest_values
from eventmail.errors import FieldError, InvalidInput, NotFound
from eventmail.models import Guest, Segment, SegmentGuest

LONGEST_NAME = 100
_LABELS = {"name": "Name", "rule": "The rule", "guests": "The number of guests picked by hand"}
MOST_PICKED = 5000
# the readings of a rule, in the words of the log
_READINGS = {audience_rule.LETTERS: "the same letters", audience_rule.READING: "the same letters, number or day"}


@dataclass(frozen=True)
class Listed:
    """A segment as lists show it. `count` guests are in it now, `picked` of them by hand. `reading` as in `rule`."""

    id: int
    name: str
    rule: Mapping[str, Any] | None
    picked: int
    count: int
    reading: int


def listing(event_id: int, *, page: int = 1, size: int = 50) -> Page[Listed]:
    """One page of the event's segments by name, each counted, in 6 queries."""
    found = paginate(_by_name(event_id), page=page, size=size, row=lambda row: row[0])
    return Page(_listed(event_id, found.items), found.number, found.size, found.total)


def everyone(event_id: int) -> list[Listed]:
    """All segments of the event by name, each counted, for the audience picker."""
    return _listed(event_id, fresh().scalars(_by_name(event_id)).all())


def get(event_id: int, segment_id: int) -> Listed:
    """One segment of this event, counted. Raises NotFound."""
    return _listed(event_id, [_found(fresh(), event_id, segment_id)])[0]


def picked(segment_id: int) -> list[int]:
    """The ids of the guests who were picked by hand, in the order of picking."""
    rows = select(SegmentGuest.guest_id).where(SegmentGuest.segment_id == segment_id)
    return list(fresh().scalars(rows.order_by(SegmentGuest.id)))


def fields(event_id: int) -> dict[str, audience_rule.Field]:
    """The fields that a rule of this event may use, by their keys."""
    return audience_rule.fields(guest_values.columns(fresh(), event_id))


def chosen(session: Session, event_id: int, segment_ids: Iterable[int]) -> dict[int, rule_sql.Chosen]:
    """By id, those of `segment_ids` that are segments of this event, ready for a query; in up to 3 queries."""
    if not (wanted := set(segment_ids)):
        return {}
    rows = session.scalars(select(Segment).where(Segment.event_id == event_id, Segment.id.in_(wanted))).all()
    return {found.id: found for found in _ready(session, event_id, rows)}


def live(
    event_id: int, rule: audience_rule.Rule | None, guests: Sequence[int], samples: int = 5
) -> tuple[int, list[Guest]]:
    """(number, first guests by name) of a segment with this rule and these picked guests."""
    session = fresh()
    ways: list[ColumnElement[bool]] = [Guest.id.in_(guests)] if guests else []
    if rule:
        places = value_index.places(rule, value_index.kept(session, event_id))
        ways.append(rule_sql.rule_condition(Guest, event_id, rule, places))
    if not ways:
        return 0, []
    where = (Guest.event_id == event_id, or_(*ways))
    count = session.scalar(select(func.count()).select_from(Guest).where(*where)) or 0
    first = select(Guest).where(*where).order_by(Guest.search_key, Guest.id).limit(samples)
    return count, list(session.scalars(first)) if count else []


def create(event_id: int, values: Mapping[str, Any], by: records.Acting) -> int:
    """Add a segment and return its id. `values` are as in `edit`; a name, and a rule or guests are needed.

    A copied rule brings its `reading` along.
    """
    with transaction() as tx:
        return add(tx, event_id, values, by)


def add(tx: Session, event_id: int, values: Mapping[str, Any], by: records.Acting) -> int:
    """`create` in the caller's transaction."""
    made = {"created_by": by.user_id, "created_at": by.now, "updated_at": by.now}
    segment = Segment(event_id=event_id, name="", name_key="", rule=None, reading=audience_rule.READING, **made)
    guests = _apply(tx, segment, {"name": None, **values}, [])
    tx.add(segment)
    tx.flush()
    _pick(tx, segment, [], guests)
    value_index.settle(tx, event_id, by.now)
    records.audit(tx, by, "segment.created", f"segment:{segment.id}", event_id=event_id, after=_state(segment, guests))
    return segment.id


def texts(name: str, rule: Mapping[str, Any] | None, guests: Iterable[str]) -> dict[str, str]:
    """The parts of a segment as texts, for `edit_guard.fingerprints`. `guests` are ids."""
    parts = {way: [{k: v.strip() for k, v in part.items() if v} for part in rule[way]] for way in rule} if rule else {}
    said = json.dumps(parts, sort_keys=True) if parts else ""
    return {"name": guest_fields.one_line(name), "rule": said, "guests": " ".join(sorted(guests))}


def edit(
    event_id: int, segment_id: int, values: Mapping[str, Any], by: records.Acting, *, fingerprints: str = ""
) -> None:
    """Change the given parts: `name`; `rule` (as in JSON, None takes it away); `guests` (ids as text, all of them).

    `fingerprints` come from the form. Raises NotFound, InvalidInput that names each wrong part, and Overtaken when the
    segment has changed since the form was opened. A mailing that was sent keeps its recipients.
    """
    with transaction() as tx:
        segment = _found(tx, event_id, segment_id)
        theirs = _picked_now(tx, segment.id)
        before = {**_state(segment, theirs), "reading": _READINGS[segment.reading]}
        shown = {"rule": audience_rule.words(segment.rule), "guests": str(len(theirs))}
        now = texts(segment.name, segment.rule, map(str, theirs))
        edit_guard.refuse(
            tx, fingerprints, now, _LABELS, shown, changed_at=segment.updated_at, event_id=event_id, by=by
        )
        guests = _apply(tx, segment, values, theirs)
        after = {**_state(segment, guests), "reading": _READINGS[segment.reading]}
        if changed := edit_guard.difference(before, after):
            segment.updated_at = by.now
            tx.flush()
            _pick(tx, segment, theirs, guests)
            value_index.settle(tx, event_id, by.now)
            records.audit(tx, by, "segment.edited", f"segment:{segment.id}", event_id=event_id, **changed)


def copy(event_id: int, segment_id: int, by: records.Acting) -> int:
    """Copy a segment under a free name. Returns the new id."""
    with transaction() as tx:
        segment = _found(tx, event_id, segment_id)
        names = tx.scalars(select(Segment.name_key).where(Segment.event_id == event_id)).all()
        picked = [str(guest) for guest in _picked_now(tx, segment.id)]
        values = {"rule": segment.rule, "reading": segment.reading, "guests": picked}
        return add(tx, event_id, {"name": _free_name(segment.name, names), **values}, by)


def copy_all(tx: Session, from_: int, to: int, by: records.Acting) -> Mapping[int, int]:
    """Copy the rules of an event's segments to another event, which has its columns already; returns id by old id.

    Guests picked by hand stay behind, and so do segments without a rule. Runs in the caller's transaction.
    """
    ruled = tx.scalars(_by_name(from_).where(Segment.rule.is_not(None))).all()
    return {
        segment.id: add(tx, to, {"name": segment.name, "rule": segment.rule, "reading": segment.reading}, by)
        for segment in ruled
    }


def remove(event_id: int, segment_id: int, by: records.Acting) -> str:
    """Remove a segment. Returns its name. Its guests stay, and so do the recipients of mailings to it."""
    with transaction() as tx:
        segment = _found(tx, event_id, segment_id)
        before = _state(segment, _picked_now(tx, segment.id))
        records.audit(tx, by, "segment.deleted", f"segment:{segment.id}", event_id=event_id, before=before)
        tx.delete(segment)
        tx.flush()
        value_index.settle(tx, event_id, by.now)
        return segment.name


def _by_name(event_id: int) -> Any:
    return select(Segment).where(Segment.event_id == event_id).order_by(Segment.name_key, Segment.id)


def _found(session: Session, event_id: int, segment_id: int) -> Segment:
    one = select(Segment).where(Segment.id == segment_id, Segment.event_id == event_id)
    if (found := session.scalars(one).one_or_none()) is None:
        raise NotFound
    return found


def _listed(event_id: int, rows: Sequence[Segment]) -> list[Listed]:
    if not rows:
        return []
    session = fresh()
    by_hand = select(SegmentGuest.segment_id, func.count()).where(SegmentGuest.segment_id.in_([row.id for row in rows]))
    hands = dict(session.execute(by_hand.group_by(SegmentGuest.segment_id)).all())
    here = select(func.count()).select_from(Guest).where(Guest.event_id == event_id)
    ready = _ready(session, event_id, rows)
    counts = [here.where(rule_sql.condition(Guest, found)).scalar_subquery() for found in ready]
    numbers = session.execute(select(*counts)).one()
    return [
        Listed(row.id, row.name, row.rule, hands.get(row.id, 0), number, row.reading)
        for row, number in zip(rows, numbers, strict=True)
    ]


def _ready(session: Session, event_id: int, rows: Sequence[Segment]) -> list[rule_sql.Chosen]:
    known, kept = audience_rule.fields(guest_values.columns(session, event_id)), value_index.kept(session, event_id)
    found = []
    for row in rows:
        rule = None if row.rule is None else audience_rule.parse(row.rule, known, row.reading)
        found.append(rule_sql.Chosen(row.id, event_id, row.name, rule, value_index.places(rule, kept)))
    return found


def _apply(tx: Session, segment: Segment, values: Mapping[str, Any], theirs: list[int]) -> list[int]:
    """Put the values on the segment. Returns the guests to pick. Raises InvalidInput with every complaint."""
    wrong: list[FieldError] = []
    if "name" in values:
        segment.name = guest_fields.one_line(values["name"] or "")
        segment.name_key = value_parsing.folded(segment.name) or ""
        wrong += _name_complaints(tx, segment)
    if "rule" in values:
        try:
            known = audience_rule.fields(guest_values.columns(tx, segment.event_id))
            segment.rule = None if values["rule"] is None else audience_rule.parse(values["rule"], known).as_json()
            segment.reading = values.get("reading", audience_rule.READING)
        except InvalidInput as error:
            wrong += error.fields
    guests = _guests(tx, segment.event_id, values["guests"] or [], wrong) if "guests" in values else theirs
    if not wrong and segment.rule is None and not guests:
        wrong.append(FieldError("rule", "REQUIRED", "Add a condition, or pick guests by hand."))
    if wrong:
        raise InvalidInput(" ".join(dict.fromkeys(error.message for error in wrong[:5])), fields=wrong)
    return guests


def _name_complaints(tx: Session, segment: Segment) -> list[FieldError]:
    if not segment.name_key:
        return [FieldError("name", "REQUIRED", "Give the segment a name.")]
    if len(segment.name) > LONGEST_NAME:
        return [FieldError("name", "TOO_LONG", f"Please keep the name to {LONGEST_NAME} characters.")]
    same = select(Segment.name).where(Segment.event_id == segment.event_id, Segment.name_key == segment.name_key)
    with tx.no_autoflush:
        other = tx.scalar(same if segment.id is None else same.where(Segment.id != segment.id))
    return [FieldError("name", "TAKEN", f"There is a segment “{other}” already.")] if other else []


def _guests(tx: Session, event_id: int, given: Sequence[str], wrong: list[FieldError]) -> list[int]:
    wanted = list(dict.fromkeys(given))
    if len(wanted) > MOST_PICKED:
        wrong.append(FieldError("guests", "TOO_MANY", f"Pick at most {MOST_PICKED} guests by hand."))
        return []
    rows = {guest: row for guest in wanted if (row := ids.row_id(guest))}
    with tx.no_autoflush:
        known = set(tx.scalars(select(Guest.id).where(Guest.event_id == event_id, Guest.id.in_(rows.values()))))
    wrong += [
        FieldError("guests", "UNKNOWN_GUEST", f"There is no guest “{guest[:40]}” in this event.")
        for guest in wanted
        if rows.get(guest) not in known
    ]
    return [row for row in rows.values() if row in known]


def _picked_now(tx: Session, segment_id: int) -> list[int]:
    return sorted(tx.scalars(select(SegmentGuest.guest_id).where(SegmentGuest.segment_id == segment_id)))


def _pick(tx: Session, segment: Segment, theirs: Sequence[int], guests: Sequence[int]) -> None:
    had = set(theirs)
    if gone := had - set(guests):
        tx.execute(delete(SegmentGuest).where(SegmentGuest.segment_id == segment.id, SegmentGuest.guest_id.in_(gone)))
    if new := [guest for guest in guests if guest not in had]:
        tx.execute(insert(SegmentGuest), [{"segment_id": segment.id, "guest_id": guest} for guest in new])


def _state(segment: Segment, guests: Sequence[int]) -> dict[str, Any]:
    return {"name": segment.name, "rule": segment.rule, "guests": sorted(guests)}


def _free_name(name: str, taken: Sequence[str]) -> str:
    for number in range(1, len(taken) + 2):
        ending = " (copy)" if number == 1 else f" (copy {number})"
        free = name[: LONGEST_NAME - len(ending)] + ending
        if (value_parsing.folded(free) or "") not in taken:
            return free
    raise AssertionError("one more name than there are segments")
