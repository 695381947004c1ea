"""A segment's rule as a condition in SQL.

Names, addresses and imported columns are read from `guest_value` if a segment uses the field already, else from the
guests themselves. That gives the same answer but takes a second for 100 000 guests with 200 attributes.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, String, and_, func, literal, not_, or_, select, type_coerce
from sqlalchemy.orm import aliased

from eventmail import value_parsing
from eventmail.db.sql import day_in, folded, json_member, number_in
from eventmail.domain.audience.rule import EQUALS, READING, Condition, Field, Kind, Op, Rule
from eventmail.models import Guest, GuestTag, SegmentGuest, guest_value

_COLUMNS = {Kind.FIRST_NAME: "first_name", Kind.LAST_NAME: "last_name", Kind.EMAIL: "email"}
Places = tuple[tuple[Field, int], ...]


@dataclass(frozen=True)
class Chosen:
    """A segment, ready for a query: its parsed rule, and the ids of its fields in `guest_value`."""

    id: int
    event_id: int
    name: str
    rule: Rule | None
    places: Places


def condition(guest: Any, chosen: Chosen) -> ColumnElement[bool]:
    """Whether `guest` (Guest or an alias), a guest of the segment's event, is in the segment."""
    by_hand = select(SegmentGuest.guest_id).where(SegmentGuest.segment_id == chosen.id)
    picked: ColumnElement[bool] = guest.id.in_(by_hand)
    if chosen.rule is None:
        return picked
    return or_(rule_condition(guest, chosen.event_id, chosen.rule, chosen.places), picked)


def rule_condition(guest: Any, event_id: int, rule: Rule, places: Places) -> ColumnElement[bool]:
    """Whether `guest`, of event `event_id`, meets `rule`. `places` are the ids of its fields in `guest_value`."""
    ids = dict(places)
    parts = [_one(guest, event_id, part, ids.get(part.field), rule.reading) for part in rule.conditions]
    return or_(*parts) if rule.any else and_(*parts)


def _one(guest: Any, event_id: int, part: Condition, place: int | None, reading: int) -> ColumnElement[bool]:
    if part.field.kind is Kind.STATUS:
        same: ColumnElement[bool] = guest.status == part.value
        return same if part.op is Op.IS else not_(same)
    tagged = part.field.kind is Kind.TAG
    having = _tagged(part) if tagged else _valued(part, _values(event_id, part.field, place), reading)
    has: ColumnElement[bool] = guest.id.in_(having)
    # “is not” and “is empty” mean everybody else, so guests without a value meet them
    return not_(has) if part.op in (Op.IS_NOT, Op.IS_EMPTY) else has


def _test(text: ColumnElement[str], part: Condition) -> ColumnElement[bool] | None:
    """The test of a text that is not blank. None when any text passes."""
    wanted = value_parsing.folded(part.value) or ""
    if part.op in EQUALS:
        return text == wanted
    if part.op is Op.CONTAINS:
        return text.contains(wanted, autoescape=True)
    return text.startswith(wanted, autoescape=True) if part.op is Op.STARTS_WITH else None


def _valued(part: Condition, values: FromClause, reading: int) -> Select[Any]:
    having = select(values.c.guest_id)
    if part.op in (Op.BEFORE, Op.AFTER):
        wanted = value_parsing.day(part.value)
        return having.where(values.c.day < wanted if part.op is Op.BEFORE else values.c.day > wanted)
    if part.op in (Op.GREATER, Op.LESS):
        limit = value_parsing.number(part.value)
        return having.where(values.c.number < limit if part.op is Op.LESS else values.c.number > limit)
    if (test := _test(values.c.folded, part)) is None:
        return having
    if reading >= READING and part.equal_number is not None:
        test = or_(test, values.c.number == part.equal_number)
    if reading >= READING and part.equal_day is not None:
        test = or_(test, values.c.day == part.equal_day)
    return having.where(test)


def all_values(event_id: int, field: Field, place: int) -> Select[Any]:
    """The rows of `guest_value` for `field`, under the id `place`."""
    found = _values(event_id, field, None)
    return select(literal(place), *found.c).order_by(found.c.guest_id)


def text_of(event_id: int, field: Field, place: int | None) -> FromClause:
    """(guest_id, value) of everybody who may have something in `field`, as written or folded."""
    if place is not None:
        kept = select(guest_value.c.guest_id, guest_value.c.folded.label("value"))
        return kept.where(guest_value.c.field_id == place).subquery()
    return _written(event_id, field)


def _written(event_id: int, field: Field) -> FromClause:
    one = aliased(Guest)
    imported = field.kind is Kind.ATTRIBUTE
    value = attribute(one, field.name) if imported else func.coalesce(getattr(one, _COLUMNS[field.kind]), "")
    return select(one.id.label("guest_id"), value.label("value")).where(one.event_id == event_id).subquery()


def _values(event_id: int, field: Field, place: int | None) -> FromClause:
    """(guest_id, folded, number, day) of everybody who has something in `field`."""
    if place is not None:
        return select(guest_value).where(guest_value.c.field_id == place).subquery()
    found = _written(event_id, field)
    text = found.c.value
    read = (folded(text).label("folded"), number_in(text).label("number"), day_in(text).label("day"))
    return select(found.c.guest_id, *read).where(folded(text) != "").subquery()


def attribute(guest: Any, name: str) -> ColumnElement[str]:
    """The value in the imported column `name` of `guest`, as written, or ""."""
    return func.coalesce(json_member(type_coerce(guest.attributes, String), name), "")


_first = select(func.min(GuestTag.tag).label("tag")).cte("tag_words", recursive=True, nesting=True)
# Every distinct tag, each found by one step along the index. They are few, so few are folded. The CTE is nested, since
# the driver does not say how many rows an INSERT that begins with WITH has made.
_WORDS = _first.union_all(
    select(select(func.min(GuestTag.tag)).where(GuestTag.tag > _first.c.tag).correlate(_first).scalar_subquery()).where(
        _first.c.tag.is_not(None)
    )
)


def _tagged(part: Condition) -> Select[Any]:
    having, test = select(GuestTag.guest_id), _test(folded(_WORDS.c.tag), part)
    return having if test is None else having.where(GuestTag.tag.in_(select(_WORDS.c.tag).where(test)))
