"""Practice mode: whether it is on, and whether what happened in it counts (S13)."""

from sqlalchemy import SQLColumnExpression, true
from sqlalchemy.sql.elements import ColumnElement

from eventmail.db import service
from eventmail.states import OUTBOX, is_practice


def practising() -> bool:
    """Whether mail stays on this box now."""
    return is_practice(service())


def of_practice(provider: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Whether the mail service in a column is that of practice mode."""
    return provider == OUTBOX


def counts(provider: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Whether what happened with this service counts as mail now: in practice mode all of it, else not practice (S13).

    What nobody noted a service of may have been mail, so it counts.
    """
    return true() if practising() else provider.is_distinct_from(OUTBOX)
