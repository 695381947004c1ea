"""A guest list as CSV, read into rows. Pure: no database, so an import's transaction never waits for it."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from eventmail import addresses
from eventmail.content import csv_cells
from eventmail.domain.guests import fields
from eventmail.domain.imports import column_mapping, csv_text, row
from eventmail.domain.imports.column_mapping import Layout
from eventmail.domain.imports.csv_text import Lines
from eventmail.domain.imports.row import Entry, Refusal, Rejected
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


GUESSED = Reading()
Told = Callable[[int, int], None]  # so many lines of so many


class Head(NamedTuple):
    """How a file was read, its headings, what each is taken for, and the beginning of its columns."""

    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]


@dataclass
class Sheet:
    """What a file says. `addresses` counts the rows of each address, rejected ones included."""

    columns: list[str]
    whole_names: bool
    rows: list[Entry] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    addresses: dict[str, int] = field(default_factory=dict)


Record = tuple[int, int, list[str] | str]  # physical line where it begins, where it ends, cells or a complaint


def head(data: bytes, reading: Reading = GUESSED) -> Head:
    """The head of a CSV file, for people to correct. Raises InvalidInput when there is none, TooLarge."""
    opened = csv_text.lines(data, reading.encoding, reading.delimiter)
    records = _records(opened)
    headings = _headings(records)
    columns = reading.columns if fits(reading, headings) else None
    first = [cells for _, _, cells in islice(records, _SAMPLES) if isinstance(cells, list)]
    samples = tuple(
        tuple(text[:_SAMPLE] for cells in first if n < len(cells) and (text := fields.one_line(cells[n])))
        for n in range(len(headings))
    )
    return Head(opened.encoding, opened.delimiter, headings, columns or column_mapping.guessed(headings), samples)


def fits(reading: Reading, headings: Sequence[str]) -> bool:
    """Whether what was said about the columns was said about these."""
    return reading.columns is not None and len(reading.columns) == len(headings)


def read(data: bytes, reading: Reading = GUESSED, tell: Told | None = None) -> Sheet:
    """The rows of a CSV file; `tell` hears now and then how many lines of how many are read.

    Raises InvalidInput when the file as a whole cannot be read: binary, empty, without an address column; TooLarge.
    """
    opened = csv_text.lines(data, reading.encoding, reading.delimiter)
    addresses.few_foreign(opened.lines)
    records = _records(opened)
    headings = _headings(records)
    layout = column_mapping.layout(headings, reading.columns if fits(reading, headings) else None)
    sheet = Sheet([name for _, name in layout.attributes], "full_name" in layout.places)
    rows, rejected, seen = sheet.rows, sheet.rejected, sheet.addresses
    told = 0
    for line, last, cells in records:
        if tell and line >= told:
            tell(line, len(opened.lines))
            told = line + TOLD_EVERY
        try:
            if isinstance(cells, str):
                raise Refusal("BROKEN_QUOTES", cells)
            if last > line and _swallowed(cells, layout):
                raise Refusal("BROKEN_QUOTES", "A cell holds the rows that follow.")
            entry = row.entry(line, cells, layout, seen)
        except Refusal as refusal:
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
    return column_mapping.names(header)


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
