"""Who reads a fallback instead of a value (C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

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
    """The fields of a text that some recipients have no value for; one query, and one more for each such field."""
    everyone = [
        Gap(fields[name], count, True, ())
        for name in compiled.merged
        if name in constants and not (constants[name] or "").strip()
    ]
    of_guests = {name: missing for name in compiled.merged if (missing := _missing(name)) is not None}
    if not of_guests:
        return everyone
    lacking = select(*(func.count().filter(missing) for missing in of_guests.values()))
    numbers = fresh().execute(lacking.where(or_(*of_guests.values()), audiences.is_recipient(audience))).one()
    return everyone + [
        Gap(fields[name], number, False, _first(audience, missing))
        for (name, missing), number in zip(of_guests.items(), numbers, strict=True)
        if number
    ]


def _missing(name: str) -> ColumnElement[bool] | None:
    scope, _, member = name.partition(".")
    if scope != "guest" or member == "email":
        return None
    if member in ("firstName", "lastName"):
        return (Guest.first_name if member == "firstName" else Guest.last_name) == ""
    if member == "fullName":
        return and_(Guest.first_name == "", Guest.last_name == "")
    each = func.json_each(Guest.attributes).table_valued("key", "value")
    # a JSON path could not name every column: quotes, dots and brackets mean something in one, "ü" is escaped
    return ~exists(select(each.c.key).where(each.c.key == member, each.c.value != "").correlate(Guest))


def _first(audience: Audience, missing: ColumnElement[bool]) -> Sequence[Guest]:
    rows = fresh().scalars(
        select(Guest)
        .where(missing, audiences.is_recipient(audience))
        .order_by(Guest.search_key, Guest.id)
        .limit(NAMED)
    )
    return rows.all()
