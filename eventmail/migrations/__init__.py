"""Brings the database to the schema of this version at start."""

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
    """A later version made these tables."""

    def __str__(self) -> str:
        return "A newer eventmail made this database. Run that version, or restore a backup from before."


def upgrade(engine: Engine, lock: Path) -> None:
    """Apply the missing migrations. Raises NewerDatabase. Only then is Alembic loaded, which takes 10 MB.

    Web and worker start at the same time, so the second waits for the lock. The look is under the lock, too: the first
    connection turns the file to WAL, which SQLite refuses at once, whatever the busy timeout, while the file is open
    elsewhere.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _locked(lock), engine.connect() as connection:
        if _current(connection) != head():
            # Alembic changes a column or CHECK by copying its table, and dropping the old table would cascade.
            connection.rollback()
            _foreign_keys(connection, "OFF")
            try:
                _apply(connection)
                connection.commit()
            finally:
                connection.rollback()
                _foreign_keys(connection, "ON")


def _foreign_keys(connection: Connection, switch: str) -> None:
    """Bypass SQLAlchemy, which begins a transaction before any statement: inside one SQLite ignores this switch."""
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA foreign_keys={switch}")
    if driver.execute("PRAGMA foreign_keys").fetchone() != (switch == "ON",):
        raise RuntimeError("foreign keys could not be switched; nothing was migrated")


def _apply(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  see `upgrade`
    from alembic.util.exc import CommandError  # noqa: PLC0415

    try:
        command.upgrade(config(connection), "head")
    except CommandError as error:  # Alembic does not know the revision of the tables
        raise NewerDatabase from error


def config(connection: Connection) -> "Config":
    """Returns an Alembic configuration for this connection; there is no alembic.ini."""
    from alembic.config import Config  # noqa: PLC0415  see `upgrade`

    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["connection"] = connection
    return made


def head() -> str:
    """Returns the newest revision. The name of each file begins with its revision, in order."""
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
