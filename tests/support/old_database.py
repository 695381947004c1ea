"""A database as an earlier eventmail left it, for the tests of migrations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.engine import Connection, Engine

from eventmail import migrations
from eventmail.db.sqlite import know


@contextmanager
def old_database(folder: Path, revision: str, fill: Callable[[Connection], None]) -> Iterator[Engine]:
    """The database in `folder` at a revision of the schema, with the rows that `fill` puts into it."""
    made = create_engine(f"sqlite:///{folder / 'app.sqlite'}")
    know(made, b"secret")  # as the app's own connections do
    with made.connect() as connection:
        command.upgrade(migrations.config(connection), revision)
        connection.commit()
        fill(connection)
        connection.commit()
    yield made
    made.dispose()
