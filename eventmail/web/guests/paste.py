"""Guests from pasted addresses: paste, look at what would happen, add."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from eventmail.domain.guests import fields
from eventmail.domain.guests import paste as guest_paste
from eventmail.domain.guests.paste import Given, PasteReport
from eventmail.errors import ListChanged
from eventmail.web.core import access, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json
from eventmail.web.guests.schemas import PasteIn, paste_out

bp = Blueprint("guest_paste", __name__, url_prefix="/admin/events/<id:event_id>/guests/paste")


def _page(event_id: int, problem: Problem | None = None, report: PasteReport | None = None) -> Response:
    if problem and problem.code == ListChanged.code:
        report = guest_paste.check(event_id, request.form.get("addresses", ""))
    return respond(page="guests/paste.html", problem=problem, report=report, typed=request.form)


@bp.get("")
def paste(event_id: int) -> Response:
    return _page(event_id)


@bp.post("")
@shown_by(_page)
def add(event_id: int) -> Any:
    """Tell what would become of each address (`dry_run`), or add those who are new."""
    body = intake.parse(PasteIn)
    if body.dry_run:
        report = guest_paste.check(event_id, body.addresses)
        return as_json(paste_out(report)) if wants_json() else _page(event_id, report=report)
    given = Given(body.status, tuple(fields.split_tags(body.tags)))
    report = guest_paste.add(event_id, body.addresses, given, access.acting(), body.expected)
    if wants_json():
        return as_json(paste_out(report))
    number = len(report.new)
    added = "1 guest was added." if number == 1 else f"{number} guests were added." if number else "Nobody was added."
    there = f" On the list already: {len(report.there)}." if report.there else ""
    wrong = f" Not added, since they could not be read: {len(report.rejected)}." if report.rejected else ""
    flash(f"{added}{there}{wrong}")
    return see_other(url_for("guests.listing", event_id=event_id))
