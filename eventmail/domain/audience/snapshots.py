"""Freezing the list of recipients, and comparing it with the list of now (A4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import CompoundSelect, Integer, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from eventmail import ids
from eventmail.db import fresh, transaction
from eventmail.db.sql import json_object_of
from eventmail.domain.audience.resolve import Audience, recipients
from eventmail.domain.audience.snapshot_query import AsOf
from eventmail.errors import InvalidAudience
from eventmail.models import Guest, Snapshot
from eventmail.models.guest import full_name
from eventmail.records import Acting

KEPT = timedelta(hours=24)
KEPT_EACH = 10  # snapshots of one person in one event; that of a large audience takes megabytes
NAMED = 50  # guests who joined or left that are listed one by one
GONE = "The list you looked at is not kept any more. Nothing was sent: look again."


@dataclass(frozen=True)
class Person:
    """A guest who joined or left. `email` is the frozen address of one who left."""

    id: int
    email: str
    first_name: str
    last_name: str

    @property
    def full_name(self) -> str:
        return full_name(self.first_name, self.last_name)


@dataclass(frozen=True)
class Drift:
    """How an audience differs from its snapshot. `joined` and `left` hold the first NAMED guests."""

    before: int
    now: int
    joined: Sequence[Person]
    left: Sequence[Person]
    joined_count: int
    left_count: int

    @property
    def sentence(self) -> str:
        numbers = ((self.joined_count, "joined"), (self.left_count, "left"))
        changes = [f"{number} {word}" for number, word in numbers if number]
        return (
            f"When you looked, {self.before} would have got it. Since then {' and '.join(changes)}, so it would be "
            f"{self.now} now. Nothing was sent."
        )


def freeze(audience: Audience, by: Acting) -> str:
    """Freeze the recipients of now. Returns the token of the list. The database copies them; Python reads none."""
    token = ids.token(24)
    got = recipients(audience).subquery()
    people = select(
        literal(audience.event_id),
        literal(token),
        literal(audience.as_json(), Snapshot.audience.type),
        json_object_of(got.c.guest_id, got.c.address),
        func.count(),
        literal(by.user_id, Integer),
        literal(by.now, Snapshot.created_at.type),
    ).select_from(got)
    mine = (Snapshot.event_id == audience.event_id, Snapshot.created_by == by.user_id)
    newest = select(Snapshot.id).where(*mine).order_by(Snapshot.id.desc()).limit(KEPT_EACH - 1)
    with transaction() as tx:
        tx.execute(delete(Snapshot).where(*mine, Snapshot.id.not_in(newest)))
        into = ["event_id", "token", "audience", "people", "count", "created_by", "created_at"]
        tx.execute(insert(Snapshot).from_select(into, people))
    return token


def find(event_id: int, token: str) -> Snapshot:
    """The snapshot of a token of this event. Raises InvalidAudience when it is unknown or not kept any more."""
    one = select(Snapshot).where(Snapshot.token == token, Snapshot.event_id == event_id)
    if (found := fresh().scalars(one).one_or_none()) is None:
        raise InvalidAudience.at("audience_snapshot", "UNKNOWN_SNAPSHOT", GONE)
    return found


def as_of(reviewed: Snapshot) -> AsOf:
    """The people of a snapshot, for `Audience.as_of`."""
    return AsOf(reviewed.id, reviewed.created_at)


def drift(session: Session, audience: Audience, reviewed: Snapshot) -> Drift | None:
    """The guests who joined and left since the snapshot. None when the same guests have the same addresses."""
    got = recipients(audience).subquery()
    people = select(Snapshot.people).where(Snapshot.id == reviewed.id).scalar_subquery()
    if session.scalar(select(json_object_of(got.c.guest_id, got.c.address) == people).select_from(got)):
        return None
    now, before = select(got.c.guest_id, got.c.address), as_of(reviewed).people()
    joined, joined_count = _people(session, now.except_(before))
    left, left_count = _people(session, before.except_(now))
    if not joined_count and not left_count:
        return None
    return Drift(reviewed.count, reviewed.count + joined_count - left_count, joined, left, joined_count, left_count)


def _people(session: Session, difference: CompoundSelect[Any]) -> tuple[list[Person], int]:
    found = difference.subquery()
    some = select(*found.c, func.count().over().label("total")).order_by(found.c[0]).limit(NAMED).subquery()
    guest_id, email, total = some.c
    rows = session.execute(
        select(guest_id, email, Guest.first_name, Guest.last_name, total)
        .outerjoin(Guest, Guest.id == guest_id)
        .order_by(guest_id)
    ).all()
    people = [Person(row[0], row[1], row.first_name or "", row.last_name or "") for row in rows]
    return people, rows[0].total if rows else 0
