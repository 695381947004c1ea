"""What only SQLite understands: how a connection is set up, our functions in it, what it says of its file.

SQLite is set up so that what a commit returned is on disk (a lost `sending` mark would be a double mail), and so that
a transaction which may write starts with BEGIN IMMEDIATE: a deferred one that read first fails at once when somebody
else committed meanwhile, whatever the busy timeout.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventmail import erased, link_targets, value_parsing
from eventmail.errors import Busy, DiskFull, Unavailable

BUSY_TIMEOUT_MS = 10_000
CACHE_KB = 250  # of each connection; the kernel has the file in memory too, so that 2 MB made nothing faster
ROOMY_KB = 64_000
CHECKPOINT_PAGES = 8_000  # 32 MB: whoever sends to 100 000 does not wait for it as well
_BEGIN = "sqlite_begin"
_PATIENCE = "sqlite_patience"
_REFUSED: Mapping[int, type[Unavailable]] = {
    sqlite3.SQLITE_BUSY: Busy,
    sqlite3.SQLITE_LOCKED: Busy,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_READONLY: Unavailable,
    sqlite3.SQLITE_IOERR: Unavailable,
    sqlite3.SQLITE_CANTOPEN: Unavailable,
    sqlite3.SQLITE_PERM: Unavailable,
}
_BROKEN = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


def _code(error: BaseException | None) -> int:
    """The lowest byte says what went wrong, the others where SQLite met it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def refusal(error: OperationalError) -> type[Unavailable] | None:
    """Our name for what stopped a statement; None for a fault in the statement itself."""
    return _REFUSED.get(_code(error.orig))


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves
    for name, function in (
        ("folded", value_parsing.folded),
        ("number_in", value_parsing.number),
        ("day_in", value_parsing.day),
    ):
        connection.create_function(name, 1, function, deterministic=True)
    connection.create_function("link_fault", 3, link_targets.fault, deterministic=True)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "secure_delete=ON",  # what was deleted is overwritten: whoever was erased stands in no free page
        f"cache_size=-{CACHE_KB}",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def know(engine: Engine, secret: bytes) -> None:
    """Let the connections of `engine` tell erased addresses: `erased_form` in SQL is `erased.pseudonym`."""

    @event.listens_for(engine, "connect")
    def _teach(connection: Any, _record: object) -> None:
        connection.create_function("erased_form", 1, partial(erased.pseudonym, secret), deterministic=True)


@event.listens_for(Engine, "handle_error")
def _give_up(context: ExceptionContext) -> None:
    """Keep no connection that met a disk which refused: one opened meanwhile would stay read-only for good."""
    if _code(context.original_exception) in _BROKEN:
        context.is_disconnect = True


def immediate(patience_ms: int | None) -> dict[str, Any]:
    """The options of a connection that begins to write; `patience_ms` as in `db.transaction`."""
    return {_BEGIN: "IMMEDIATE", _PATIENCE: patience_ms}


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    options = connection.get_execution_options()
    patience = options.get(_PATIENCE)
    try:
        if patience is not None:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
        connection.exec_driver_sql(f"BEGIN {options.get(_BEGIN, 'DEFERRED')}")
    finally:
        if patience is not None:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


@contextmanager
def roomy(tx: Session, *, checked: bool = True) -> Iterator[None]:
    """A large page cache for one statement that fills several indexes at once; with CACHE_KB it thrashes.

    `checked` is false for an INSERT whose checked columns are constants: SQLite makes the list of a CHECK … IN anew for
    each row, which takes a third of the time.
    """
    connection = tx.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql(f"PRAGMA cache_size=-{ROOMY_KB}")
    connection.exec_driver_sql(f"PRAGMA ignore_check_constraints={not checked}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KB}")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=False")


def version(connection: Connection) -> tuple[int, int] | None:
    """Another pair after every change of the database, whoever made it; None where that can't be told.

    `data_version` tells what others committed, and `total_changes` what this connection wrote.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        return None
    return driver.execute("PRAGMA data_version").fetchone()[0], driver.total_changes


@contextmanager
def without_trigger(tx: Session, name: str) -> Iterator[None]:
    """Take a trigger away for a block. Runs in the caller's transaction. Raises RuntimeError when there is none."""
    made = tx.scalar(text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name"), {"name": name})
    if not made:
        raise RuntimeError(f"the trigger {name} is missing; nothing was changed")
    tx.execute(text(f"DROP TRIGGER {name}"))
    yield
    tx.execute(text(made))


def emptied_log(engine: Engine) -> bool:
    """Whether all of the write-ahead log is in the database and the log is empty: old pages stand in it till then."""
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        connection.close()


# Of a database that is read as a file, past the engine


def damage(connection: sqlite3.Connection, *, quick: bool = False) -> str | None:
    """What SQLite finds wrong with its file; `quick` looks at less and names the first fault only."""
    found: str = connection.execute("PRAGMA quick_check(1)" if quick else "PRAGMA integrity_check").fetchone()[0]
    return None if found == "ok" else found


def broken_references(connection: sqlite3.Connection) -> list[str]:
    """The table of each row that points at a row which is not there."""
    return [row[0] for row in connection.execute("PRAGMA foreign_key_check")]


def journal_mode(connection: sqlite3.Connection) -> str:
    """How the file keeps what is not yet in it; `wal` with a write-ahead log."""
    found: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    return found


def beyond_ascii(connection: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    """The values of a column that hold a letter beyond ASCII. The names go into the statement as they are."""
    asked = f'SELECT {column} FROM "{table}" WHERE {column} GLOB ?'  # noqa: S608  names of ours
    return (value for (value,) in connection.execute(asked, ("*[^\x01-\x7f]*",)))


def copy(connection: sqlite3.Connection, file: str) -> None:
    """Write the database to a new file, in one read transaction: as it was at one instant."""
    connection.execute("VACUUM INTO ?", (file,))


def become_one_file(connection: sqlite3.Connection) -> None:
    """Leave nothing in a log beside the file."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode=DELETE")
