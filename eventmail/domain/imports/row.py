"""Reading one row of a guest list: its cells cleaned and measured. Pure."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from eventmail import addresses, ids
from eventmail.domain.guests import fields
from eventmail.domain.imports.column_mapping import Layout
from eventmail.errors import InvalidInput


class Rejected(NamedTuple):
    """A row that was not imported: its first physical line (header = 1), a code, a sentence."""

    line: int
    code: str
    message: str


class Entry(NamedTuple):
    """One good row, cleaned. Fields that the file lacks are empty. `address` is for comparison (A7).

    `attributes` is JSON text as the database keeps it, which takes a fifth of the memory of a mapping.
    """

    line: int
    id: str
    email: str
    address: str
    first_name: str
    last_name: str
    status: str
    tags: Sequence[str]
    attributes: str


class Refusal(Exception):
    """The code and the sentence why a row is not imported."""


def entry(line: int, cells: list[str], layout: Layout, seen: dict[str, int]) -> Entry | None:
    """The row, or None for a blank one. Counts its address in `seen`. Raises Refusal."""
    width, places = layout.width, layout.places
    extra = len(cells) > width and any(cell.strip() for cell in cells[width:])
    cells += [""] * (width - len(cells))
    _, email, address = judged = addresses.judged(cells[places["email"]].strip())
    if email:
        seen[address] = seen.get(address, 0) + 1
    if extra or (layout.unnamed and any(cells[n].strip() for n in layout.unnamed)):
        raise Refusal("TOO_MANY_CELLS", f"A value stands where the first line names no column; it names {width}.")
    first, last = _names(cells, places)
    attributes = [(name, text) for n, name in layout.attributes if (cell := cells[n]) and (text := _lines(cell))]
    status = _status(cells[places["status"]]) if "status" in places else ""
    tags, tags_complaint = _tags(cells[places["tags"]]) if "tags" in places else ((), None)
    own_id = fields.one_line(cells[places["id"]]) if "id" in places else ""
    if not (email or first or last or own_id):
        if not (attributes or status or tags):
            return None
        raise Refusal("NOBODY", "The row has neither an email address nor a name.")
    if email and judged.complaint:
        raise Refusal("INVALID_EMAIL", _address_complaint(email))
    if own_id and ids.row_id(own_id) is None:
        raise Refusal("UNKNOWN_ID", unknown_id(own_id))
    if status == _NO_STATUS:
        word = fields.one_line(cells[places["status"]])
        raise Refusal("INVALID_STATUS", f"“{word[:40]}” {fields.STATUS_COMPLAINT}")
    if tags_complaint:
        raise Refusal("INVALID_TAGS", tags_complaint)
    _check_lengths(first, last, attributes)
    return Entry(line, own_id, email, address, first, last, status, tags, as_json(attributes))


def _check_lengths(first: str, last: str, attributes: Sequence[tuple[str, str]]) -> None:
    if len(first) > fields.LONGEST_NAME or len(last) > fields.LONGEST_NAME:
        raise Refusal("TOO_LONG", f"A name is longer than {fields.LONGEST_NAME} characters.")
    for name, text in attributes:
        if len(text) > fields.LONGEST_VALUE:
            raise Refusal("TOO_LONG", f"The value in “{name}” is longer than {fields.LONGEST_VALUE} characters.")


def as_json(attributes: Sequence[tuple[str, str]]) -> str:
    """The text that `json.dumps` makes of these (name, value) pairs, at a third of its cost."""
    return "{" + ", ".join([f"{_quoted(name)}: {_quoted(text)}" for name, text in attributes]) + "}"


_quoted = json.encoder.encode_basestring_ascii
_NO_STATUS = "?"
_OFTEN = 60  # characters; shorter cells repeat in many rows and are cached, longer ones would fill the memory
_known_lines = lru_cache(maxsize=4096)(fields.lines)


def _lines(cell: str) -> str:
    return _known_lines(cell) if len(cell) <= _OFTEN else fields.lines(cell)


def _tags(cell: str) -> tuple[Sequence[str], str | None]:
    """(the tags of a cell, the complaint about them or None)."""
    return _known_tags(cell) if len(cell) <= _OFTEN else _split_tags(cell)


def _split_tags(cell: str) -> tuple[Sequence[str], str | None]:
    tags = tuple(fields.split_tags(cell))
    return tags, fields.tags_complaint(tags)


_known_tags = lru_cache(maxsize=4096)(_split_tags)


def _status(cell: str) -> str:
    return _known_status(cell) if len(cell) <= _OFTEN else _NO_STATUS


@lru_cache(maxsize=256)
def _known_status(cell: str) -> str:
    word = fields.one_line(cell)
    return fields.status_of(word) or _NO_STATUS if word else ""


def _names(cells: list[str], places: Mapping[str, int]) -> tuple[str, str]:
    clean = fields.one_line
    if "full_name" in places:
        whole = clean(cells[places["full_name"]])
        first, _, last = whole.rpartition(" ")
        return (first, last) if first else (last, "")
    first = clean(cells[places["first_name"]]) if "first_name" in places else ""
    return first, clean(cells[places["last_name"]]) if "last_name" in places else ""


def _address_complaint(email: str) -> str:
    try:
        addresses.checked(email)
    except InvalidInput as error:
        return error.detail
    return ""


def unknown_id(own_id: str) -> str:
    """The sentence about an id that no guest of this event has."""
    return (
        f"No guest of this event has the id “{own_id[:40]}”. If the column is another program's number, give it "
        "another name."
    )
