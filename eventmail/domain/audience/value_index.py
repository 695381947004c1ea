"""Keeping the values of each field that a segment uses in `guest_value`.

Triggers on guests keep the values up to date. This module copies the values that were there before. `housekeeping`
drops an unused field a day later, since a request under way may still count by it.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from eventmail.db.sql import json_path
from eventmail.db.sqlite import roomy
from eventmail.domain.audience.rule import Field, Kind, Rule, fields, parse
from eventmail.domain.audience.rule_sql import all_values
from eventmail.domain.guests import values
from eventmail.models import Segment, SegmentField, guest_value

_ELSEWHERE = (Kind.STATUS, Kind.TAG)  # these have an index of their own
Kept = Mapping[tuple[str, str], int]


def kept(session: Session, event_id: int) -> Kept:
    """The ids of the event's kept fields, by (kind, name)."""
    rows = select(SegmentField.kind, SegmentField.name, SegmentField.id).where(SegmentField.event_id == event_id)
    return {(kind, name): field_id for kind, name, field_id in session.execute(rows)}


def places(rule: Rule | None, there: Kept) -> tuple[tuple[Field, int], ...]:
    """The fields of `rule` that are kept, each with its id."""
    used = dict.fromkeys(part.field for part in rule.conditions) if rule else {}
    return tuple((field, there[field.kind, field.name]) for field in used if (field.kind, field.name) in there)


def settle(tx: Session, event_id: int, now: datetime) -> None:
    """Keep every field that a segment of the event uses, and date those that none uses any more.

    Call it after every change of a segment, in the same transaction.
    """
    known = fields(values.columns(tx, event_id))
    stored = tx.scalars(select(Segment.rule).where(Segment.event_id == event_id, Segment.rule.is_not(None))).all()
    used = {
        (part.field.kind.value, part.field.name): part.field
        for rule in stored
        for part in parse(rule, known).conditions
        if part.field.kind not in _ELSEWHERE
    }
    for field in tx.scalars(select(SegmentField).where(SegmentField.event_id == event_id)):
        in_use = used.pop((field.kind, field.name), None)
        field.unused_since = None if in_use else field.unused_since or now
    for new in used.values():
        _begin(tx, event_id, new)


def _begin(tx: Session, event_id: int, field: Field) -> None:
    place = SegmentField(event_id=event_id, kind=field.kind, name=field.name, path=json_path(field.name))
    tx.add(place)
    tx.flush()
    into = [column.name for column in guest_value.columns]
    with roomy(tx):
        tx.execute(insert(guest_value).from_select(into, all_values(event_id, field, place.id)))
