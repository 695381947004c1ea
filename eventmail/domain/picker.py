"""What the audience picker offers: guests by status, segments, and those who can't be mailed whatever is ticked (A1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from eventmail.db import fresh
from eventmail.domain import audience as audiences
from eventmail.domain import segments
from eventmail.domain.audience import Audience
from eventmail.domain.segments import Listed
from eventmail.models import Guest
from eventmail.states import GuestStatus, Reason


@dataclass(frozen=True)
class Choices:
    """Guests by status, every segment with its count, and how many of all guests can't be mailed."""

    by_status: Mapping[GuestStatus, int]
    segments: Sequence[Listed]
    bounced: int
    suppressed: int


def choices(event_id: int) -> Choices:
    """Counts for the audience picker, in a few queries whatever there is."""
    everyone = Audience(event_id, tuple(GuestStatus), ())
    blocked = {reason: guests for reason, guests, _ in fresh().execute(audiences.suppressed_by_reason(everyone))}
    bounced = blocked.pop(Reason.BOUNCED, 0)
    return Choices(audiences.by_status(event_id), segments.everyone(event_id), bounced, sum(blocked.values()))


def named(event_id: int, guests: Sequence[int]) -> list[Guest]:
    """Those of `guests` that are guests of this event, by name."""
    rows = select(Guest).where(Guest.event_id == event_id, Guest.id.in_(guests))
    return list(fresh().scalars(rows.order_by(Guest.search_key, Guest.id))) if guests else []
