"""Alembic's entry point, on the connection of `migrations.config`."""

from typing import Literal

from alembic import context

from eventmail import models  # noqa: F401  registers the tables
from eventmail.db import Base, UtcDateTime


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column type as what the database stores, so that migrations do not depend on our code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
