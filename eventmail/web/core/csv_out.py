"""Writes CSV for spreadsheets: UTF-8 with a byte order mark, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from flask import Response, stream_with_context

from eventmail.content import csv_cells

_CHUNK = 32_000  # characters; a chunk for each row would mean a packet for each row


def csv_answer(filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV download, streamed."""
    named = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(stream_with_context(_lines(header, rows)), headers=named, mimetype="text/csv")


def safe_cell(value: object) -> str:
    """`value` as text, with an apostrophe before anything that a spreadsheet takes for a formula."""
    return "" if value is None else csv_cells.neutralised(str(value))


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    for row in chain([header], rows):
        writer.writerow([safe_cell(cell) for cell in row])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
