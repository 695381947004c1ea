"""What a statement says of JSON, of our own functions and of rows that may be there already; a name for each."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, TableValuedAlias, cast, func, literal, select, text
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.sql.selectable import Select

from eventmail.db import Base

# Our own functions, which `sqlite` teaches every connection


def folded(value: Any) -> ColumnElement[str]:
    """`value_parsing.folded` of what a row holds."""
    return func.folded(value, type_=String)


def number_in(value: Any) -> ColumnElement[float]:
    """`value_parsing.number` of what a row holds."""
    return func.number_in(value)


def day_in(value: Any) -> ColumnElement[int]:
    """`value_parsing.day` of what a row holds."""
    return func.day_in(value)


def link_fault(value: Any, instead: str, mode: str) -> ColumnElement[str]:
    """`link_targets.fault` of what a row holds."""
    return func.link_fault(value, instead, mode)


def erased_form(address: Any) -> ColumnElement[str]:
    """`erased.pseudonym` of an address, with the secret of this instance."""
    return func.erased_form(address, type_=String)


# JSON


def json_pairs(column: Any) -> TableValuedAlias:
    """The members of a JSON object as rows of `key` and `value`."""
    return func.json_each(column).table_valued("key", "value")


def json_path(name: str) -> str:
    """The JSON path to a member, or "": quotes and backslashes mean something in one, and "ü" is kept escaped."""
    return f'$."{name}"' if name.isascii() and name.isprintable() and not set(name) & set('"\\') else ""


def json_member(column: Any, name: str) -> ColumnElement[str]:
    """The member `name` of a JSON object; NULL where there is none."""
    if path := json_path(name):
        return func.json_extract(column, path)
    each = json_pairs(column)
    return select(each.c.value).where(each.c.key == name).scalar_subquery()


def json_has(column: Any, name: str) -> ColumnElement[bool]:
    """Whether a JSON object has the member `name`, which `json_path` can name."""
    return func.json_type(column, json_path(name)).is_not(None)


def json_object_of(key: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
    """One JSON object of all rows."""
    return func.json_group_object(cast(key, String), value)


def one_parameter(values: Collection[int]) -> Select[Any]:
    """These values as a SELECT that takes one parameter, however many they are."""
    return select(func.json_each(literal(json.dumps(list(values)))).table_valued("value").c.value)


# Text


def shaped(value: ColumnElement[str], shape: str) -> ColumnElement[bool]:
    """Whether a text has a shape: `*` stands for any characters, `[0-9]` for one digit."""
    return value.bool_op("GLOB")(shape)


def holds(value: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Whether a text has `part` in it, letter for letter."""
    return func.instr(value, part) > 0


# Rows that may be there already


def insert_new(model: type[Base], unique: Sequence[str], among: str, **values: Any) -> Insert:
    """An INSERT that does nothing when one of the rows `among` which `unique` is unique has these values already."""
    return insert(model).values(**values).on_conflict_do_nothing(index_elements=unique, index_where=text(among))


def insert_or_change(
    model: type[Base],
    unique: Sequence[str],
    values: Mapping[str, Any],
    changed: Mapping[str, Any],
    where: ColumnElement[bool] | None = None,
) -> Insert:
    """An INSERT; when a row has the same `unique` columns already, it is `changed` instead if `where` holds of it."""
    return insert(model).values(**values).on_conflict_do_update(index_elements=unique, set_=changed, where=where)


# Values


def chunks(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """`items` in pieces of at most `size`, since SQLite binds a bounded number of values."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
