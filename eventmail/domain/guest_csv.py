"""A guest list as CSV, read into rows. Pure: no database, so an import's transaction never waits for it."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eventmail import ids
from eventmail.domain import addresses, guest_fields
from eventmail.errors import InvalidInput

MOST_LINES = 500_000
MOST_BROKEN = 1000
LONGEST_CELL = 131_072  # characters; what the csv module allows unless told otherwise

# Heading to field, from the surest to the vaguest word: beside an "Email" column, "Address" is a postal one.
_HEADINGS: Mapping[str, Sequence[str]] = {
    "id": ("id", "guestid"),
    "email": (
        "email", "emailaddress", "mailaddress", "emailadresse", "mailadresse", "mail", "emails", "address", "adresse",
    ),
    "first_name": ("firstname", "vorname", "givenname", "forename"),
    "last_name": ("lastname", "surname", "nachname", "familyname", "familienname"),
    "full_name": ("fullname", "name", "guestname"),
    "status": ("status", "rsvp"),
    "tags": ("tags", "tag", "schlagworte"),
}  # fmt: skip


class Rejected(NamedTuple):
    """A row that was not imported: the physical line where it begins (header = 1), a code, a sentence."""

    line: int
    code: str
    message: str


class Entry(NamedTuple):
    """One good row, cleaned; "" and empty where the file says nothing. `address` is for comparison (A7)."""

    line: int
    id: str
    email: str
    address: str
    first_name: str
    last_name: str
    status: str
    tags: Sequence[str]
    attributes: Mapping[str, str]


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


@dataclass(frozen=True)
class _Layout:
    """Which cell holds what: field to column, and (column, attribute name) for the rest."""

    width: int
    places: Mapping[str, int]
    attributes: Sequence[tuple[int, str]]
    nameless: Sequence[int]


def read(data: bytes) -> Sheet:
    """The rows of a CSV file: UTF-8, comma or semicolon, the header matched by name, unknown columns as attributes.

    Raises InvalidInput when the file as a whole cannot be read: binary, not UTF-8, empty, without an address column.
    """
    lines = list(io.StringIO(_text(data), newline=""))
    if len(lines) > MOST_LINES:
        raise InvalidInput(f"The file has more than {MOST_LINES:,} lines. Please split it and import the parts.")
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise InvalidInput("The file is empty. Its first line must name the columns, one of them “email”.")
    unquoted = re.sub(r'"[^"]*"', "", lines[first])
    delimiter = ";" if unquoted.count(";") > unquoted.count(",") else ","
    records = _records(lines, first, delimiter)
    _, _, header = next(records)
    if isinstance(header, str):
        raise InvalidInput(f"The first line, which names the columns, cannot be read: {header}")
    layout = _layout(header)
    sheet = Sheet([name for _, name in layout.attributes], "full_name" in layout.places)
    for line, last, cells in records:
        try:
            if isinstance(cells, str):
                raise _Refusal("BROKEN_QUOTES", cells)
            if last > line and _swallowed(cells, layout):
                raise _Refusal("BROKEN_QUOTES", "A cell holds the rows that follow.")
            entry = _entry(line, cells, layout, sheet.addresses)
        except _Refusal as refusal:
            code, message = refusal.args
            if last > line:
                message += f" (Lines {line} to {last} were read as one row. Is a closing quotation mark missing?)"
            sheet.rejected.append(Rejected(line, code, message))
        else:
            if entry:
                sheet.rows.append(entry)
    return sheet


def _text(data: bytes) -> str:
    if not data.strip():
        raise InvalidInput("The file is empty. Its first line must name the columns, one of them “email”.")
    if data.startswith(b"PK\x03\x04"):
        raise InvalidInput("This is a spreadsheet or zip file. In the spreadsheet choose “Save as”, “CSV UTF-8”.")
    if b"\0" in data:
        raise InvalidInput("This is not a text file. Save the guest list as “CSV UTF-8” and try again.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "The file is not UTF-8 text. Save the guest list as “CSV UTF-8” and try again."
        raise InvalidInput(message) from None


def _records(lines: list[str], first: int, delimiter: str) -> Iterator[tuple[int, int, list[str] | str]]:
    """(physical line where it begins, line where it ends, cells) of each record; a complaint instead of cells.

    A quote that is never closed would swallow the rest of the file, so after a broken record reading goes on with
    the line after its first. Each retry may read one cell's limit in vain, hence the bound.
    """
    start, broken = first, 0
    while start < len(lines):
        reader = csv.reader(iter(lines[start:]), delimiter=delimiter, strict=True)
        begins = start + 1
        try:
            for cells in reader:
                ends = start + reader.line_num
                if cells:
                    yield begins, ends, cells
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


def _layout(header: Sequence[str]) -> _Layout:
    names = [guest_fields.column_name(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    keys = ["".join(char for char in guest_fields.folded(name) if char.isalnum()) for name in names]
    known = [key or name.casefold() for key, name in zip(keys, names, strict=True)]
    twice = next((name for n, name in enumerate(names) if name and known[n] in known[:n]), None)
    if twice:
        raise InvalidInput(f"Two columns are named “{twice[:40]}”. Rename one of them, so that nothing gets mixed up.")
    places: dict[str, int] = {}
    for place, words in _HEADINGS.items():
        column = next((keys.index(word) for word in words if word in keys), None)
        if column is not None:
            places[place] = column
    if "email" not in places:
        found = ", ".join(f"“{name[:40]}”" for name in names[:10] if name)
        raise InvalidInput(f"No column holds email addresses. Name one “email” in the first line, which reads {found}.")
    _settle_names(places)
    rest = [n for n in range(len(names)) if n not in places.values()]
    long = next((names[n] for n in rest if len(names[n]) > guest_fields.LONGEST_COLUMN), None)
    if long:
        most = guest_fields.LONGEST_COLUMN
        raise InvalidInput(f"The column name “{long[:40]}…” is longer than {most} characters. Please shorten it.")
    if len(rest) > guest_fields.MOST_COLUMNS:
        most = guest_fields.MOST_COLUMNS
        raise InvalidInput(f"The file has {len(rest)} further columns; an event can have at most {most}.")
    attributes = [(n, names[n]) for n in rest if names[n]]
    return _Layout(len(names), places, attributes, [n for n in rest if not names[n]])


def _swallowed(cells: Sequence[str], layout: _Layout) -> bool:
    """Whether an open quote happened to be closed by a later one: a name does not hold lines with addresses."""
    own = [cells[n] for n in layout.places.values() if n < len(cells)]
    return any("@" in cell.partition("\n")[2] or "@" in cell.partition("\r")[2] for cell in own)


def _settle_names(places: dict[str, int]) -> None:
    """Beside "Vorname", "Name" is the last name; beside "Surname", the first. Beside both it is a further column."""
    if "full_name" not in places:
        return
    missing = [name for name in ("first_name", "last_name") if name not in places]
    if len(missing) < 2:
        column = places.pop("full_name")
        if missing:
            places[missing[0]] = column


def _entry(line: int, cells: list[str], layout: _Layout, seen: Counter[str]) -> Entry | None:
    """The row, or None when it is wholly blank. Raises _Refusal."""
    width, places = layout.width, layout.places
    if len(cells) > width:
        extra = any(cell.strip() for cell in cells[width:])
        cells = cells[:width]
    else:
        extra = False
        cells += [""] * (width - len(cells))
    clean = guest_fields.one_line
    email = addresses.spelled(cells[places["email"]].strip())
    address = addresses.normalized(email)
    if email:
        seen[address] += 1
    if extra or any(cells[n].strip() for n in layout.nameless):
        raise _Refusal("TOO_MANY_CELLS", f"A value stands where the first line names no column; it names {width}.")
    first, last = _names(cells, places)
    attributes = {name: text for n, name in layout.attributes if (text := guest_fields.lines(cells[n]))}
    status = clean(cells[places["status"]]) if "status" in places else ""
    tags = guest_fields.split_tags(cells[places["tags"]]) if "tags" in places else []
    own_id = clean(cells[places["id"]]) if "id" in places else ""
    if not (email or first or last or attributes or status or tags or own_id):
        return None
    if not (email or first or last or own_id):
        raise _Refusal("NOBODY", "The row has neither an email address nor a name.")
    if email and (complaint := _address_complaint(email)):
        raise _Refusal("INVALID_EMAIL", complaint)
    if own_id and ids.row_id(own_id) is None:
        raise _Refusal("UNKNOWN_ID", _unknown(own_id))
    _check_lengths(first, last, tags, attributes)
    return Entry(line, own_id, email, address, first, last, _status(status), tags, attributes)


def _names(cells: list[str], places: Mapping[str, int]) -> tuple[str, str]:
    clean = guest_fields.one_line
    if "full_name" in places:
        whole = clean(cells[places["full_name"]])
        first, _, last = whole.rpartition(" ")
        return (first, last) if first else (last, "")
    first = clean(cells[places["first_name"]]) if "first_name" in places else ""
    return first, clean(cells[places["last_name"]]) if "last_name" in places else ""


def _status(word: str) -> str:
    if not word:
        return ""
    status = guest_fields.status_of(word)
    if status is None:
        raise _Refusal("INVALID_STATUS", f"“{word[:40]}” {guest_fields.STATUS_COMPLAINT}")
    return status


def _check_lengths(first: str, last: str, tags: Sequence[str], attributes: Mapping[str, str]) -> None:
    if max(len(first), len(last)) > guest_fields.LONGEST_NAME:
        raise _Refusal("TOO_LONG", f"A name is longer than {guest_fields.LONGEST_NAME} characters.")
    for name, text in attributes.items():
        if len(text) > guest_fields.LONGEST_VALUE:
            raise _Refusal("TOO_LONG", f"The value in “{name}” is longer than {guest_fields.LONGEST_VALUE} characters.")
    if tags and (complaint := guest_fields.tags_complaint(tags)):
        raise _Refusal("INVALID_TAGS", complaint)


def _address_complaint(email: str) -> str:
    if addresses.is_valid(email):
        return ""
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
