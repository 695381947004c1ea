"""Copying an event, such as last year's for next year."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from eventmail import records
from eventmail.db import transaction
from eventmail.domain.audience import segments
from eventmail.domain.events import edit, sharing
from eventmail.domain.guests import column_defaults
from eventmail.models import Event

_KEPT = ("title", "description", "location", "timezone", "all_day", "url", "sender_name", "reply_to", "busy",
         "reminder_minutes")  # fmt: skip

CopiesAll = Callable[[Session, int, int, records.Acting], int]
TakesAlong = Callable[[Session, int, int, Mapping[int, int], records.Acting], int]


@dataclass(frozen=True)
class Copied:
    """The copy of an event, and how many plans of messages and designs came along."""

    event_id: int
    plans: int
    designs: int


def suggestion(event: Event) -> dict[str, Any]:
    """The settings that a copy begins with: those of `event` without its dates."""
    return {name: getattr(event, name) for name in _KEPT}


def copy(event_id: int, values: Mapping[str, Any], by: records.Acting, plans: TakesAlong, designs: CopiesAll) -> Copied:
    """Add an event with the settings of another, but for `values` (as in `events.edit`).

    Columns with their defaults, segments by their rules, and the members come along. `plans` copies plans of messages
    and returns how many (`mailings.copied_plans.copy`); it gets the ids of both events, and each segment's id with that
    of its copy. `designs` copies designs and returns how many (`designs.lifecycle.copy_all`). Guests, messages, the
    do-not-mail list and the log do not come along. Dates are empty unless given.
    Raises what `events.create` raises.
    """
    with transaction() as tx:
        source = tx.get_one(Event, event_id)
        made = edit.add(tx, {**suggestion(source), **values}, by)
        copied = column_defaults.copy(tx, source.id, made.id)
        ruled = segments.copy_all(tx, source.id, made.id, by)
        sharing.copy(tx, source.id, made.id, by)
        planned = plans(tx, source.id, made.id, ruled, by)
        copied_designs = designs(tx, source.id, made.id, by)
        records.audit(tx, by, "event.copied", f"event:{made.id}", event_id=made.id, source=f"event:{source.id}",
                      title=source.title, columns=copied, segments=len(ruled), plans=planned,
                      designs=copied_designs)  # fmt: skip
        return Copied(made.id, planned, copied_designs)
