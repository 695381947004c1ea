"""The quota: reserved before a send is queued, consumed or refunded once for each recipient (S9)."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from eventmail.errors import QuotaExceeded
from eventmail.models import Reservation
from eventmail.records.practice_mode import of_practice, practising


@dataclass(frozen=True)
class Limits:
    """Sends per rolling day and month of the whole installation; 0 means no limit (S9)."""

    per_day: int = 0
    per_month: int = 0

    @property
    def windows(self) -> tuple[tuple[str, int, timedelta], ...]:
        """(word, limit, length) of each window."""
        return ("day", self.per_day, timedelta(days=1)), ("month", self.per_month, timedelta(days=30))


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Usage:
    """One window of the quota, in places: used for good, reserved, left (None without a limit)."""

    limit: int
    used: int
    reserved: int

    @property
    def left(self) -> int | None:
        return max(0, self.limit - self.used - self.reserved) if self.limit else None


def usage(session: Session, limit: int, length: timedelta, at: datetime) -> Usage:
    """Returns the ledger of all windows of `length` that contain `at`. Practice mode has a ledger of its own (S13).

    A send that can still be undone is due after `at`, and its places count already (S7).
    """
    used = func.coalesce(func.sum(Reservation.consumed), 0)
    open_ = func.coalesce(func.sum(Reservation.reserved - Reservation.consumed - Reservation.refunded), 0)
    return Usage(limit, *session.execute(select(used, open_).where(*_near(at, length))).one())


def reserve(tx: Session, entry: Reservation, limits: Limits) -> None:
    """Reserve the places of `entry` at its `due_at` (S9). Raises QuotaExceeded. Runs in the caller's transaction.

    The run needs no job yet.
    """
    _check(tx, entry.reserved, entry.due_at, limits)
    tx.add(entry)


def rebook(tx: Session, mailing_id: int, places: int, due_at: datetime, limits: Limits, *, returned: int = 0) -> None:
    """Let the first run of a mailing, of which nothing was sent, hold `places` at `due_at` instead (S9).

    `returned` more were refunded for recipients that still stand there, cancelled. Raises QuotaExceeded.
    Runs in the caller's transaction.
    """
    entry = tx.scalars(select(Reservation).where(Reservation.mailing_id == mailing_id, Reservation.run == 1)).one()
    _check(tx, places, due_at, limits, besides=entry.id)
    entry.reserved, entry.consumed, entry.refunded, entry.due_at = places + returned, 0, returned, due_at
    tx.flush()


def _check(tx: Session, places: int, due_at: datetime, limits: Limits, *, besides: int | None = None) -> None:
    """Raises QuotaExceeded when `places` at `due_at` are too many; the reservation `besides` does not count."""
    for word, limit, length in limits.windows:
        if limit and places > (left := max(0, limit - _fullest(tx, length, due_at, besides))):
            raise QuotaExceeded(
                f"This needs {places} sends; {left} of {limit} are left for this {word}. Nothing was queued."
            )


def _fullest(tx: Session, length: timedelta, due_at: datetime, besides: int | None) -> int:
    """Returns the most places taken in any window of `length` that contains `due_at`, also by later reservations."""
    others = Reservation.id.is_distinct_from(besides)
    taken_by = (*_near(due_at, length), others)
    places_of = select(Reservation.due_at, Reservation.reserved - Reservation.refunded).where(*taken_by)
    taken = tx.execute(places_of.order_by(Reservation.due_at)).all()
    instants, places = [row[0] for row in taken], [0, *accumulate(row[1] for row in taken)]
    ends = {due_at, *(instant for instant in instants if instant >= due_at)}
    return max(places[bisect_right(instants, end)] - places[bisect_right(instants, end - length)] for end in ends)


def _near(at: datetime, length: timedelta) -> tuple[ColumnElement[bool], ...]:
    """Conditions: a reservation shares a window with `at` and is of the quota in use (practice mode has its own)."""
    practice = of_practice(Reservation.provider)
    in_use = or_(practice if practising() else ~practice, Reservation.provider.is_(None))
    return Reservation.due_at > at - length, Reservation.due_at < at + length, in_use
