"""What both sides write in somebody's transaction: the log, replayable answers, the quota ledger, recipients' moves."""

import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy import Integer, SQLColumnExpression, Update, bindparam, exists, func, or_, select, true, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from eventmail.db import core, moving, service
from eventmail.db.sql import erased_form
from eventmail.errors import IdempotencyKeyReused, QuotaExceeded
from eventmail.models import Attempt, AuditEntry, IdempotencyRecord, Job, Mailing, Recipient, Reservation
from eventmail.models.mailing import COUNTERS
from eventmail.states import OUTBOX, RecipientState

# what a recipient's end does to its place in the quota (S9)
CONSUMING = frozenset({RecipientState.SENT, RecipientState.UNKNOWN})
UNCLEAR = "unclear"  # the outcome of an attempt that nobody can be sure of
# that practice was unclear about a mail is no doubt once another service has it in hand (S13)
_COUNTS = or_(Attempt.provider != OUTBOX, Recipient.provider == OUTBOX)
DOUBTED = exists().where(Attempt.recipient_id == Recipient.id, Attempt.outcome == UNCLEAR, _COUNTS)
REFUNDING = frozenset({RecipientState.FAILED, RecipientState.SUPPRESSED, RecipientState.CANCELLED})


@dataclass(frozen=True)
class Acting:
    """Who acts, in which request, at which instant; handed to every command as `by`."""

    user_id: int | None
    name: str
    request_id: str
    now: datetime


def audit(tx: Session, by: Acting, action: str, subject: str, *, event_id: int | None = None, **detail: object) -> None:
    """Write one log entry, e.g. `audit(tx, by, "guest.deleted", "guest:17", event_id=3, before={…})`."""
    tx.add(
        AuditEntry(
            at=by.now,
            actor=by.name,
            user_id=by.user_id,
            event_id=event_id,
            action=action,
            subject=subject,
            detail=detail,
            request_id=by.request_id,
        )
    )


