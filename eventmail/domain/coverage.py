"""Who reads a fallback instead of a value (C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, select

from eventmail.content import tokens
from eventmail.content.compiled import Compiled
from eventmail.content.tokens import Field
from eventmail.db import fresh
from eventmail.domain import audience as audiences
from eventmail.domain.audience import Audience
from eventmail.models import Guest

NAMED = 5


@dataclass(frozen=True)
class Gap:
    """A field without a value: how many recipients read its fallback, and the first of them by name.

    `everyone`: it is a field of the event, empty for all.
    """

    field: Field
    count: int
    everyone: bool
    guests: Sequence[Guest]


def gaps(
    compiled: Compiled, fields: Mapping[str, Field], constants: Mapping[str, str | None], audience: Audience, count: int
) -> list[Gap]:
    """The fields of a text that some recipients have no value for; up to two queries for each field of guests."""
    everyone = [
        Gap(fields[name], count, True, ())
        for name in compiled.merged
        if _decisive(name) in constants and not tokens.clean_value(constants[_decisive(name)])
    ]
    of_guests = {name: missing for name in compiled.merged if (missing := _missing(name)) is not None}
    if not of_guests:
        return everyone
    return everyone + [
        Gap(fields[name], number, False, _first(audience, missing))
        for name, missing in of_guests.items()
        if (number := _count(audience, missing))
    ]


def _decisive(name: str) -> str:
    """The constant that tells whether a field has a value: all calendar links are there, or none is."""
    return "calendar.google" if name == "calendar.links" else name


def _missing(name: str) -> ColumnElement[bool] | None:
    scope, _, member = name.partition(".")
    if scope != "guest" or member == "email":
        return None
    nothing: ColumnElement[str] = literal_column("''")  # spelled out, as the partial indexes of the table are
    if member == "firstName":
        return Guest.first_name == nothing
    if member == "lastName":
        return Guest.last_name == nothing
    if member == "fullName":
        return and_(Guest.first_name == nothing, Guest.last_name == nothing)
    each = func.json_each(Guest.attributes).table_valued("key", "value")
    # a JSON path could not name every column: quotes, dots and brackets mean something in one, "ü" is escaped
    return ~exists(select(each.c.key).where(each.c.key == member, each.c.value != "").correlate(Guest))


def _count(audience: Audience, missing: ColumnElement[bool]) -> int:
    return fresh().scalar(select(func.count()).select_from(Guest).where(missing, audiences.is_recipient(audience))) or 0


def _first(audience: Audience, missing: ColumnElement[bool]) -> Sequence[Guest]:
    rows = fresh().scalars(
        select(Guest).where(missing, audiences.is_recipient(audience)).order_by(Guest.search_key, Guest.id).limit(NAMED)
    )
    return rows.all()
