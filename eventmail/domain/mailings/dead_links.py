"""Links of a text that lead nowhere for some recipients, found by the values that those have (C8)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from eventmail import link_targets, value_parsing
from eventmail.content.compiled import Compiled
from eventmail.content.personalise import value_of
from eventmail.content.pieces import Choice, Mode, Pieces, Slot
from eventmail.content.tokens import Field
from eventmail.db import Rows, fresh, sql
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.mailings import fallbacks
from eventmail.models import Guest


@dataclass(frozen=True)
class DeadLink:
    """A fault of the links that the field `name` decides, and the `count` of recipients who get it."""

    name: str
    field: Field
    fault: str  # `link_targets.NONE` (label and address are text) or what is odd about the target
    count: int
    everyone: bool  # it is a field of the event
    guests: Sequence[Guest]  # the first few by name; none for `everyone`


def find(
    compiled: Compiled, fields: Mapping[str, Field], constants: Mapping[str, str | None],
    audience: audiences.Audience, count: int,
) -> list[DeadLink]:  # fmt: skip
    """Every fault of a text's links: one query for each link that a guest's value decides, one more for each fault."""
    found: dict[tuple[str, str], DeadLink] = {}
    for slot in deciding(compiled):
        if slot.field not in fields:
            continue
        for dead in _of(slot, fields, constants, audience, count):
            known = found.get((dead.name, dead.fault))
            if known is None or known.count < dead.count:
                found[dead.name, dead.fault] = dead
    return list(found.values())


def deciding(compiled: Compiled) -> list[Slot]:
    """The slots whose values decide whether something links, each once, without those that the mail itself adds."""
    slots = dict.fromkeys([*_choices(compiled.html), *_choices(compiled.text)])
    return [slot for slot in slots if slot.mode is not Mode.TEXT and slot.field in compiled.merged]


def with_fault(
    audience: audiences.Audience, compiled: Compiled, fields: Mapping[str, Field], name: str, fault: str
) -> Rows | None:
    """The recipients by name who get this fault of a link that `name` decides; None when `name` decides no link."""
    faults = [_fault(slot, fields) for slot in deciding(compiled) if slot.field == name]
    dead = [found == fault for found in faults if found is not None]
    return _by_name(audience, or_(*dead)) if dead else None


def _choices(pieces: Pieces) -> Iterator[Slot]:
    for piece in pieces:
        if isinstance(piece, Choice):
            yield piece.url
            yield from _choices(piece.linked)
            yield from _choices(piece.plain)


def _of(
    slot: Slot, fields: Mapping[str, Field], constants: Mapping[str, str | None],
    audience: audiences.Audience, count: int,
) -> Iterator[DeadLink]:  # fmt: skip
    field = fields[slot.field]
    if slot.field in constants:
        value = value_parsing.clean_value(
            constants[slot.field]
        )  # without one a fallback is read, which `fallbacks` tells
        if value and link_targets.fault(value, "", slot.mode) == link_targets.NONE:
            yield DeadLink(slot.field, field, link_targets.NONE, count, True, ())
        return
    fault = _fault(slot, fields)
    if fault is None:
        return
    rows = select(fault, func.count()).select_from(Guest).where(audiences.is_recipient(audience), fault != "")
    for words, number in fresh().execute(rows.group_by(fault)).all():
        first = fresh().scalars(_by_name(audience, fault == words).limit(fallbacks.NAMED)).all()
        yield DeadLink(slot.field, field, words, number, False, first)


def _fault(slot: Slot, fields: Mapping[str, Field]) -> ColumnElement[str] | None:
    value = fallbacks.value(slot.field)
    return None if value is None else sql.link_fault(value, value_of(slot, {}, fields), slot.mode.value)


def _by_name(audience: audiences.Audience, dead: ColumnElement[bool]) -> Rows:
    return select(Guest).where(dead, audiences.is_recipient(audience)).order_by(Guest.search_key, Guest.id)
