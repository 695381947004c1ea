"""A guest list as CSV, read into rows. Pure: no database, so an import's transaction never waits for it."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from eventmail import ids
from eventmail.content import csv_cells
from eventmail.domain import addresses, csv_text, guest_columns, guest_fields
from eventmail.domain.csv_text import Lines
from eventmail.domain.guest_columns import Layout
from eventmail.errors import InvalidInput

MOST_BROKEN = 1000
LONGEST_CELL = 131_072  # characters; what the csv module allows unless told otherwise
TOLD_EVERY = 10_000
_SAMPLES = 3
_SAMPLE = 60  # characters
_BROKEN_HEADER = "The first line, which names the columns, cannot be read: "


class Reading(NamedTuple):
    """How to read a file: words of `csv_text`, and what each column is taken for; what is not said is found out."""

    encoding: str = ""
    delimiter: str = ""
    columns: tuple[str, ...] | None = None


class Head(NamedTuple):
    """How a file was read, its headings, what each is taken for, and the beginning of its columns."""

    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]


class Rejected(NamedTuple):
    """A row that was not imported: the physical line where it begins (header = 1), a code, a sentence."""

    line: int
    code: str
    message: str


class Entry(NamedTuple):
    """One good row, cleaned; "" and empty where the file says nothing. `address` is for comparison (A7).

    `attributes` is JSON text, name to value: a fifth of the memory of a mapping, and what the database keeps.
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


@dataclass
class Sheet:
    """What a file says. `addresses` counts the rows of each address, rejected ones included."""

    columns: list[str]
    whole_names: bool
    rows: list[Entry] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    addresses: Counter[str] = field(default_factory=Counter)


class _Refusal(Exception):
    """Why one row is not imported: code and sentence."""


Record = tuple[int, int, list[str] | str]  # physical line where it begins, where it ends, cells or a complaint


def head(data: bytes, reading: Reading = Reading()) -> Head:
    """The head of a CSV file, for people to correct. Raises InvalidInput when there is none, TooLarge."""
    opened = csv_text.lines(data, reading.encoding, reading.delimiter)
    records = _records(opened)
    headings = _headings(records)
    columns = reading.columns if fits(reading, headings) else None
    first = [cells for _, _, cells in islice(records, _SAMPLES) if isinstance(cells, list)]
    samples = tuple(
        tuple(text[:_SAMPLE] for cells in first if n < len(cells) and (text := guest_fields.one_line(cells[n])))
        for n in range(len(headings))
    )
    return Head(opened.encoding, opened.delimiter, headings, columns or guest_columns.guessed(headings), samples)


def fits(reading: Reading, headings: Sequence[str]) -> bool:
    """Whether what was said about the columns was said about these."""
    return reading.columns is not None and len(reading.columns) == len(headings)


def read(data: bytes, reading: Reading = Reading(), tell: Callable[[int, int], None] = lambda _done, _of: None) -> Sheet:
    """The rows of a CSV file; `tell` hears now and then how many lines of how many are read.

    Raises InvalidInput when the file as a whole cannot be read: binary, empty, without an address column; TooLarge.
    """
    opened = csv_text.lines(data, reading.encoding, reading.delimiter)
    records = _records(opened)
    headings = _headings(records)
    layout = guest_columns.layout(headings, reading.columns if fits(reading, headings) else None)
    sheet = Sheet([name for _, name in layout.attributes], "full_name" in layout.places)
    rows, rejected, seen = sheet.rows, sheet.rejected, sheet.addresses
    told = 0
    for line, last, cells in records:
        if line >= told:
            tell(line, len(opened.lines))
            told = line + TOLD_EVERY
        try:
            if isinstance(cells, str):
                raise _Refusal("BROKEN_QUOTES", cells)
            if last > line and _swallowed(cells, layout):
                raise _Refusal("BROKEN_QUOTES", "A cell holds the rows that follow.")
            entry = _entry(line, cells, layout, seen)
        except _Refusal as refusal:
            code, message = refusal.args
            if last > line:
                message += f" (Lines {line} to {last} were read as one row. Is a closing quotation mark missing?)"
            rejected.append(Rejected(line, code, message))
        else:
            if entry:
                rows.append(entry)
    return sheet


def _headings(records: Iterator[Record]) -> tuple[str, ...]:
    _, _, header = next(records)
    if isinstance(header, str):
        raise InvalidInput(_BROKEN_HEADER + header)
    return guest_columns.names(header)


def _records(opened: Lines) -> Iterator[Record]:
    """Each record of the file, the header first.

    A quote that is never closed would swallow the rest of the file, so after a broken record reading goes on with
    the line after its first. Each retry may read one cell's limit in vain, hence the bound.
    """
    lines, start, broken = opened.lines, opened.header, 0
    delimiter = csv_text.DELIMITERS[opened.delimiter]
    kept_back = any("'" in line and csv_cells.MAY_BE_KEPT_BACK.search(line) for line in lines)
    while start < len(lines):
        reader = csv.reader(iter(lines[start:]), delimiter=delimiter, strict=True)
        begins = start + 1
        try:
            for cells in reader:
                ends = start + reader.line_num
                if cells:
                    yield begins, ends, [csv_cells.restored(cell) for cell in cells] if kept_back else cells
                begins = ends + 1
            return
        except csv.Error as error:
            broken += 1
            if broken > MOST_BROKEN:
                message = f"Quotation marks are broken in more than {MOST_BROKEN} lines, line {begins} is one of them."
                raise InvalidInput(message) from None
            yield begins, begins, _words(str(error))
            start = begins


