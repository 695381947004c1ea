"""What only SQLite understands: the set-up of a connection, our functions in it, checks of a database file.

A commit returns when its data is on disk, since a lost `sending` mark would be a double mail. A transaction that may
write begins with BEGIN IMMEDIATE: a deferred one that read first fails at once, whatever the busy timeout, when
somebody else has committed meanwhile.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import DDL, FromClause, event, text
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eventmail import erased, link_targets, value_parsing
from eventmail.errors import Busy, DiskFull, Unavailable

BUSY_TIMEOUT_MS = 10_000
CACHE_KB = 250  # of each connection; the kernel caches the file, too, so 2 MB were no faster
ROOMY_KB = 64_000
CHECKPOINT_PAGES = 8_000  # 32 MB, so that a send to 100 000 does not wait for a checkpoint as well
_BEGIN, _PATIENCE = "sqlite_begin", "sqlite_patience"
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
    """Returns the primary code; the higher bytes of an extended code tell where SQLite met the error."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def refusal(error: OperationalError) -> type[Unavailable] | None:
    """Returns our error for what stopped a statement, None for a fault in the statement itself."""
    return _REFUSED.get(_code(error.orig))


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # `_begin` says BEGIN
    for name, arguments, function in (
        ("folded", 1, value_parsing.folded),
        ("number_in", 1, value_parsing.number),
        ("day_in", 1, value_parsing.day),
        ("link_fault", 3, link_targets.fault),
    ):
        connection.create_function(name, arguments, function, deterministic=True)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "secure_delete=ON",  # overwrites what is deleted, so that no free page holds an erased guest
        f"cache_size=-{CACHE_KB}",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def know(engine: Engine, secret: bytes) -> None:
    """Give the connections of `engine` the function `erased_form`, which is `erased.pseudonym`."""

    @event.listens_for(engine, "connect")
    def _teach(connection: Any, _record: object) -> None:
        connection.create_function("erased_form", 1, partial(erased.pseudonym, secret), deterministic=True)


@event.listens_for(Engine, "handle_error")
def _give_up(context: ExceptionContext) -> None:
    """Drop a connection that met a refusing disk: one that was opened meanwhile would stay read-only for ever."""
    if _code(context.original_exception) in _BROKEN:
        context.is_disconnect = True


def add_trigger(table: FromClause, statement: str) -> None:
    """Let the trigger be made whenever the table is."""
    event.listen(table, "after_create", DDL(statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]


def immediate(patience_ms: int | None) -> dict[str, Any]:
    """Returns the options of a connection that begins to write; for `patience_ms` see `db.transaction`."""
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
    """A large page cache for one statement that fills several indexes at once, which would thrash in CACHE_KB.

    `checked` is false for an INSERT whose checked columns are constants: SQLite builds the list of a CHECK … IN again
    for each row, which takes a third of the time.
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
    """Returns a pair that differs after every change of the database; None without SQLite.

    `data_version` changes when others commit, `total_changes` when this connection writes.
    """
    if connection.dialect.name != "sqlite":
        return None
    driver: Any = connection.connection.driver_connection
    return driver.execute("PRAGMA data_version").fetchone()[0], driver.total_changes


@contextmanager
def without_trigger(tx: Session, name: str) -> Iterator[None]:
    """Drop a trigger for the block. Runs in the caller's transaction. Raises RuntimeError when it is missing."""
    made = tx.scalar(text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name"), {"name": name})
    if not made:
        raise RuntimeError(f"the trigger {name} is missing; nothing was changed")
    tx.execute(text(f"DROP TRIGGER {name}"))
    yield
    tx.execute(text(made))


def emptied_log(engine: Engine) -> bool:
    """Whether the write-ahead log could be emptied into the database; until then it holds old pages."""
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        connection.close()


# For a database file that is opened without the engine


def damage(connection: sqlite3.Connection, *, quick: bool = False) -> str | None:
    """Returns what SQLite finds wrong with the file, or None. `quick` checks less and names the first fault only."""
    found: str = connection.execute("PRAGMA quick_check(1)" if quick else "PRAGMA integrity_check").fetchone()[0]
    return None if found == "ok" else found


def broken_references(connection: sqlite3.Connection) -> list[str]:
    """Returns the table of each row that points at a missing row."""
    return [row[0] for row in connection.execute("PRAGMA foreign_key_check")]


def journal_mode(connection: sqlite3.Connection) -> str:
    """Returns the journal mode of the file, `wal` for a write-ahead log."""
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def beyond_ascii(connection: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    """Yields the values of a column that hold a letter beyond ASCII. The statement takes both names unquoted."""
    asked = f'SELECT {column} FROM "{table}" WHERE {column} GLOB ?'  # noqa: S608  names of ours
    return (value for (value,) in connection.execute(asked, ("*[^\x01-\x7f]*",)))


def copy(connection: sqlite3.Connection, file: str) -> None:
    """Write the database, as of one instant, to a new file."""
    connection.execute("VACUUM INTO ?", (file,))


def become_one_file(connection: sqlite3.Connection) -> None:
    """Move everything from the log into the file and leave no log beside it."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode=DELETE")
