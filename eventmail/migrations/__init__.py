"""Brings the database to the schema of this version, at start, under a file lock."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect
from sqlalchemy.engine import Connection, Engine

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent


class NewerDatabase(Exception):
    """These tables were made by a later version than this one."""

    def __str__(self) -> str:
        return "A newer eventmail made this database. Run that version, or restore a backup from before."


def upgrade(engine: Engine, lock: Path) -> None:
    """Apply what is missing; Alembic, 10 MB of memory, is only loaded when something is. Web and worker start at once: the second waits for the lock and finds nothing to do.

    Even the look is taken under the lock: the first connection turns the file to WAL, which SQLite refuses at once,
    whatever the busy timeout, while somebody else has it open.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _locked(lock), engine.connect() as connection:
        if _current(connection) != head():
            # a column or CHECK of SQLite is changed by copying its table, and dropping the old one would cascade
            connection.rollback()
            _foreign_keys(connection, "OFF")
            try:
                _apply(connection)
                connection.commit()
            finally:
                connection.rollback()
                _foreign_keys(connection, "ON")


def _foreign_keys(connection: Connection, switch: str) -> None:
    """Past SQLAlchemy, which begins a transaction before any statement: inside one SQLite ignores this switch."""
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA foreign_keys={switch}")
    if driver.execute("PRAGMA foreign_keys").fetchone() != (switch == "ON",):
        raise RuntimeError("foreign keys could not be switched; nothing was migrated")


def _apply(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  see `upgrade`
    from alembic.util.exc import CommandError  # noqa: PLC0415

    try:
        command.upgrade(config(connection), "head")
    except CommandError as error:  # it does not know the revision the tables are at
        raise NewerDatabase from error


def config(connection: Connection) -> "Config":
    """An Alembic configuration that works on this connection; there is no alembic.ini."""
    from alembic.config import Config  # noqa: PLC0415  see `upgrade`

    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["connection"] = connection
    return made


def head() -> str:
    """The revision that this version of the program works with: the files are named after theirs, in order."""
    return max(path.name for path in (HERE / "versions").glob("[0-9]*.py")).partition("_")[0]


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
