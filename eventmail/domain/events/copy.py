"""Copying an event, such as last year's for next year."""

from collections.abc import Mapping
from typing import Any

from eventmail import records
from eventmail.db import transaction
from eventmail.domain.audience import segments
from eventmail.domain.events import edit, sharing
from eventmail.domain.guests import column_defaults
from eventmail.models import Event

_KEPT = ("title", "description", "location", "timezone", "all_day", "url", "sender_name", "reply_to")


def suggestion(event: Event) -> dict[str, Any]:
    """The settings that a copy begins with: those of `event` without its dates."""
    return {name: getattr(event, name) for name in _KEPT}


def copy(event_id: int, values: Mapping[str, Any], by: records.Acting) -> int:
    """Add an event with the settings of another, but for `values` (as in `events.edit`). Returns its id.

    Columns with their defaults, segments by their rules, and the members come along. Guests, messages, the do-not-mail
    list and the log do not. Dates are empty unless given. Raises what `events.create` raises.
    """
    with transaction() as tx:
        source = tx.get_one(Event, event_id)
        made = edit.add(tx, {**suggestion(source), **values}, by)
        copied = column_defaults.copy(tx, source.id, made.id)
        ruled = segments.copy_all(tx, source.id, made.id, by)
        sharing.copy(tx, source.id, made.id, by)
        records.audit(tx, by, "event.copied", f"event:{made.id}", event_id=made.id, source=f"event:{source.id}",
                      title=source.title, columns=copied, segments=ruled)  # fmt: skip
        return made.id
