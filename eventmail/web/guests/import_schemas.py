"""How a file is to be read, as a form says it, and what an import did."""

import codecs
from collections.abc import Mapping

from typing_extensions import TypedDict

from eventmail.domain.guests import fields
from eventmail.domain.imports import column_mapping, csv_text
from eventmail.domain.imports.csv_rows import Head, Reading
from eventmail.domain.imports.report import ImportReport
from eventmail.domain.imports.uploads import Upload
from eventmail.errors import InvalidInput

OWN = "own"
_CHARSETS = {
    "utf-8": "",  # every library says so without a look at the file, so it decides nothing
    "ascii": "",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
    "iso8859-1": "windows-1252",  # as browsers read it
    "cp1252": "windows-1252",
    "cp1250": "windows-1250",
    "mac-roman": "macintosh",
}


def charset_reading(charset: str | None) -> Reading:
    """The reading for the charset of a Content-Type. Raises InvalidInput for a charset that we do not read."""
    try:
        return Reading(_CHARSETS[codecs.lookup(charset or "utf-8").name])
    except (LookupError, ValueError):
        message = "The charset must be one of utf-8, utf-16, windows-1252, windows-1250, macintosh."
        raise InvalidInput.at("charset", "UNKNOWN_CHARSET", message) from None


def columns_in(form: Mapping[str, str], head: Head) -> tuple[str, ...]:
    """The meaning of each column by the form. A column that the form does not name keeps its own."""
    return tuple(_column(form, head, n) for n in range(len(head.headings)))


def _column(form: Mapping[str, str], head: Head, n: int) -> str:
    field = f"column-{n}"
    word = form.get(field)
    if word is None:
        return head.columns[n]
    if word == OWN:
        return column_mapping.OWN + fields.column_name(form.get(f"name-{n}", "") or head.headings[n])
    if word not in (*column_mapping.FIELDS, column_mapping.LEFT_OUT, column_mapping.UNNAMED):
        raise InvalidInput.at(field, "INVALID_COLUMN", "Choose what this column holds.")
    return word


def reading_in(form: Mapping[str, str], upload: Upload) -> Reading:
    """The reading that the form asks for: `upload.reading` itself while nothing was changed.

    With another encoding or delimiter the file has other columns, so the reading takes over none of them.
    """
    head = upload.head
    if head is None:
        return upload.reading
    encoding, delimiter = form.get("encoding", head.encoding), form.get("delimiter", head.delimiter)
    choices = ("encoding", encoding, csv_text.ENCODINGS), ("delimiter", delimiter, csv_text.DELIMITERS)
    for field, word, known in choices:
        if word not in known:
            raise InvalidInput.at(field, "UNKNOWN", f"The {field} must be one of " + ", ".join(known) + ".")
    if (encoding, delimiter) != (head.encoding, head.delimiter):
        return Reading(encoding, delimiter)
    columns = columns_in(form, head)
    return upload.reading if columns == head.columns else Reading(encoding, delimiter, columns)


class RejectedOut(TypedDict):
    """A row that was not imported; `line` is the physical line where it begins, the header being 1."""

    line: int
    code: str
    message: str


class ImportOut(TypedDict):
    """What an import did, or with `dry_run` would do."""

    created: int
    updated: int
    unchanged: int
    rejected: list[RejectedOut]


class ColumnOut(TypedDict):
    """One column of a kept file, and what it is taken for."""

    heading: str
    taken_for: str


class UploadOut(TypedDict):
    """A file that somebody chose in a browser: how it is read, and the counts of its newest check or its import."""

    name: str
    imported: bool
    encoding: str | None
    delimiter: str | None
    columns: list[ColumnOut]
    created: int | None
    updated: int | None
    unchanged: int | None
    rejected: int | None


class ProgressOut(TypedDict):
    """How far a check or an import is."""

    what: str
    done: int
    of: int


def report_out(report: ImportReport) -> ImportOut:
    """The report's JSON."""
    return {
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": [{"line": row.line, "code": row.code, "message": row.message} for row in report.rejected],
    }
