"""What both sides write in somebody's transaction: the log, replayable answers, the quota ledger, recipients' moves."""

from collections.abc import Iterable, Sequence
from typing import Any

from eventmail.records.acting import Acting
from eventmail.records.audit import audit
from eventmail.records.idempotency import Keyed, body_hash, remember, replayable
from eventmail.records.practice import counts, practising
from eventmail.records.quota import NO_LIMITS, Limits, Usage, reserve, usage
from eventmail.records.recipient_moves import (
    DOUBTED,
    UNCLEAR,
    Move,
    forget_doubt,
    leave_queue,
    make,
    move_recipients,
    recipient_move,
)

__all__ = [
    "DOUBTED",
    "NO_LIMITS",
    "UNCLEAR",
    "Acting",
    "Keyed",
    "Limits",
    "Move",
    "Usage",
    "audit",
    "body_hash",
    "counts",
    "forget_doubt",
    "leave_queue",
    "make",
    "move_recipients",
    "practising",
    "recipient_move",
    "remember",
    "replayable",
    "reserve",
    "usage",
]


def chunks(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """`items` in pieces of at most `size`, since SQLite binds a bounded number of values."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
