"""How a segment's rule reads its values and those of guests, and what saving an older rule again would change.

Only values that are not read as they were typed, or that others may read otherwise, are reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import FromClause, and_, func, not_, or_, select
from sqlalchemy.orm import Session

from eventmail import value_parsing
from eventmail.db import fresh
from eventmail.db.sql import shaped
from eventmail.domain.audience import rule_sql, segments, value_index, value_words
from eventmail.domain.audience.rule import DAYS, EQUALS, NUMBERS, READING, Condition, Field, Kind, Rule
from eventmail.models import Guest

# shapes of values that may have several readings; Python then judges each distinct value once
_MAYBE_NUMBER = ("*[0-9][.,][0-9][0-9][0-9]",)
_MAYBE_DAY = ("[0-9]*/[0-9]*/[0-9][0-9]*", "[0-9]*-[0-9]*-[0-9][0-9]*", "[0-9]*.[0-9]*.[0-9][0-9]*")
_ISO = "[0-9][0-9][0-9][0-9]-*"
_LONGEST = 20  # characters; enough for a day without a time
_MOST_VALUES = 500  # of one column


@dataclass(frozen=True)
class ReadAs:
    """How one value is read. `condition` is the index of its condition, or None for values of guests.

    `ambiguous` means that others may read it otherwise.
    """

    condition: int | None
    field: str
    value: str
    sentence: str
    ambiguous: bool


@dataclass(frozen=True)
class Changes:
    """The effect of saving a segment again: how many guests are in it now, would join, would leave."""

    now: int
    joins: int
    leaves: int

    @property
    def then(self) -> int:
        """How many guests would be in it."""
        return self.now + self.joins - self.leaves


def told(event_id: int, rule: Rule | None) -> list[ReadAs]:
    """How the values of a rule and those of guests are read."""
    return [*of_rule(rule), *of_guests(event_id, rule)] if rule else []


def of_segment(event_id: int, segment_id: int) -> list[ReadAs]:
    """`told` of a segment of this event, in the reading it was saved with."""
    return told(event_id, segments.chosen(fresh(), event_id, [segment_id])[segment_id].rule)


def of_rule(rule: Rule) -> list[ReadAs]:
    """How the values of the rule are read, in the order of its conditions."""
    said = [(n, part, *_sentence(part, rule.reading)) for n, part in enumerate(rule.conditions)]
    return [ReadAs(n, part.field.key, part.value, words, doubtful) for n, part, words, doubtful in said if words]


def of_guests(event_id: int, rule: Rule) -> list[ReadAs]:
    """One ReadAs for each column with values that a condition could read otherwise."""
    session = fresh()
    places = dict(value_index.places(rule, value_index.kept(session, event_id)))
    asked: dict[tuple[Field, bool], list[Condition]] = {}
    for part in rule.conditions:
        if part.field.kind is Kind.ATTRIBUTE:
            for as_day in _compared(part, rule.reading):
                asked.setdefault((part.field, as_day), []).append(part)
    found = []
    for (field, as_day), parts in asked.items():
        looked_at = _doubtful(session, rule_sql.text_of(event_id, field, places.get(field)), as_day=as_day)
        if concerned := [row for row in looked_at if any(_concerns(part, row[0], as_day=as_day) for part in parts)]:
            found.append(_of_values(field, concerned, as_day=as_day))
    return found


def changes(event_id: int, segment_id: int) -> Changes | None:
    """The effect of saving a segment of this event again. None for one that means the same in every reading."""
    segment = segments.chosen(fresh(), event_id, [segment_id])[segment_id]
    rule = segment.rule
    if rule is None or rule.reading >= READING:
        return None
    if not any(part.equal_number is not None or part.equal_day for part in rule.conditions):
        return None
    now = rule_sql.condition(Guest, segment)
    then = rule_sql.condition(Guest, replace(segment, rule=replace(rule, reading=READING)))
    numbers = [func.count().filter(each) for each in (now, and_(then, not_(now)), and_(now, not_(then)))]
    here = (Guest.event_id == event_id, or_(now, then))
    row = fresh().execute(select(*numbers).select_from(Guest).where(*here)).one()
    return Changes(row[0], row[1], row[2])


def _compared(part: Condition, reading: int) -> list[bool]:
    """The comparisons of a condition beside that of letters: False stands for numbers, True for days."""
    equal = reading >= READING
    as_number = part.op in NUMBERS or (equal and part.equal_number is not None)
    as_day = part.op in DAYS or (equal and part.equal_day is not None)
    return [False] * as_number + [True] * as_day


def _sentence(part: Condition, reading: int) -> tuple[str, bool]:
    """(how a condition reads its value, "" for as typed; whether others may read it otherwise)."""
    text, as_what = part.value, _compared(part, reading)
    if part.field.kind is not Kind.ATTRIBUTE:
        return "", False
    if False in as_what:
        return value_words.number(text), value_parsing.thousands(text) is not None
    if True in as_what:
        return value_words.day(text), False
    if part.op not in EQUALS or reading < READING:
        return "", False
    unread = value_words.unread_day(text)
    return unread or value_words.with_time(text), bool(unread)


def _doubtful(session: Session, text: FromClause, *, as_day: bool) -> list[tuple[str, int]]:
    """(value, guests) of values that may be a number, or a day, of several readings; the commonest first."""
    value = text.c.value
    looks = or_(*(shaped(value, shape) for shape in (_MAYBE_DAY if as_day else _MAYBE_NUMBER)))
    rows = session.execute(
        select(value, func.count().label("guests"))
        .where(looks, not_(shaped(value, _ISO)), func.length(value) <= _LONGEST)
        .group_by(value)
        .order_by(func.count().desc(), value)
        .limit(_MOST_VALUES)
    )
    doubtful = value_parsing.unread_days if as_day else value_parsing.thousands
    return [(row.value, row.guests) for row in rows if doubtful(row.value)]


def _concerns(part: Condition, value: str, *, as_day: bool) -> bool:
    """Whether one of the readings of `value` could be what a condition asks for."""
    if part.op not in EQUALS:
        return True
    if as_day:
        return part.equal_day in value_parsing.unread_days(value)
    return part.equal_number in (value_parsing.number(value), value_parsing.number(value_parsing.thousands(value)))


def _of_values(field: Field, values: Sequence[tuple[str, int]], *, as_day: bool) -> ReadAs:
    value, guests = values[0][0], sum(number for _, number in values)
    who = "1 guest has" if guests == 1 else f"{guests:,} guests have"
    as_read = value_words.unread_day(value) if as_day else value_words.number(value)
    return ReadAs(
        None, field.key, value, f"{who} in “{field.name}” what may be read otherwise. {as_read}", ambiguous=True
    )
