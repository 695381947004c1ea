"""The base of every table, the one way to write (`transaction`), the one writer of states (`move`)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import CheckConstraint, DateTime, Dialect, MetaData, Select, Update, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column, registry
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

from eventmail import states
from eventmail.db import sqlite

T = TypeVar("T")
Rows = Select[*tuple[Any, ...]]  # a SELECT of any columns
_WRITING, _CORE, _SERVICE = "eventmail_writing", "eventmail_core", "eventmail_service"
_KEPT, _KEPT_AT = "eventmail_kept", "eventmail_kept_at"
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database. SQLite alone would return it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


class Base(DeclarativeBase):
    """Every table. SQLite never gives out a row id twice (AUTOINCREMENT), so an old link can't lead to a new row."""

    registry = registry(metadata=MetaData(naming_convention=_NAMES), type_annotation_map={datetime: UtcDateTime()})
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012  SQLAlchemy's own way

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  SQLAlchemy's own way
        """The name of the class in snake case."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    id: Mapped[int] = mapped_column(primary_key=True)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Returns a CHECK that `column` holds one of an enum's values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


@contextmanager
def transaction(*, patience_ms: int | None = None) -> Iterator[Session]:
    """The only way to write: ends the session's read transaction, begins IMMEDIATE, commits or rolls back.

    Waits `patience_ms` for another writer (by default sqlite.BUSY_TIMEOUT_MS), then raises OperationalError. Raises
    RuntimeError inside another transaction, and when rows were changed outside. Rows loaded before are expired, so a
    command decides on what it reads inside. Inside: no network, no sleep, no huey, no Argon2, no rendering, no parsing.
    """
    session = cast(Session, db.session())
    if session.info.get(_WRITING):
        raise RuntimeError("transaction() inside transaction(): pass tx on instead")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("rows were changed outside transaction()")
    session.rollback()
    session.expire_all()  # rollback alone keeps rows that an earlier transaction committed
    session.info[_WRITING] = True
    try:
        session.info[_CORE] = session.connection(execution_options=sqlite.immediate(patience_ms))
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[_WRITING] = session.info[_CORE] = None


def core(tx: Session) -> Connection:
    """Returns the connection of a transaction, for the statements of the hot path.

    They bypass the ORM's session, which costs more there than SQLite. Asking the session for its connection does, too.
    """
    connection: Connection = tx.info[_CORE]
    return connection


def remembered(session: Session, key: object, make: Callable[[], T]) -> T:
    """Returns what `make()` returned for `key` on this connection, until anybody changes the database.

    For what each page counts and what hardly ever changes. Inside `transaction()` nothing is kept, since it may be
    rolled back.
    """
    connection = session.connection()
    version = sqlite.version(connection)
    if version is None or session.info.get(_WRITING):
        return make()
    if connection.info.get(_KEPT_AT) != version:
        connection.info.update({_KEPT_AT: version, _KEPT: {}})
    kept: dict[object, T] = connection.info[_KEPT]
    if key not in kept:
        kept[key] = make()
    return kept[key]


def file() -> Path:
    """Returns the path of this app's database file."""
    return Path(db.engine.url.database or "")


def fresh() -> Session:
    """Returns the session of this request or task, for reads."""
    return cast(Session, db.session())


def send_through(service: str) -> None:
    """Set the mail service of this process, once, when the application is made."""
    db.engine.update_execution_options(**{_SERVICE: service})


def service() -> str:
    """Returns the mail service that is set for this process; earlier outcomes keep their own (S13)."""
    return str(db.engine.get_execution_options()[_SERVICE])


def move(
    tx: Session, model: type[Base], where: Sequence[ColumnElement[bool]], from_: StrEnum, to: StrEnum, **values: object
) -> list[int]:
    """Move the rows of `model` that match `where` from state `from_` to `to`; returns the ids that moved.

    Fewer ids than expected mean that somebody else won; the caller decides whether that is an error. Raises ValueError
    for a move that `states` does not know.
    """
    statement = moving(model, where, from_, to, values).returning(model.id)
    return list(tx.scalars(statement, execution_options={"synchronize_session": False}))


def moving(
    model: type[Base], where: Sequence[ColumnElement[bool]], from_: StrEnum, to: StrEnum, values: Mapping[str, object]
) -> Update:
    """Returns the one UPDATE that writes a state, with the old state in its WHERE. Raises ValueError as `move` does."""
    if not states.legal(from_, to):
        raise ValueError(f"{model.__name__}: {from_} may not become {to}")
    return update(model).where(*where, cast(Any, model).state == from_).values(state=to, **values)
