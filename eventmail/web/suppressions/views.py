"""The do-not-mail list of an event: read, add, take off with a reason, import, export (F3)."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import erased
from eventmail.db import fresh
from eventmail.db.paging import paginate
from eventmail.domain.suppressions import entries, reasons
from eventmail.errors import TooLarge
from eventmail.models import Suppression
from eventmail.models.account import Role
from eventmail.states import SuppressionReason
from eventmail.web.core import access, bodies, intake
from eventmail.web.core.context import instant
from eventmail.web.core.csv_out import csv_answer
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, page_out, respond, see_other, wants_json
from eventmail.web.suppressions import schemas

bp = Blueprint("suppressions", __name__, url_prefix="/admin/events/<id:event_id>/suppressions")

LARGEST_IMPORT = 5 * 1024 * 1024  # bytes
WORDS: dict[str, str] = {reason: words.capitalize() for reason, words in reasons.SHORT.items()}


@bp.get("")
def listing(event_id: int, problem: Problem | None = None) -> Response:
    """The list. Search, reason and page stand in the URL; `format=csv` downloads all of it."""
    q, reason = request.args.get("q", "").strip(), intake.chosen("reason", SuppressionReason)
    listed = entries.listed(event_id, g.user, q=q, reason=reason)
    if request.args.get("format") == "csv":
        columns = Suppression.address, Suppression.reason, Suppression.scope, Suppression.source, Suppression.created_at
        rows = fresh().execute(listed.with_only_columns(*columns).execution_options(yield_per=500))
        return csv_answer(
            f"do-not-mail-{event_id}.csv",
            ["address", "reason", "scope", "source", "since"],
            (
                [erased.shown(e.address), WORDS[e.reason], reasons.about(e.scope), e.source, instant(e.created_at)]
                for e in rows
            ),
        )
    page = paginate(listed, **intake.paging(), row=lambda row: row[0])
    found = entries.counts(event_id, g.user)
    return respond(
        page="suppressions/list.html",
        fragment="suppressions/_table.html",
        json=lambda: page_out(page, schemas.suppression_out),
        problem=problem,
        entries=page,
        counts=found,
        total=sum(found.values()),
        words=WORDS,
        may_lift=lambda entry: entries.may_lift(entry, g.user),
        is_owner=g.user.role == Role.OWNER,
        q=q,
        chosen=reason,
    )


@bp.post("")
@shown_by(listing)
def add(event_id: int) -> Any:
    body = intake.parse(schemas.SuppressionIn)
    everywhere = body.scope == "all"
    entry, new = entries.add(event_id, body.address, everywhere=everywhere, by=access.acting())
    if wants_json():
        headers = {"Location": url_for(".lifting", event_id=event_id, suppression_id=entry.id)} if new else {}
        return as_json(schemas.suppression_out(entry), 201 if new else 200, headers)
    where = "all events" if everywhere else "this event"
    flash(f"{entry.address} gets no more mail about {where}." if new else f"{entry.address} was on the list already.")
    return see_other(url_for(".listing", event_id=event_id))


@bp.delete("/<id:suppression_id>")
def delete(event_id: int, suppression_id: int) -> Any:
    body = intake.parse(schemas.LiftIn) if request.get_data() else schemas.LiftIn()
    entries.lift(event_id, suppression_id, body.reason, g.user, access.acting())
    return "", 204


@bp.get("/<id:suppression_id>")
def lifting(event_id: int, suppression_id: int, problem: Problem | None = None) -> Response:
    """Asks for the reason before an address gets mail again."""
    entry = entries.find(event_id, suppression_id, g.user)
    return respond(
        page="suppressions/lift.html",
        json=lambda: schemas.suppression_out(entry),
        problem=problem,
        entry=entry,
        word=WORDS[entry.reason],
        may_lift=entries.may_lift(entry, g.user),
    )


@bp.post("/<id:suppression_id>")
@shown_by(lifting)
def lift(event_id: int, suppression_id: int) -> Any:
    reason = intake.parse(schemas.LiftIn).reason
    address = entries.lift(event_id, suppression_id, reason, g.user, access.acting())
    flash(f"{address} gets mail again. Your reason is in the log.")
    return see_other(url_for(".listing", event_id=event_id))


@bp.get("/import")
def importing(event_id: int, problem: Problem | None = None, report: entries.ListReport | None = None) -> Response:
    return respond(
        page="suppressions/import.html",
        json=(lambda: schemas.suppression_report_out(report)) if report else None,
        problem=problem,
        report=report,
        is_owner=g.user.role == Role.OWNER,
    )


@bp.post("/import")
@bodies.takes(bodies.UPLOAD)
@shown_by(importing)
def run_import(event_id: int) -> Response:
    """Add the addresses of a pasted list, of the field `file`, or of a `text/csv` body. Answers with the report."""
    if request.mimetype == "text/csv":
        text, everywhere = _decoded(request.get_data()), request.args.get("scope") == "all"
    else:
        body = intake.parse(schemas.SuppressionImport)
        upload = request.files.get("file")
        text = _decoded(upload.read(LARGEST_IMPORT + 1)) if upload and upload.filename else body.addresses
        everywhere = body.scope == "all"
    report = entries.import_(event_id, text, everywhere=everywhere, by=access.acting())
    return importing(event_id, report=report)


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST_IMPORT:
        raise TooLarge(f"A list may have {LARGEST_IMPORT // 1024 // 1024} MB. Nothing was added.")
    return data.decode("utf-8", "replace")
