"""The list of designs: a page of it, its filters with counts from the same query, and each one's last test (D2)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, select, true

from eventmail.db import fresh, sql
from eventmail.db.paging import Page, existing
from eventmail.domain.designs import edit
from eventmail.domain.designs.edit import Shown
from eventmail.models import Design, DesignRevision, Mailing, Recipient
from eventmail.states import MessageType
from eventmail.value_parsing import folded


class State(StrEnum):
    """The filter by state. `published` includes designs with later changes, `changed` are those alone."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CHANGED = "changed"
    ARCHIVED = "archived"


@dataclass(frozen=True)
class Filters:
    """What the list shows; None for every state but archived, and for every type."""

    state: State | None = None
    message_type: MessageType | None = None
    q: str = ""


@dataclass(frozen=True)
class Counts:
    """How many designs each choice of a filter would show, the other filters as they are; None is “all”."""

    by_state: Mapping[State | None, int]
    by_type: Mapping[MessageType | None, int]
    event: int  # of the event, archived ones too, whatever the filters


@dataclass(frozen=True)
class LastTest:
    """The newest test of a design: when, to whom, and what became of it."""

    mailing_id: int
    at: datetime
    recipients: Sequence[Recipient]


_PUBLISHED = Design.published.is_not(None)
_CHANGED = and_(_PUBLISHED, DesignRevision.digest != Design.digest)
_HERE = Design.archived_at.is_(None)
_IN: Mapping[State | None, ColumnElement[bool]] = {
    None: _HERE,
    State.DRAFT: and_(_HERE, ~_PUBLISHED),
    State.PUBLISHED: and_(_HERE, _PUBLISHED),
    State.CHANGED: and_(_HERE, _CHANGED),
    State.ARCHIVED: ~_HERE,
}


def counts(event_id: int, filters: Filters) -> Counts:
    """The number of designs behind each filter, in one query."""
    typed = Design.message_type == filters.message_type if filters.message_type else None
    found = _of_event(
        event_id,
        func.count(),
        *(_number(_matches(filters.q), chosen, typed) for chosen in _IN.values()),
        *(_number(_matches(filters.q), _IN[filters.state], Design.message_type == one) for one in MessageType),
        _number(_matches(filters.q), _IN[filters.state]),
    )
    every, *rest = fresh().execute(found).one()
    by_state, by_type, any_type = rest[: len(_IN)], rest[len(_IN) : -1], rest[-1]
    return Counts(dict(zip(_IN, by_state, strict=True)),
                  {None: any_type, **dict(zip(MessageType, by_type, strict=True))}, every)  # fmt: skip


def listing(event_id: int, filters: Filters, *, page: int, size: int, total: int) -> Page[Shown]:
    """One page of the designs by name, so that rows keep their place while others write; past the end, the last."""
    number = existing(page, size, total)
    where = [Design.event_id == event_id, _IN[filters.state]]
    if filters.message_type:
        where.append(Design.message_type == filters.message_type)
    if filters.q:
        where.append(_matches(filters.q))
    found = edit.rows().where(*where).order_by(Design.search_key, Design.id).limit(size).offset((number - 1) * size)
    return Page([edit.shown(row) for row in fresh().execute(found)], number, size, total)


def last_tests(design_ids: Sequence[int]) -> Mapping[int, LastTest]:
    """By id of the design, its newest test; in two queries."""
    newest = (
        select(func.max(Mailing.id))
        .where(Mailing.design_id.in_(design_ids), Mailing.is_test)
        .group_by(Mailing.design_id)
    )
    tests = list(fresh().scalars(select(Mailing).where(Mailing.id.in_(newest))))
    to: dict[int, list[Recipient]] = {test.id: [] for test in tests}
    for recipient in fresh().scalars(select(Recipient).where(Recipient.mailing_id.in_(to)).order_by(Recipient.id)):
        to[recipient.mailing_id].append(recipient)
    return {test.design_id: LastTest(test.id, test.created_at, to[test.id]) for test in tests if test.design_id}


def named(design_ids: Sequence[int]) -> Collection[int]:
    """Those of the designs that a message or a draft of one names, so that they can't be deleted."""
    found = select(Mailing.design_id).where(Mailing.design_id.in_(design_ids), ~Mailing.is_test).distinct()
    return frozenset(design_id for design_id in fresh().scalars(found) if design_id)


def _matches(q: str) -> ColumnElement[bool]:
    """Whether each word of a search stands in name or subject. Only the beginning of a very long search counts."""
    words = (folded(q[:200]) or "").split()[:12]
    return and_(true(), *(sql.holds(Design.search_key.expression, word) for word in words))


def _number(*where: ColumnElement[bool] | None) -> ColumnElement[int]:
    return func.count().filter(and_(*(one for one in where if one is not None)))


def _of_event(event_id: int, *columns: ColumnElement[int]) -> Select[*tuple[int, ...]]:
    newest = and_(DesignRevision.design_id == Design.id, DesignRevision.number == Design.published)
    return select(*columns).select_from(Design).outerjoin(DesignRevision, newest).where(Design.event_id == event_id)
