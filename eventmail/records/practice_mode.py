"""Practice mode: whether it is on, and whether what happened in it counts (S13)."""

from sqlalchemy import SQLColumnExpression, true
from sqlalchemy.sql.elements import ColumnElement

from eventmail.db import service
from eventmail.states import OUTBOX, is_practice


def practising() -> bool:
    """Whether practice mode is on: mail stays on this box."""
    return is_practice(service())


def of_practice(provider: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Condition: a column names the mail service of practice mode."""
    return provider == OUTBOX


def counts(provider: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Condition: outcomes with this service count. In practice mode all do, otherwise all but those of practice (S13).

    Where no service was noted the mail may have been real, so it counts.
    """
    return true() if practising() else provider.is_distinct_from(OUTBOX)
