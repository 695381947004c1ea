"""The moves of recipients: rows, counters and ledger change together (S9, T1)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Integer, Update, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from eventmail.db import core, moving
from eventmail.models import Attempt, Job, Mailing, Recipient, Reservation
from eventmail.models.mailing import COUNTERS
from eventmail.records.practice_mode import of_practice
from eventmail.states import MAY_HAVE_GOT, MAY_WAIT_AGAIN, NOT_GOT, OPEN, RecipientState

UNCLEAR = "unclear"  # the outcome of an attempt whose mail may or may not have been taken
# An unclear attempt in practice mode is no doubt once another service handles the mail (S13).
_COUNTS = or_(~of_practice(Attempt.provider), of_practice(Recipient.provider))
DOUBTED = exists().where(Attempt.recipient_id == Recipient.id, Attempt.outcome == UNCLEAR, _COUNTS)


@dataclass(frozen=True)
class Move:
    """A move of recipients with its statement, which the hot path builds once and `make` executes."""

    from_: RecipientState
    to: RecipientState
    statement: ReturningUpdate[int, int]


def recipient_move(
    where: Sequence[ColumnElement[bool]], from_: RecipientState, to: RecipientState, **values: object
) -> Move:
    """Returns the move of recipients that match `where`. Conditions and values may hold bind parameters."""
    return Move(from_, to, moving(Recipient, where, from_, to, values).returning(Recipient.id, Recipient.mailing_id))


def make(tx: Session, move: Move, **given: object) -> list[int]:
    """Move recipients, their mailings' counters and their ledgers; returns the ids that moved.

    Runs in the caller's transaction. No other code changes a recipient's state, so counters are never ahead of rows
    (T1) and the ledger always balances (S9). `given` are the move's bind parameters.
    """
    connection = core(tx)
    moved = connection.execute(move.statement, given).all()
    for mailing_id, count in Counter(row.mailing_id for row in moved).items():
        connection.execute(_counting(move.from_, move.to), {"mailing": mailing_id, "count": count})
        if column := _booked(move.from_, move.to):
            connection.execute(_booking(column), {"mailing": mailing_id, "count": count})
    return [row.id for row in moved]


def move_recipients(
    tx: Session, where: Sequence[ColumnElement[bool]], from_: RecipientState, to: RecipientState, **values: object
) -> list[int]:
    """`recipient_move`, then `make`."""
    return make(tx, recipient_move(where, from_, to, **values))


@cache
def _counting(from_: RecipientState, to: RecipientState) -> Update:
    less, more, count = COUNTERS[from_], COUNTERS[to], bindparam("count", type_=Integer)
    steps = {less: getattr(Mailing, less) - count, more: getattr(Mailing, more) + count}
    return update(Mailing).where(Mailing.id == bindparam("mailing")).values(steps)


def _booked(from_: RecipientState, to: RecipientState) -> str | None:
    """Returns the column of the reservation that counts the move, so that each place is booked once."""
    if from_ not in OPEN:
        return None
    return "consumed" if to in MAY_HAVE_GOT else "refunded" if to in NOT_GOT else None


@cache
def _booking(column: str) -> Update:
    """Books on the newest run that has a job: a later one may hold places already. Before any job it is the first."""
    theirs = Reservation.mailing_id == bindparam("mailing")
    newest = select(func.coalesce(func.max(Job.run), 1)).where(Job.mailing_id == bindparam("mailing")).scalar_subquery()
    booked = getattr(Reservation, column) + bindparam("count")
    return update(Reservation).where(theirs, Reservation.run == newest).values({column: booked})


def leave_queue(
    tx: Session, where: Sequence[ColumnElement[bool]], to: RecipientState, words: str, now: datetime
) -> list[int]:
    """Move waiting recipients to cancelled or suppressed; returns the ids that moved. Runs in the caller's transaction.

    A recipient who waits because a doubtful mail was to be sent again goes back to doubt: the first mail may have left
    (S5).
    """
    values = {"claim_owner": None, "claim_until": None, "updated_at": now}
    doubt = f"An earlier mail may have been sent. Not sent again: {words}"
    queued = RecipientState.QUEUED
    move_recipients(tx, [*where, DOUBTED], queued, RecipientState.UNKNOWN, last_error=doubt, **values)
    return move_recipients(tx, where, queued, to, last_error=words, **values)


def forget_doubt(tx: Session, where: Sequence[ColumnElement[bool]]) -> None:
    """Replace a message's last error that came from these doubtful recipients, whose doubt is about to be settled.

    The new one is the latest error of another recipient in doubt or failed, if any. Runs in the caller's transaction.
    """
    settled = [*where, Recipient.state == RecipientState.UNKNOWN]
    theirs = Recipient.mailing_id == Mailing.id
    here = Mailing.id.in_(select(Recipient.mailing_id).where(*settled))
    tells = exists().where(*settled, theirs, Recipient.last_error == Mailing.last_error)
    open_ = [theirs, Recipient.state.in_(MAY_WAIT_AGAIN)]
    others = select(Recipient.last_error).where(*open_, Recipient.id.not_in(select(Recipient.id).where(*settled)))
    newest = others.order_by(Recipient.updated_at.desc(), Recipient.id.desc()).limit(1).correlate(Mailing)
    tx.execute(
        update(Mailing).where(here, tells).values(last_error=newest.scalar_subquery()),
        execution_options={"synchronize_session": False},
    )
