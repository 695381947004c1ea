"""Reading a guest list as CSV into rows. Pure, so an import's transaction never waits for it."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from eventmail import addresses
from eventmail.content import csv_cells
from eventmail.domain.guests import fields
from eventmail.domain.imports import column_mapping, csv_text, row
from eventmail.domain.imports.row import Entry, Refusal, Rejected
from eventmail.errors import InvalidInput

MOST_BROKEN = 1000
LONGEST_CELL = 131_072  # characters; the default limit of the csv module
TOLD_EVERY = 10_000
_SAMPLES = 3
_SAMPLE = 60  # characters


class Reading(NamedTuple):
    """How to read a file: words of `csv_text`, and the meaning of each column. Blank parts are guessed."""

    encoding: str = ""
    delimiter: str = ""
    columns: tuple[str, ...] | None = None


GUESSED = Reading()
Told = Callable[[int, int], None]  # (lines read, lines in all)


class Head(NamedTuple):
    """How a file was read, its headings, the meaning and the first values of each column."""

    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]


@dataclass
class Sheet:
    """The rows of a file. `addresses` counts the rows of each address, rejected ones included."""

    columns: list[str]
    whole_names: bool
    rows: list[Entry] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    addresses: dict[str, int] = field(default_factory=dict)


Record = tuple[int, int, list[str] | str]  # first physical line, last one, cells or a complaint


def head(data: bytes, reading: Reading = GUESSED) -> Head:
    """The head of a CSV file, for people to correct. Raises InvalidInput for a file without one, and TooLarge."""
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
    """Whether `reading.columns` has a meaning for each of these headings."""
    return reading.columns is not None and len(reading.columns) == len(headings)


def read(data: bytes, reading: Reading = GUESSED, tell: Told | None = None) -> Sheet:
    """The rows of a CSV file. `tell` is called every TOLD_EVERY lines.

    Raises TooLarge, and InvalidInput when the whole file cannot be read: binary, empty, without an address column.
    """
    opened = csv_text.lines(data, reading.encoding, reading.delimiter)
    addresses.few_foreign(opened.lines)
    records = _records(opened)
    headings = _headings(records)
    layout = column_mapping.layout(headings, reading.columns if fits(reading, headings) else None)
    sheet = Sheet([name for _, name in layout.attributes], "full_name" in layout.places)
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
            if entry := row.entry(line, cells, layout, sheet.addresses):
                sheet.rows.append(entry)
        except Refusal as refusal:
            code, message = refusal.args
            if last > line:
                message += f" (Lines {line} to {last} were read as one row. Is a closing quotation mark missing?)"
            sheet.rejected.append(Rejected(line, code, message))
    return sheet


def _headings(records: Iterator[Record]) -> tuple[str, ...]:
    _, _, header = next(records)
    if isinstance(header, str):
        raise InvalidInput(f"The first line, which names the columns, cannot be read: {header}")
    return column_mapping.names(header)


def _records(opened: csv_text.Lines) -> Iterator[Record]:
    """Each record of the file, the header first. Raises InvalidInput beyond MOST_BROKEN broken ones.

    A quote that is never closed would swallow the rest of the file. So reading goes on with the second line of a
    broken record. Each such retry may read up to one cell's limit in vain, hence the bound.
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


def _swallowed(cells: Sequence[str], layout: column_mapping.Layout) -> bool:
    """Whether a later quote closed an open one by chance: one of our fields holds a further line with an @-sign."""
    own = [cells[n] for n in layout.places.values() if n < len(cells)]
    return any("@" in cell.partition("\n")[2] or "@" in cell.partition("\r")[2] for cell in own)