def _words(error: str) -> str:
    if "field larger" in error:
        return f"A cell is longer than {LONGEST_CELL:,} characters, or a quotation mark in this line is never closed."
    return "A quotation mark in this line is never closed, or text follows it. Inside quotation marks, write it twice."


def _swallowed(cells: Sequence[str], layout: Layout) -> bool:
    """Whether an open quote happened to be closed by a later one: a name does not hold lines with addresses."""
    own = [cells[n] for n in layout.places.values() if n < len(cells)]
    return any("@" in cell.partition("\n")[2] or "@" in cell.partition("\r")[2] for cell in own)


def _entry(line: int, cells: list[str], layout: Layout, seen: Counter[str]) -> Entry | None:
    """The row, or None when it is wholly blank. Raises _Refusal."""
    width, places = layout.width, layout.places
    extra = False
    if len(cells) > width:
        extra = any(cell.strip() for cell in cells[width:])
    elif len(cells) < width:
        cells += [""] * (width - len(cells))
    _, email, address = judged = addresses.judged(cells[places["email"]].strip())
    if email:
        seen[address] += 1
    if extra or (layout.unnamed and any(cells[n].strip() for n in layout.unnamed)):
        raise _Refusal("TOO_MANY_CELLS", f"A value stands where the first line names no column; it names {width}.")
    first, last = _names(cells, places)
    attributes = {name: text for n, name in layout.attributes if (text := _lines(cells[n]))}
    status = _status(cells[places["status"]]) if "status" in places else ""
    tags = _tags(cells[places["tags"]]) if "tags" in places else ()
    own_id = guest_fields.one_line(cells[places["id"]]) if "id" in places else ""
    if not (email or first or last or own_id):
        if not (attributes or status or tags):
            return None
        raise _Refusal("NOBODY", "The row has neither an email address nor a name.")
    if email and judged.complaint:
        raise _Refusal("INVALID_EMAIL", _address_complaint(email))
    if own_id and ids.row_id(own_id) is None:
        raise _Refusal("UNKNOWN_ID", _unknown(own_id))
    if len(first) > guest_fields.LONGEST_NAME or len(last) > guest_fields.LONGEST_NAME:
        raise _Refusal("TOO_LONG", f"A name is longer than {guest_fields.LONGEST_NAME} characters.")
    if status == _NO_STATUS:
        word = guest_fields.one_line(cells[places["status"]])
        raise _Refusal("INVALID_STATUS", f"“{word[:40]}” {guest_fields.STATUS_COMPLAINT}")
    for name, text in attributes.items():
        if len(text) > guest_fields.LONGEST_VALUE:
            raise _Refusal("TOO_LONG", f"The value in “{name}” is longer than {guest_fields.LONGEST_VALUE} characters.")
    if tags and (complaint := guest_fields.tags_complaint(tags)):
        raise _Refusal("INVALID_TAGS", complaint)
    return Entry(line, own_id, email, address, first, last, status, tags, as_json(attributes) if attributes else "{}")


as_json: Callable[[Mapping[str, str]], str] = json.JSONEncoder(check_circular=False).encode
_NO_STATUS = "?"
_OFTEN = 60  # characters; the same short words stand in many rows, and longer ones would fill the memory
_known_lines = lru_cache(maxsize=4096)(guest_fields.lines)


def _lines(cell: str) -> str:
    return _known_lines(cell) if len(cell) <= _OFTEN else guest_fields.lines(cell)


def _tags(cell: str) -> Sequence[str]:
    return _known_tags(cell) if len(cell) <= _OFTEN else guest_fields.split_tags(cell)


@lru_cache(maxsize=4096)
def _known_tags(cell: str) -> Sequence[str]:
    return tuple(guest_fields.split_tags(cell))


def _status(cell: str) -> str:
    return _known_status(cell) if len(cell) <= _OFTEN else _NO_STATUS


@lru_cache(maxsize=256)
def _known_status(cell: str) -> str:
    word = guest_fields.one_line(cell)
    return guest_fields.status_of(word) or _NO_STATUS if word else ""


def _names(cells: list[str], places: Mapping[str, int]) -> tuple[str, str]:
    clean = guest_fields.one_line
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


def _unknown(own_id: str) -> str:
    return (
        f"No guest of this event has the id “{own_id[:40]}”. If the column is another program's number, give it "
        "another name."
    )


def unknown_id(entry: Entry) -> Rejected:
    """The complaint about an id that is not one of this event's guests."""
    return Rejected(entry.line, "UNKNOWN_ID", _unknown(entry.id))
