"""Guests from a CSV file: choose, look at what would happen, import; programs in one request. And the export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail.db.paging import cut
from eventmail.domain.guests.filters import Filter
from eventmail.domain.imports import column_mapping, csv_rows, csv_text, run, uploads
from eventmail.domain.imports import export as import_export
from eventmail.domain.imports.csv_rows import Head, Reading
from eventmail.errors import DomainError, InvalidInput, NotFound, Unavailable
from eventmail.web.core import access, bodies, intake
from eventmail.web.core.context import settings
from eventmail.web.core.csv_out import csv_answer
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json
from eventmail.web.guests.import_schemas import OWN, UploadOut, charset_reading, columns_in, reading_in, report_out
from eventmail.web.guests.views import searched

bp = Blueprint("imports", __name__, url_prefix="/admin/events/<id:event_id>/guests")
_PIECE = 1_000_000


@bp.get("/import")
def choose(event_id: int, problem: Problem | None = None) -> Response:
    return respond(page="guests/import.html", problem=problem, waiting=uploads.waiting(_folder(), event_id))


@bp.post("/import")
@bodies.takes(bodies.UPLOAD)
@shown_by(choose)
def upload(event_id: int) -> Any:
    """A program sends the file as `text/csv` or in the field `file`: it is imported, or checked with `dry_run`.

    A person sends it in `file`: it is kept and checked. Nothing is imported before the person has seen the check.
    """
    by_form = request.mimetype == "multipart/form-data"
    if by_form and not wants_json():
        return _keep(event_id)
    reading = Reading() if by_form else charset_reading(request.mimetype_params.get("charset"))
    dry_run = (request.form if by_form else request.args).get("dry_run", "") not in ("", "0", "false")
    data = _form_file()[1] if by_form else _csv_body()
    return as_json(report_out(run.run(event_id, data, access.acting(), dry_run, reading=reading)))


def _keep(event_id: int) -> Any:
    name, data = _form_file()
    csv_rows.head(data)  # refuses a file without a first line, which no other reading can correct
    token = uploads.keep(_folder(), event_id, name, data, g.now)
    g.form_again = lambda problem: look(event_id, token, problem)
    with uploads.alone(_folder(), event_id, token):
        _check(event_id, token, Reading())
    return see_other(url_for(".look", event_id=event_id, token=token))


@bp.get("/import/<token>")
def look(event_id: int, token: str, problem: Problem | None = None) -> Response:
    """The report of a kept file's check, or of its import."""
    kept = uploads.load(_folder(), event_id, token)
    report = kept.result or kept.check
    kinds = report["kinds"] if report else {}
    kind = request.args.get("show", "")
    if kind not in kinds:
        kind = next((kind for kind, (number, _) in kinds.items() if number), "")
    number, lines = kinds.get(kind, (0, []))
    return respond(
        page="guests/import_check.html",
        json=lambda: _upload_out(kept),
        problem=problem,
        upload=kept,
        head=_head_shown(kept),
        report=report,
        kind=kind,
        number=number,
        lines=cut(lines, page=intake.paging()["page"], size=50),
        encodings=[(word, name) for word, (name, _) in csv_text.ENCODINGS.items()],
        delimiters=[(word, word.capitalize()) for word in csv_text.DELIMITERS],
        own_before=column_mapping.OWN,
        asked_again="asked_again" in request.args,
        typed=request.form,
        url_of=lambda page=1, show=kind: url_for(
            ".look", event_id=event_id, token=token, show=show, page=page if page > 1 else None
        ),
    )


def _head_shown(kept: uploads.Upload) -> Head | None:
    """The head with the columns as they were just typed, so that a refused correction is not lost."""
    if not kept.head or not request.form:
        return kept.head
    try:
        return kept.head._replace(columns=columns_in(request.form, kept.head))
    except InvalidInput:
        return kept.head


@bp.post("/import/<token>")
@shown_by(look)
def decide(event_id: int, token: str) -> Any:
    """Check again with a corrected reading, import what was checked, or discard the file."""
    action = request.form.get("action", "check")
    if action == "discard":
        uploads.discard(_folder(), event_id, token)
        flash("The file was let go. Nothing was imported from it.")
        return see_other(url_for(".choose", event_id=event_id))
    asked_again = None
    with uploads.alone(_folder(), event_id, token):
        kept = uploads.load(_folder(), event_id, token)
        if kept.result is None:
            reading = reading_in(request.form, kept)
            if action == "import" and kept.check and reading == kept.reading:
                return see_other(_import(event_id, token, reading))
            _check(event_id, token, reading)  # a reading is imported only after its check was looked at
            asked_again = 1 if action == "import" else None
    return see_other(url_for(".look", event_id=event_id, token=token, asked_again=asked_again))


