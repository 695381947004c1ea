"""One page of a list. A page past the end shows the last (D2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, func, select

from eventmail.db import Rows, fresh

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Page `number` of `pages`, of a list of `total` items, `size` on a page."""

    items: Sequence[T]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


def existing(page: int, size: int, total: int) -> int:
    """Returns the number of the page to show: `page`, or the last when it is past the end (D2)."""
    return min(max(page, 1), max(1, -(-total // size)))


def cut(items: Sequence[T], *, page: int, size: int) -> Page[T]:
    """Returns one page of `items`."""
    number = existing(page, size, len(items))
    return Page(items[(number - 1) * size : number * size], number, size, len(items))


def number_of(statement: Rows) -> int:
    """Returns how many rows `statement` finds."""
    return fresh().scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0


def paginate(
    statement: Rows, *, page: int, size: int, row: Callable[[Row[Any]], Any] = lambda found: found,
    total: int | None = None,
) -> Page[Any]:  # fmt: skip
    """Returns one page of what `statement` finds, by two queries, or by one when its `total` is known."""
    total = number_of(statement) if total is None else total
    number = existing(page, size, total)
    rows = fresh().execute(statement.limit(size).offset((number - 1) * size)).all()
    return Page([row(r) for r in rows], number, size, total)
