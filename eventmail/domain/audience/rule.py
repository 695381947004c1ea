"""Reading and checking the rule of a segment. Pure.

A rule is `{"all": […]}` or `{"any": […]}` of conditions `{"field", "op", "value"}`. A guest without a value in a field
meets `is_not` and `is_empty` and nothing else. With tags, `is`, `contains` and `starts_with` ask whether any tag does.
Values of an imported column are equal as texts, as numbers (9 and 9.0) or as days.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from eventmail import value_parsing
from eventmail.domain.audience import value_words
from eventmail.errors import FieldError, InvalidInput
from eventmail.states import GuestStatus

READING = 2  # rules that are saved now: `is` and `is_not` compare numbers and days, too
LETTERS = 1  # older rules, until somebody saves them again: `is` and `is_not` compare letters alone
MOST_CONDITIONS = 20
LONGEST_VALUE = 500
ATTRIBUTE = "attribute:"  # prefix of an imported column that is named like a field of ours


class Op(StrEnum):
    """The operator of a condition. before and after compare days, greater and less compare numbers."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"
    BEFORE = "before"
    AFTER = "after"
    GREATER = "greater"
    LESS = "less"


class Kind(StrEnum):
    """The kind of a field."""

    STATUS = "status"
    TAG = "tag"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    ATTRIBUTE = "attribute"


BARE = frozenset({Op.IS_EMPTY, Op.IS_NOT_EMPTY})  # these take no value
EQUALS = frozenset({Op.IS, Op.IS_NOT})
DAYS = frozenset({Op.BEFORE, Op.AFTER})
NUMBERS = frozenset({Op.GREATER, Op.LESS})
FITTING: Mapping[Kind, frozenset[Op]] = {
    **dict.fromkeys(Kind, frozenset(Op) - DAYS - NUMBERS), Kind.STATUS: EQUALS, Kind.ATTRIBUTE: frozenset(Op),
}  # fmt: skip
_OTHER_NAMES = {"tags": "tag"}


@dataclass(frozen=True)
class Field:
    """A field of guests. `name` is that of the imported column, else of the kind. Rules call it `key`."""

    kind: Kind
    name: str
    key: str


@dataclass(frozen=True)
class Condition:
    """One checked condition. `value` is "" for an op that takes none."""

    field: Field
    op: Op
    value: str

    @property
    def equal_number(self) -> float | None:
        """The number that `is` or `is_not` asks for, if the value is one."""
        return value_parsing.equal_number(self.value) if self._asks_for_equal else None

    @property
    def equal_day(self) -> str | None:
        """The day that `is` or `is_not` asks for, if the value is one."""
        return value_parsing.equal_day(self.value) if self._asks_for_equal else None

    @property
    def _asks_for_equal(self) -> bool:
        return self.field.kind is Kind.ATTRIBUTE and self.op in EQUALS

    def as_json(self) -> dict[str, str]:
        return {"field": self.field.key, "op": self.op.value} | ({} if self.op in BARE else {"value": self.value})


@dataclass(frozen=True)
class Rule:
    """All or any of at least one condition. `reading` says which values are equal."""

    any: bool
    conditions: tuple[Condition, ...]
    reading: int = READING

    def as_json(self) -> dict[str, Any]:
        """As the segment stores it and answers show it."""
        return {"any" if self.any else "all": [condition.as_json() for condition in self.conditions]}


def fields(columns: Iterable[str]) -> dict[str, Field]:
    """Every field of an event by its key: our own fields, then the imported columns."""
    known = {str(kind): Field(kind, kind, kind) for kind in Kind if kind is not Kind.ATTRIBUTE}
    taken = {*known, *_OTHER_NAMES}
    for name in columns:
        key = ATTRIBUTE + name if name.casefold() in taken or name.casefold().startswith(ATTRIBUTE) else name
        known[key] = Field(Kind.ATTRIBUTE, name, key)
    return known


def parse(rule: object, known: Mapping[str, Field], reading: int = READING) -> Rule:
    """The rule that JSON says, over the `known` fields. A stored rule keeps its own `reading`.

    Raises InvalidInput that names each wrong part, e.g. `rule.all.1.value`.
    """
    wrong: list[FieldError] = []
    word, conditions = _parts(rule, wrong)
    by_fold = {value_parsing.folded(key) or "": field for key, field in known.items()}
    by_fold |= {other: known[ours] for other, ours in _OTHER_NAMES.items()} | dict(known)
    read = [_condition(part, f"rule.{word}.{n}", by_fold, wrong) for n, part in enumerate(conditions)]
    if wrong:
        raise InvalidInput(" ".join(dict.fromkeys(error.message for error in wrong[:5])), fields=wrong)
    return Rule(word == "any", tuple(condition for condition in read if condition), reading)


def words(rule: Mapping[str, Any] | None) -> str:
    """A stored rule in one line, such as “tag is vip and status is confirmed”. "" for None."""
    if not rule:
        return ""
    ((way, parts),) = rule.items()
    said = (f"{part['field'].removeprefix(ATTRIBUTE)} {_shown(part['op'])} {part.get('value', '')}" for part in parts)
    return (" and " if way == "all" else " or ").join(map(str.rstrip, said))


