"""Parts of statements that only SQLite understands, by name: our functions, JSON, text, upserts."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, TableValuedAlias, cast, func, literal, select, text
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.sql.selectable import Select

from eventmail.db import Base

# Our own functions, which `sqlite` gives every connection


def folded(value: Any) -> ColumnElement[str]:
    """`value_parsing.folded` in SQL."""
    return func.folded(value, type_=String)


def number_in(value: Any) -> ColumnElement[float]:
    """`value_parsing.number` in SQL."""
    return func.number_in(value)


def day_in(value: Any) -> ColumnElement[int]:
    """`value_parsing.day` in SQL."""
    return func.day_in(value)


def link_fault(value: Any, instead: str, mode: str) -> ColumnElement[str]:
    """`link_targets.fault` in SQL."""
    return func.link_fault(value, instead, mode)


def erased_form(address: Any) -> ColumnElement[str]:
    """`erased.pseudonym` in SQL, with the secret of this instance."""
    return func.erased_form(address, type_=String)


# JSON


def json_pairs(column: Any) -> TableValuedAlias:
    """Returns the members of a JSON object as rows of `key` and `value`."""
    return func.json_each(column).table_valued("key", "value")


def json_path(name: str) -> str:
    """Returns the JSON path to a member, "" where none can name it: quotes, backslashes and "ü" cannot stand in one."""
    return f'$."{name}"' if name.isascii() and name.isprintable() and not set(name) & set('"\\') else ""


def json_member(column: Any, name: str) -> ColumnElement[str]:
    """Returns the member `name` of a JSON object, NULL where it is missing."""
    if path := json_path(name):
        return func.json_extract(column, path)
    each = json_pairs(column)
    return select(each.c.value).where(each.c.key == name).scalar_subquery()


def json_has(column: Any, name: str) -> ColumnElement[bool]:
    """Whether a JSON object has the member `name`, which `json_path` can name."""
    return func.json_type(column, json_path(name)).is_not(None)


def json_object_of(key: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Aggregates all rows to one JSON object."""
    return func.json_group_object(cast(key, String), value)


def one_parameter(values: Collection[int]) -> Select[Any]:
    """Returns a SELECT of these values that binds one parameter, however many they are."""
    return select(func.json_each(literal(json.dumps(list(values)))).table_valued("value").c.value)


# Text


def shaped(value: ColumnElement[str], shape: str) -> ColumnElement[bool]:
    """Whether a text has a shape, in which `*` is any characters and `[0-9]` a digit."""
    return value.bool_op("GLOB")(shape)


def holds(value: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Whether a text contains `part`, letter for letter."""
    return func.instr(value, part) > 0


# Rows that may exist already


def insert_new(model: type[Base], unique: Sequence[str], among: str, **values: Any) -> Insert:
    """Returns an INSERT that does nothing on a conflict in the index of `unique`, which is partial by `among`."""
    return insert(model).values(**values).on_conflict_do_nothing(index_elements=unique, index_where=text(among))


def insert_or_change(
    model: type[Base],
    unique: Sequence[str],
    values: Mapping[str, Any],
    changed: Mapping[str, Any],
    where: ColumnElement[bool] | None = None,
) -> Insert:
    """Returns an INSERT that instead sets `changed` in a row with the same `unique` columns, if `where` holds of it."""
    return insert(model).values(**values).on_conflict_do_update(index_elements=unique, set_=changed, where=where)


def chunks(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Yields `items` in lists of at most `size`, since SQLite binds a bounded number of values."""
    return (items[start : start + size] for start in range(0, len(items), size))