def body_hash(body: Mapping[str, Any]) -> str:
    """A fingerprint of what a request asks for, whatever the order of its members."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Keyed:
    """An idempotency key as it is used: whose, which, and a fingerprint of what is asked for under it."""

    scope: str
    key: str
    fingerprint: str


def replayable(session: Session, keyed: Keyed) -> IdempotencyRecord | None:
    """The answer that was given under this key, or None while the key is free.

    Raises IdempotencyKeyReused when the key was used for another body.
    """
    found = session.scalars(
        select(IdempotencyRecord).where(
            IdempotencyRecord.scope == keyed.scope,
            IdempotencyRecord.key.in_([keyed.key, erased_form(keyed.key)]),
        )
    ).one_or_none()
    if found and found.body_hash != keyed.fingerprint:
        raise IdempotencyKeyReused
    return found


def remember(
    tx: Session, keyed: Keyed, mailing_id: int, answer: Mapping[str, Any], by: Acting, *, status: int = 202
) -> None:
    """Keep the answer that is given under a key, for whoever asks under it again (S1)."""
    tx.add(
        IdempotencyRecord(
            scope=keyed.scope, key=keyed.key, body_hash=keyed.fingerprint, mailing_id=mailing_id, status=status,
            answer=dict(answer), created_at=by.now,
        )
    )  # fmt: skip


def practising() -> bool:
    """Whether mail stays on this box now."""
    return service() == OUTBOX


def counts(provider: SQLColumnExpression[str | None]) -> ColumnElement[bool]:
    """Whether what happened with this service counts as mail now: in practice mode all of it, else not practice (S13).

    What nobody noted a service of may have been mail, so it counts.
    """
    return true() if practising() else provider.is_distinct_from(OUTBOX)


@dataclass(frozen=True)
class Limits:
    """Sends per rolling day and month of the whole installation; 0 is none (S9)."""

    per_day: int = 0
    per_month: int = 0

    @property
    def windows(self) -> tuple[tuple[str, int, timedelta], ...]:
        """(word, limit, length) of each window."""
        return ("day", self.per_day, timedelta(days=1)), ("month", self.per_month, timedelta(days=30))


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Usage:
    """One window of the quota: what is used for good, what is reserved, what is left (None without a limit)."""

    limit: int
    used: int
    reserved: int

    @property
    def left(self) -> int | None:
        return max(0, self.limit - self.used - self.reserved) if self.limit else None


def usage(session: Session, limit: int, length: timedelta, at: datetime) -> Usage:
    """The ledger of the windows of `length` that hold `at`; practice mode has one of its own (S13).

    What can still be undone is due in a moment, and has its places already (S7).
    """
    used, open_ = session.execute(
        select(
            func.coalesce(func.sum(Reservation.consumed), 0),
            func.coalesce(func.sum(Reservation.reserved - Reservation.consumed - Reservation.refunded), 0),
        ).where(Reservation.due_at > at - length, Reservation.due_at < at + length, _drawn())
    ).one()
    return Usage(limit, used, open_)


def reserve(tx: Session, job: Job, places: int, due_at: datetime, limits: Limits) -> None:
    """Reserve `places` sends for `job` in the window of `due_at` (S9). Raises QuotaExceeded, reserving nothing."""
    for word, limit, length in limits.windows:
        if limit and places > (left := max(0, limit - _fullest(tx, length, due_at))):
            raise QuotaExceeded(
                f"This needs {places} sends; {left} of {limit} are left for this {word}. Nothing was queued."
            )
    tx.add(Reservation(job_id=job.id, due_at=due_at, reserved=places))


def _fullest(tx: Session, length: timedelta, due_at: datetime) -> int:
    """The most places taken in any window of `length` that holds `due_at`; later ones were reserved before, too."""
    taken = tx.execute(
        select(Reservation.due_at, Reservation.reserved - Reservation.refunded)
        .where(Reservation.due_at > due_at - length, Reservation.due_at < due_at + length, _drawn())
        .order_by(Reservation.due_at)
    ).all()
    instants, places = [row[0] for row in taken], [0, *accumulate(row[1] for row in taken)]
    ends = {due_at, *(instant for instant in instants if instant >= due_at)}
    return max(places[bisect_right(instants, end)] - places[bisect_right(instants, end - length)] for end in ends)


def _drawn() -> ColumnElement[bool]:
    """Whether a reservation is one of the quota that is drawn on now: practice mode has one of its own."""
    theirs = Job.provider == OUTBOX if practising() else Job.provider != OUTBOX
    return Reservation.job_id.in_(select(Job.id).where(or_(theirs, Job.provider.is_(None))))


@dataclass(frozen=True)
class Move:
    """A move of recipients whose statement is built once, for the way that every mail goes; `make` makes it."""

    from_: RecipientState
    to: RecipientState
    statement: ReturningUpdate[int, int]


def recipient_move(
    where: Sequence[ColumnElement[bool]], from_: RecipientState, to: RecipientState, **values: object
) -> Move:
    """The move of recipients that match `where`; conditions and values may hold bind parameters."""
    return Move(from_, to, moving(Recipient, where, from_, to, values).returning(Recipient.id, Recipient.mailing_id))


def make(tx: Session, move: Move, **given: object) -> list[int]:
    """Move recipients and, in the same transaction, their mailings' counters and ledgers; the ids that moved.

    The only way a recipient changes state after it was made, so counters never run ahead of rows (T1) and the ledger
    always balances (S9). `given` are the move's bind parameters.
    """
    connection = core(tx)
    moved = connection.execute(move.statement, given).all()
    for mailing_id, count in Counter(row.mailing_id for row in moved).items():
        connection.execute(_counting(move.from_, move.to), {"mailing": mailing_id, "count": count})
        column = _place(move.from_, move.to)
        if column:
            connection.execute(_settling(column), {"mailing": mailing_id, "count": count})
    return [row.id for row in moved]


def move_recipients(
    tx: Session,
    where: Sequence[ColumnElement[bool]],
    from_: RecipientState,
    to: RecipientState,
    **values: object,
) -> list[int]:
    """A move that is made once: `recipient_move`, then `make`."""
    return make(tx, recipient_move(where, from_, to, **values))


@cache
def _counting(from_: RecipientState, to: RecipientState) -> Update:
    less, more, count = COUNTERS[from_], COUNTERS[to], bindparam("count", type_=Integer)
    steps = {less: getattr(Mailing, less) - count, more: getattr(Mailing, more) + count}
    return update(Mailing).where(Mailing.id == bindparam("mailing")).values(steps)


def _place(from_: RecipientState, to: RecipientState) -> str | None:
    """What a move does to places in the quota; each is settled once."""
    if from_ in CONSUMING | REFUNDING:
        return None
    return "consumed" if to in CONSUMING else "refunded" if to in REFUNDING else None


@cache
def _settling(column: str) -> Update:
    current = select(func.max(Job.id)).where(Job.mailing_id == bindparam("mailing")).scalar_subquery()
    settled = getattr(Reservation, column) + bindparam("count")
    return update(Reservation).where(Reservation.job_id == current).values({column: settled})


def leave_queue(
    tx: Session, where: Sequence[ColumnElement[bool]], to: RecipientState, words: str, now: datetime
) -> list[int]:
    """Take waiting recipients out of the queue for good, cancelled or suppressed: the ids that were.

    Who waited only because somebody decided to send a doubtful mail again goes back to doubt: that mail may have left
    (S5), whatever became of the second one.
    """
    values = {"claim_owner": None, "claim_until": None, "updated_at": now}
    move_recipients(
        tx,
        [*where, DOUBTED],
        RecipientState.QUEUED,
        RecipientState.UNKNOWN,
        last_error=f"An earlier mail may have been sent. Not sent again: {words}",
        **values,
    )
    return move_recipients(tx, where, RecipientState.QUEUED, to, last_error=words, **values)


def forget_doubt(tx: Session, where: Sequence[ColumnElement[bool]]) -> None:
    """Doubt about these recipients is being settled: as a message's last error it gives way to what others met.

    Those are who is in doubt still, or failed; without any of them there is no last error any more.
    """
    settled = [*where, Recipient.state == RecipientState.UNKNOWN]
    theirs = Recipient.mailing_id == Mailing.id
    here = Mailing.id.in_(select(Recipient.mailing_id).where(*settled))
    tells = exists().where(*settled, theirs, Recipient.last_error == Mailing.last_error)
    open_ = [theirs, Recipient.state.in_([RecipientState.UNKNOWN, RecipientState.FAILED])]
    others = select(Recipient.last_error).where(*open_, Recipient.id.not_in(select(Recipient.id).where(*settled)))
    newest = others.order_by(Recipient.updated_at.desc(), Recipient.id.desc()).limit(1).correlate(Mailing)
    tx.execute(
        update(Mailing).where(here, tells).values(last_error=newest.scalar_subquery()),
        execution_options={"synchronize_session": False},
    )


def chunks(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """`items` in pieces of at most `size`, since SQLite binds a bounded number of values."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