def _parts(rule: object, wrong: list[FieldError]) -> tuple[str, list[object]]:
    """(“all” or “any”, the conditions). Complaints go to `wrong`; the conditions are empty then."""
    if not isinstance(rule, Mapping) or len(rule) != 1 or (word := str(next(iter(rule)))) not in ("all", "any"):
        wrong.append(FieldError("rule", "INVALID_RULE", "A rule is {“all”: […]} or {“any”: […]} of conditions."))
        return "", []
    conditions = rule[word]
    if not isinstance(conditions, list):
        wrong.append(FieldError(f"rule.{word}", "INVALID_RULE", f"“{word}” takes a list of conditions."))
        return "", []
    if not conditions:
        empty = "Add at least one condition: a rule without one would mean everybody."
        wrong.append(FieldError(f"rule.{word}", "EMPTY_RULE", empty))
    if len(conditions) > MOST_CONDITIONS:
        sentence = f"A rule takes at most {MOST_CONDITIONS} conditions; this one has {len(conditions)}."
        wrong.append(FieldError(f"rule.{word}", "TOO_LONG", sentence))
        return word, []
    return word, conditions


def _condition(part: object, at: str, known: Mapping[str, Field], wrong: list[FieldError]) -> Condition | None:
    if isinstance(part, Mapping) and ("all" in part or "any" in part):
        sentence = "A rule inside a rule can’t be answered. Make a segment of each and choose both."
        wrong.append(FieldError(at, "TOO_DEEP", sentence))
        return None
    if not isinstance(part, Mapping) or not {"field", "op"} <= set(part) or set(part) - {"field", "op", "value"}:
        wrong.append(FieldError(at, "INVALID_RULE", "A condition is {“field”, “op”, “value”}."))
        return None
    field, op = _field(part["field"], at, known, wrong), _op(part["op"], at, wrong)
    if field and op and op not in FITTING[field.kind]:
        sentence = f"“{_shown(op)}” can’t be asked of “{field.key}”; {_listed(FITTING[field.kind])} can."
        wrong.append(FieldError(f"{at}.op", "UNFIT_OP", sentence))
        return None
    value = _value(part.get("value"), at, wrong)
    if not field or not op or value is None:
        return None
    if complaint := _complaint(field, op, value):
        wrong.append(FieldError(f"{at}.value", *complaint))
        return None
    return Condition(field, op, value.casefold() if field.kind is Kind.STATUS else value)


def _field(given: object, at: str, known: Mapping[str, Field], wrong: list[FieldError]) -> Field | None:
    text = given.strip() if isinstance(given, str) else ""
    key = value_parsing.folded(text) or ""
    found = known.get(text) or known.get(key)  # the exact name first, since two columns may fold to the same
    if found is None and key.startswith(ATTRIBUTE):  # the prefix means an imported column, never a field of ours
        column = known.get(key.removeprefix(ATTRIBUTE).strip())
        found = column if column and column.kind is Kind.ATTRIBUTE else None
    if found is None:
        nearest = get_close_matches(key, known, 1)
        hint = f" Did you mean “{known[nearest[0]].key}”?" if nearest else ""
        sentence = f"No guest of this event has a field “{str(given)[:60]}”.{hint}"
        wrong.append(FieldError(f"{at}.field", "UNKNOWN_FIELD", sentence))
    return found


def _op(given: object, at: str, wrong: list[FieldError]) -> Op | None:
    word = given.strip().replace(" ", "_") if isinstance(given, str) else ""
    if word not in set(Op):
        sentence = f"“{str(given)[:60]}” can’t be asked; there are {_listed(Op)}."
        wrong.append(FieldError(f"{at}.op", "UNKNOWN_OP", sentence))
        return None
    return Op(word)


def _value(given: object, at: str, wrong: list[FieldError]) -> str | None:
    if given is None:
        return ""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        wrong.append(FieldError(f"{at}.value", "NOT_TEXT", "A value is text or a number."))
        return None
    if len(str(given)) > LONGEST_VALUE:
        sentence = f"A value may have at most {LONGEST_VALUE} characters."
        wrong.append(FieldError(f"{at}.value", "TOO_LONG", sentence))
        return None
    return str(given).strip()


def _complaint(field: Field, op: Op, value: str) -> tuple[str, str] | None:
    """(code, sentence) about a value that does not fit the condition, or None."""
    if op in BARE:
        return ("UNFIT_VALUE", f"“{_shown(op)}” takes no value.") if value else None
    if not value_parsing.folded(value):
        return "REQUIRED", "Say what to compare with; “is empty” asks for what is blank."
    if field.kind is Kind.STATUS and value.casefold() not in set(GuestStatus):
        return "UNKNOWN_STATUS", f"“{value[:60]}” is not a status; there are {', '.join(GuestStatus)}."
    if op in DAYS and value_parsing.day(value) is None:
        unread = value_words.unread_day(value)
        return "NOT_A_DATE", unread or f"“{value[:60]}” is not a day. Write 2027-05-01 or 1.5.2027."
    if op in NUMBERS and value_parsing.number(value) is None:
        return "NOT_A_NUMBER", f"“{value[:60]}” is not a number. Write 7, 1.5 or 1,5."
    return None


def _shown(op: str) -> str:
    return op.replace("_", " ")


def _listed(ops: Iterable[Op]) -> str:
    ops = set(ops)
    return ", ".join(_shown(op) for op in Op if op in ops)
