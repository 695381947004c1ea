"""Adding guests from pasted addresses, with a look at the result before."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from eventmail.domain.guests import fields
from eventmail.domain.guests import paste as guest_paste
from eventmail.errors import ListChanged
from eventmail.web.core import access, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json
from eventmail.web.guests.schemas import PasteIn, paste_out

bp = Blueprint("guest_paste", __name__, url_prefix="/admin/events/<id:event_id>/guests/paste")


@bp.get("")
def paste(event_id: int, problem: Problem | None = None, report: guest_paste.PasteReport | None = None) -> Response:
    if problem and problem.code == ListChanged.code:
        report = guest_paste.check(event_id, request.form.get("addresses", ""))
    return respond(page="guests/paste.html", problem=problem, report=report, typed=request.form)


@bp.post("")
@shown_by(paste)
def add(event_id: int) -> Any:
    """Add the guests who are new, or with `dry_run` tell what would become of each address."""
    body = intake.parse(PasteIn)
    if body.dry_run:
        report = guest_paste.check(event_id, body.addresses)
        return as_json(paste_out(report)) if wants_json() else paste(event_id, report=report)
    given = guest_paste.Given(body.status, tuple(fields.split_tags(body.tags)))
    report = guest_paste.add(event_id, body.addresses, given, access.acting(), body.expected)
    if wants_json():
        return as_json(paste_out(report))
    few = {0: "Nobody was added.", 1: "1 guest was added."}
    added = few.get(len(report.new), f"{len(report.new)} guests were added.")
    there = f" On the list already: {len(report.there)}." if report.there else ""
    wrong = f" Not added, since they could not be read: {len(report.rejected)}." if report.rejected else ""
    flash(f"{added}{there}{wrong}")
    return see_other(url_for("guests.listing", event_id=event_id))
