"""The recipient to preview a message as: found by name, or the one with most values missing (A3, C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, or_, select, tuple_

from eventmail.content.compiled import Compiled
from eventmail.db import Rows, fresh, sql
from eventmail.domain.audience import exclusions
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.guests import fields as guest_fields
from eventmail.domain.mailings import fallbacks
from eventmail.models import Guest

FOUND = 8


@dataclass(frozen=True)
class Found:
    """The first few recipients, by name, that match every word of a search; `more` when it matched others too."""

    guests: Sequence[Guest]
    more: bool


def find(audience: audiences.Audience, words: str) -> Found:
    """Find recipients by name or address."""
    wanted = [Guest.search_key.contains(word, autoescape=True) for word in guest_fields.words(words)]
    if not wanted:
        return Found((), more=False)
    rows = select(Guest).where(Guest.event_id == audience.event_id, *wanted, audiences.is_recipient(audience))
    found = fresh().scalars(rows.order_by(Guest.search_key, Guest.id).limit(FOUND + 1)).all()
    return Found(found[:FOUND], more=len(found) > FOUND)


def position(audience: audiences.Audience, guest: Guest, *, excluded: int) -> int:
    """The position of a recipient by name, from 1; `excluded` is how many of the audience won't get the mail."""
    before = tuple_(Guest.search_key, Guest.id) < tuple_(guest.search_key, guest.id)
    rows = select(func.count()).select_from(Guest).where(audiences.picks(Guest, audience), before)
    among_picked = 1 + (fresh().scalar(rows) or 0)
    if not excluded:
        return among_picked
    without = exclusions.excluded(audience).where(before).subquery()  # few; all picked are counted along an index
    return among_picked - (fresh().scalar(select(func.count()).select_from(without)) or 0)


def most_missing(audience: audiences.Audience, compiled: Compiled) -> int | None:
    """The id of the recipient who lacks most of a text's fields, the first by name; None when nobody lacks one."""
    missing = [lacks for name in compiled.merged if (lacks := fallbacks.missing(name)) is not None]
    if not missing:
        return None
    lacking = sum((case((lacks, 1), else_=0) for lacks in missing[1:]), start=case((missing[0], 1), else_=0))
    rows = select(Guest.id).where(audiences.is_recipient(audience), or_(*missing))
    return fresh().scalar(rows.order_by(lacking.desc(), Guest.search_key, Guest.id).limit(1))


def without(audience: audiences.Audience, field: str) -> Rows | None:
    """The recipients by name who have no value for a field of guests; None when it is no such field (C3)."""
    missing = fallbacks.missing(field)
    if missing is None:
        return None
    return select(Guest).where(missing, audiences.is_recipient(audience)).order_by(Guest.search_key, Guest.id)


def counts_without(audience: audiences.Audience, fields: Sequence[str], total: int) -> Mapping[str, int]:
    """How many recipients have no value for each field of guests. One query counts all imported columns."""
    columns = {field: column for field in fields if (column := fallbacks.column_of(field)) is not None}
    found = {
        field: fallbacks.how_many(audience, missing)
        for field in fields
        if field not in columns and (missing := fallbacks.missing(field)) is not None
    }
    have = _having(audience) if columns else {}
    return found | {field: total - have.get(column, 0) for field, column in columns.items()}


def _having(audience: audiences.Audience) -> dict[str, int]:
    each = sql.json_pairs(Guest.attributes)
    rows = (
        select(each.c.key, func.count())
        .select_from(Guest)
        .join(each, each.c.value != "")
        .where(audiences.is_recipient(audience))
        .group_by(each.c.key)
    )
    return dict(fresh().execute(rows).all())