def _check(event_id: int, token: str, reading: Reading) -> None:
    """Make a dry run and keep it for the page. Raises InvalidInput, after it has kept how the file is read."""
    data = uploads.data(_folder(), event_id, token)
    head = csv_rows.head(data, reading)
    tell = _tell(event_id, token)
    try:
        report = run.run(event_id, data, access.acting(), dry_run=True, reading=reading, tell=tell)
    except DomainError:
        if uploads.load(_folder(), event_id, token).head is None:
            uploads.note_head(_folder(), event_id, token, head)
        raise
    uploads.note_check(_folder(), event_id, token, uploads.Checked(reading, head, report, g.now))


def _import(event_id: int, token: str, reading: Reading) -> str:
    """Import a kept file. Returns the address of the report."""
    data = uploads.data(_folder(), event_id, token)
    report = run.run(event_id, data, access.acting(), reading=reading, tell=_tell(event_id, token))
    try:
        uploads.note_result(_folder(), event_id, token, report)
    except (NotFound, Unavailable):  # the guests were imported, even if the report can't be kept
        counts = f"{report.created} added, {report.updated} updated, {len(report.rejected)} lines not imported"
        flash(f"Imported: {counts}. The report itself could not be kept.", "warn")
        return url_for("guests.listing", event_id=event_id)
    return url_for(".look", event_id=event_id, token=token)


@bp.get("/import/<token>/progress")
def progress(event_id: int, token: str) -> Response:
    """How far the check or the import of another request is. The page asks while its form is under way."""
    kept = uploads.load(_folder(), event_id, token)
    far = uploads.progress(_folder(), event_id, token) or {"what": run.READING, "done": 0, "of": 0}
    page = "guests/_import_progress.html"
    return respond(page=page, fragment=page, json=lambda: far, upload=kept, far=far)


@bp.get("/export")
def export(event_id: int) -> Response:
    """The guests that the list shows under this filter and search, as CSV. To import it again changes nothing."""
    q, status = searched()
    header, rows = import_export.header(event_id), import_export.rows(event_id, status, q)
    return csv_answer(f"guests-{event_id}{'' if status is Filter.ALL and not q else '-some'}.csv", header, rows)


def _folder() -> Path:
    return settings().imports


def _tell(event_id: int, token: str) -> Callable[[str, int, int], None]:
    folder = _folder()
    return lambda what, done, of: uploads.note_progress(folder, event_id, token, {"what": what, "done": done, "of": of})


def _upload_out(kept: uploads.Upload) -> UploadOut:
    report, head = kept.result or kept.check or {}, kept.head
    return {
        "name": kept.name,
        "imported": kept.result is not None,
        "encoding": head and head.encoding,
        "delimiter": head and head.delimiter,
        "columns": [
            {"heading": heading, "taken_for": OWN if word.startswith(column_mapping.OWN) else word}
            for heading, word in (zip(head.headings, head.columns, strict=True) if head else ())
        ],
        "created": report.get("created"),
        "updated": report.get("updated"),
        "unchanged": report.get("unchanged"),
        "rejected": report.get("rejected"),
    }


def _csv_body() -> bytes:
    """The body of this request. Raises TooLarge after it has read a body that is too long to its end.

    It keeps no more bytes in memory than an import may have.
    """
    if request.mimetype != "text/csv":
        raise InvalidInput("Send the file as the body with Content-Type: text/csv, or as the field “file” of a form.")
    parts: list[bytes] = []
    size = 0
    while piece := request.stream.read(_PIECE):
        size += len(piece)
        parts.append(piece)
        if size > csv_text.MOST_BYTES:
            parts.clear()  # read on: a client that is cut off while it sends never reads the answer
    csv_text.check_size(size)
    return b"".join(parts)


def _form_file() -> tuple[str, bytes]:
    """Name and content of the file that was chosen."""
    chosen = request.files.get("file")
    if chosen is None or not chosen.filename:
        raise InvalidInput.at("file", "REQUIRED", "Choose a CSV file first.")
    csv_text.check_size(chosen.stream.seek(0, 2))
    chosen.stream.seek(0)
    return chosen.filename, chosen.stream.read()
