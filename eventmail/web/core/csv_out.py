"""CSV that leaves: UTF-8 with a mark for spreadsheets, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from flask import Response, stream_with_context

from eventmail.content import csv_cells

_CHUNK = 32_000  # characters; a row of its own would be a packet of its own


def csv_answer(filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV download, streamed."""
    answer = Response(stream_with_context(_lines(header, rows)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def safe_cell(value: object) -> str:
    """`value` as text; what a spreadsheet would take for a formula gets an apostrophe in front."""
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
