"""Counting statements, so that a list costs the same for 1 and for 3 rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


class Queries(list[str]):
    """The statements that ran, oldest first; `len` counts them."""


@contextmanager
def count_queries() -> Iterator[Queries]:
    """Every statement of this process while inside, whatever the engine; BEGIN is none."""
    seen = Queries()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
