"""Stepping through the recipients by name: the first few, one to preview as, and the neighbours (A3)."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, tuple_

from eventmail.db import fresh
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience import rule_sql
from eventmail.models import Guest


def sample(audience: audiences.Audience, limit: int = 5) -> list[Guest]:
    """The first recipients by name."""
    return _by_name(audience, limit)


@dataclass(frozen=True)
class Step:
    """A recipient to preview as, and the ids of the neighbours by name."""

    guest: Guest | None
    previous: int | None = None
    next: int | None = None


def step(audience: audiences.Audience | None, event_id: int, guest_id: int | None) -> Step:
    """The chosen guest of this event, or the first recipient by name, with neighbours among the recipients (A3)."""
    session = fresh()
    here = select(Guest).where(Guest.id == guest_id, Guest.event_id == event_id)
    chosen = session.scalars(here).one_or_none() if guest_id else None
    if audience is None:
        anybody = select(Guest).where(Guest.event_id == event_id).order_by(Guest.search_key, Guest.id).limit(1)
        return Step(chosen or session.scalars(anybody).one_or_none())
    guest = chosen or next(iter(_by_name(audience, 1)), None)
    if guest is None:
        return Step(None)
    before, after = _by_name(audience, 1, before=guest), _by_name(audience, 1, after=guest)
    return Step(guest, before[0].id if before else None, after[0].id if after else None)


def _by_name(
    audience: audiences.Audience, limit: int, *, after: Guest | None = None, before: Guest | None = None
) -> list[Guest]:
    """Up to `limit` recipients by name, from the first or from a guest on; `before` a guest, backwards.

    One query for each picked status and segment, and one for guests picked by hand: each follows an index and stops
    early. One query for all of them would sort first.
    """
    position = tuple_(Guest.search_key, Guest.id)
    statement = select(Guest).where(audiences.is_recipient(audience)).limit(limit)
    if after:
        statement = statement.where(position > tuple_(after.search_key, after.id))
    if before:
        statement = statement.where(position < tuple_(before.search_key, before.id))
    order = (Guest.search_key.desc(), Guest.id.desc()) if before else (Guest.search_key, Guest.id)
    picks: list[ColumnElement[bool]] = [
        *(Guest.status == status for status in audience.statuses),
        *([Guest.id.in_(audience.guests)] if audience.guests else []),
        *(rule_sql.condition(Guest, chosen) for chosen in audience.segments),
    ]
    found = {
        guest.id: guest
        for pick in picks
        for guest in fresh().scalars(statement.where(Guest.event_id == audience.event_id, pick).order_by(*order))
    }
    return sorted(found.values(), key=lambda one: (one.search_key, one.id), reverse=before is not None)[:limit]
