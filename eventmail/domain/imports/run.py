"""Importing a guest list: read and planned first, then written in one transaction.

A column that the file lacks is never changed. A blank cell erases nothing. Tags are added and never taken away. The
do-not-mail list is not touched.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import Insert, Update, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import fresh, transaction
from eventmail.db.sql import chunks
from eventmail.db.sqlite import roomy
from eventmail.domain.guests import values
from eventmail.domain.imports.csv_rows import GUESSED, Reading, read
from eventmail.domain.imports.plan import WRITTEN, Plan, before, plan_of
from eventmail.domain.imports.report import ImportReport
from eventmail.models import Guest, GuestTag

Tell = Callable[[str, int, int], None]  # (READING or WRITING, how much is done, of how much)
READING, WRITING = "reading", "writing"
_GUESTS: Any = Guest.__table__
_TAGS: Any = GuestTag.__table__
_AT_ONCE = 10_000


def run(
    event_id: int,
    data: bytes,
    by: records.Acting,
    dry_run: bool = False,
    *,
    reading: Reading = GUESSED,
    tell: Tell = lambda _what, _done, _of: None,
) -> ImportReport:
    """Import the good rows of the CSV file `data` and report the others. A dry run writes nothing.

    Raises what `csv_rows.read` raises, and InvalidInput for too many columns.
    """
    with _without_collecting():
        sheet = read(data, reading, lambda done, of: tell(READING, done, of))
        there = before(fresh(), event_id)
        plan = plan_of(there, sheet)
        if dry_run:
            return plan.report()
        with transaction() as tx:  # it blocks other writers, so the slow work is done before
            if (now := before(tx, event_id)) != there:  # somebody changed a guest meanwhile
                plan = plan_of(now, sheet)
            del now, there
            values.record_columns(tx, event_id, sheet.columns)
            _write(tx, event_id, plan, by, tell)
            report = plan.report()
            counts = {"created": report.created, "updated": report.updated, "unchanged": report.unchanged}
            records.audit(tx, by, "guests.imported", f"event:{event_id}", event_id=event_id, **counts,
                          rejected=len(report.rejected))  # fmt: skip
        return report


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Pause the garbage collector. Rows hold no cycles, but walking over them would take a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _write(tx: Session, event_id: int, plan: Plan, by: records.Acting, tell: Tell) -> None:
    last = tx.scalar(select(func.max(Guest.id))) or 0
    common = {"event_id": event_id, "created_at": by.now, "updated_at": by.now}
    mine = update(_GUESTS).where(_GUESTS.c.id == bindparam("guest_id"), _GUESTS.c.event_id == bindparam("of_event"))
    changed = {"of_event": event_id, "updated_at": by.now}
    with roomy(tx):
        _many(tx, insert(_GUESTS), WRITTEN, plan.new, common=common, tell=tell)
        _many(tx, mine, (*WRITTEN, "guest_id"), plan.changed, common=changed, tell=tell)
        tags = [*plan.tags, *_new_tags(tx, event_id, plan, last)]
        _many(tx, insert(_TAGS), ("guest_id", "tag"), tags, common={}, tell=tell)


def _many(
    tx: Session,
    statement: Insert | Update,
    names: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    common: Mapping[str, Any],
    tell: Tell,
) -> None:
    """Write rows, with their values in the order of `names` and the `common` ones.

    This is the driver's own executemany. SQLAlchemy's costs about as much again as SQLite itself.
    """
    if not rows:
        return
    connection, keys = tx.connection(), (*names, *common)
    compiled: Any = statement.compile(dialect=connection.dialect, column_keys=keys)
    tail: tuple[Any, ...] = ()
    for name, value in common.items():
        convert = compiled.binds[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        tail += (convert(value) if convert else value,)
    for number, part in enumerate(chunks(rows, _AT_ONCE)):
        tell(WRITING, number * _AT_ONCE, len(rows))
        if compiled.positional:
            ordered = itemgetter(*map(keys.index, compiled.positiontup))
            connection.exec_driver_sql(compiled.string, [ordered(row + tail) for row in part])
        else:
            connection.exec_driver_sql(compiled.string, [dict(zip(keys, row + tail, strict=True)) for row in part])


def _new_tags(tx: Session, event_id: int, plan: Plan, last: int) -> Iterator[tuple[int, str]]:
    """(guest id, tag) of the new guests. Their ids rise in the order of insertion; nobody else inserts meanwhile."""
    if plan.new_tags:
        made = tx.scalars(select(Guest.id).where(Guest.event_id == event_id, Guest.id > last).order_by(Guest.id)).all()
        for place, tags in plan.new_tags:
            yield from ((made[place], tag) for tag in tags)
