"""Fallbacks that recipients read instead of values (C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, select

from eventmail import value_parsing
from eventmail.content import personalise, tokens
from eventmail.content.compiled import Compiled
from eventmail.db import fresh, sql
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience import rule_sql
from eventmail.models import Guest

NAMED = 5


@dataclass(frozen=True)
class Gap:
    """A field without a value; `guests` are the first few by name, `everyone` marks a field of the event."""

    name: str
    field: tokens.Field
    count: int
    everyone: bool
    guests: Sequence[Guest]
    reads: Sequence[str]  # the fallbacks that the text gives it


def gaps(
    compiled: Compiled, fields: Mapping[str, tokens.Field], constants: Mapping[str, str | None],
    audience: audiences.Audience, count: int,
) -> list[Gap]:  # fmt: skip
    """The fields of a text that some recipients have no value for. Up to two queries for each field of guests."""
    everyone = [
        Gap(name, fields[name], count, True, (), _reads(compiled, name, fields[name]))
        for name in compiled.merged
        if personalise.decisive(name) in constants
        and not value_parsing.clean_value(constants[personalise.decisive(name)])
    ]
    of_guests = {name: lacking for name in compiled.merged if (lacking := missing(name)) is not None}
    if not of_guests:
        return everyone
    return everyone + [
        Gap(name, fields[name], number, False, _first(audience, name, lacking), _reads(compiled, name, fields[name]))
        for name, lacking in of_guests.items()
        if (number := how_many(audience, lacking))
    ]


def _reads(compiled: Compiled, name: str, field: tokens.Field) -> list[str]:
    parts = (compiled.subject, compiled.preheader, compiled.text)
    used = [slot for part in parts for slot in personalise.slots(part) if slot.field == name]
    return list(dict.fromkeys(slot.fallback or field.default for slot in used)) or [field.default]


def column_of(name: str) -> str | None:
    """The name of the imported column that a field is; None for other fields."""
    scope, _, member = name.partition(".")
    return member if scope == "guest" and name not in tokens.FIELDS else None


def missing(name: str) -> ColumnElement[bool] | None:
    """The condition that a guest has no value for a field; None for a field not of guests, or one they all have."""
    scope, _, member = name.partition(".")
    if scope != "guest" or member == "email":
        return None
    nothing: ColumnElement[str] = literal_column("''")  # a literal, else SQLite uses no partial index
    first, last = Guest.first_name == nothing, Guest.last_name == nothing
    of_names = {"firstName": first, "lastName": last, "fullName": and_(first, last)}
    if member in of_names:
        return of_names[member]
    each = sql.json_pairs(Guest.attributes)
    # no JSON path: in one, quotes, dots and brackets have a meaning, and "ü" is escaped
    return ~exists(select(each.c.key).where(each.c.key == member, each.c.value != "").correlate(Guest))


def value(name: str) -> ColumnElement[str] | None:
    """The value of a guest for a field, as it was imported; None for a field that is not of guests."""
    scope, _, member = name.partition(".")
    if scope != "guest":
        return None
    if name not in tokens.FIELDS:
        return rule_sql.attribute(Guest, member)
    if member == "fullName":
        return Guest.first_name.concat(" ").concat(Guest.last_name)
    return func.coalesce({"email": Guest.email, "firstName": Guest.first_name, "lastName": Guest.last_name}[member], "")


def how_many(audience: audiences.Audience, lacking: ColumnElement[bool]) -> int:
    """How many recipients the condition `lacking` holds for."""
    rows = select(func.count()).select_from(Guest).where(lacking, audiences.is_recipient(audience))
    return fresh().scalar(rows) or 0


def _first(audience: audiences.Audience, name: str, lacking: ColumnElement[bool]) -> Sequence[Guest]:
    # the few without a name have an index; ordered by the bare search_key, SQLite would walk through all guests instead
    by_name = Guest.search_key if column_of(name) else Guest.search_key.concat("")
    rows = select(Guest).where(lacking, audiences.is_recipient(audience)).order_by(by_name, Guest.id).limit(NAMED)
    return fresh().scalars(rows).all()
