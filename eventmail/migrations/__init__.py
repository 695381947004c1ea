"""Brings the database to the schema of this version, at start, under a file lock."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.engine import Connection, Engine

HERE = Path(__file__).parent


class NewerDatabase(Exception):
    """These tables were made by a later version than this one."""

    def __str__(self) -> str:
        return "A newer eventmail made this database. Run that version, or restore a backup from before."


def upgrade(engine: Engine, lock: Path) -> None:
    """Apply what is missing. Web and worker start at once: the second waits for the lock and finds nothing to do.

    Even the look is taken under the lock: the first connection turns the file to WAL, which SQLite refuses at once,
    whatever the busy timeout, while somebody else has it open.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _locked(lock), engine.connect() as connection:
        if _current(connection) != head():
            # a column or CHECK of SQLite is changed by copying its table, and dropping the old one would cascade
            connection.rollback()
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            try:
                command.upgrade(config(connection), "head")
            except CommandError as error:  # it does not know the revision the tables are at
                raise NewerDatabase from error
            connection.commit()
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def config(connection: Connection) -> Config:
    """An Alembic configuration that works on this connection; there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["connection"] = connection
    return made


def head() -> str | None:
    """The revision that this version of the program works with."""
    return ScriptDirectory(str(HERE)).get_current_head()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
