"""An event's settings beside its own fields: what columns read by default, who sees it, and how it ends."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import ids
from eventmail.domain.events import calendar_address, edit, lifecycle, sharing
from eventmail.domain.guests import column_defaults, values
from eventmail.errors import InvalidInput, NotFound
from eventmail.web.core import access, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json
from eventmail.web.events.schemas import ArchiveIn, CalendarLinksIn, DefaultsIn, ShareIn, event_out
from eventmail.web.events.views import settings

bp = Blueprint("event_life", __name__, url_prefix="/admin/events/<id:event_id>")


@bp.post("/settings/columns")
@shown_by(settings)
def set_defaults(event_id: int) -> Any:
    """Set what a guest without a value in an imported column reads (C3)."""
    column_defaults.set_defaults(event_id, _defaults(event_id), access.acting())
    return _done(event_id)


@bp.post("/settings/members")
@shown_by(settings)
def share(event_id: int) -> Any:
    body = intake.parse(ShareIn, lists=frozenset({"members"}))
    restricted, without_me = body.restricted, body.without_me
    sharing.share(event_id, body.chosen(), restricted=restricted, without_me=without_me, by=access.acting())
    try:
        return _done(event_id)
    except NotFound:  # the person no longer sees the event
        flash("Saved. You do not see this event any more.")
        return ("", 204) if wants_json() else see_other(url_for("events.listing"))


@bp.get("/cancellation")
def cancellation(event_id: int, problem: Problem | None = None) -> Response:
    """Asks before an event is cancelled, and says which mails are cancelled with it."""
    return respond(page="events/cancellation.html", problem=problem, waiting=lifecycle.waiting(event_id))


@bp.post("/cancellation")
@shown_by(cancellation)
def cancel(event_id: int) -> Any:
    """Cancel the event and its waiting mails (S6)."""
    cancelled = lifecycle.cancel(event_id, access.acting())
    return _done(event_id, f"The event is cancelled. {_mails(cancelled)} Write to your guests to let them know.")


@bp.post("/reinstatement")
@shown_by(settings)
def reinstate(event_id: int) -> Any:
    lifecycle.reinstate(event_id, access.acting())
    return _done(event_id, "The event takes place after all. Mails that were cancelled with it stay cancelled.")


@bp.get("/new-calendar-links")
def calendar_links(event_id: int, problem: Problem | None = None) -> Response:
    """Asks before the addresses in mails that have left stop working (K3)."""
    replaced_before = len(g.event.retired_secrets)
    return respond(page="events/calendar_links.html", problem=problem, replaced_before=replaced_before)


@bp.post("/new-calendar-links")
@shown_by(calendar_links)
def replace_calendar_links(event_id: int) -> Any:
    """Sign the calendar links of the event anew (K3)."""
    replaced_before = intake.parse(CalendarLinksIn).replaced_before
    calendar_address.replace(event_id, access.acting(), replaced_before=replaced_before)
    return _done(event_id, "The calendar links were replaced. Mails that have not left yet get the new ones.")


@bp.get("/archive")
def archive_page(event_id: int, problem: Problem | None = None) -> Response:
    """Asks before an event is archived, and says which mails are cancelled with it."""
    return respond(page="events/archive.html", problem=problem, waiting=lifecycle.waiting(event_id))


@bp.post("/archive")
@shown_by(archive_page)
def archive(event_id: int) -> Any:
    cancel_waiting = intake.parse(ArchiveIn).cancel_waiting
    cancelled = lifecycle.archive(event_id, access.acting(), cancel_waiting=cancel_waiting)
    return _done(event_id, f"The event is archived. {_mails(cancelled)}")


@bp.post("/return")
@shown_by(settings)
def bring_back(event_id: int) -> Any:
    lifecycle.bring_back(event_id, access.acting())
    return _done(event_id, "The event is back from the archive. Nothing is sent by itself.")


def _defaults(event_id: int) -> dict[int, str]:
    """The defaults in this request, by column id. JSON names columns, a form their ids."""
    if request.is_json:
        wanted = intake.parse(DefaultsIn).defaults
        by_name = {column.name: column.id for column in column_defaults.columns(event_id)}
        placed, unknown = values.placed_columns(list(by_name), list(wanted))
        if unknown:
            message = f"There is no column “{unknown[0][:60]}” in this event."
            raise InvalidInput.at("defaults", "UNKNOWN_COLUMN", message)
        return {by_name[placed[name]]: text for name, text in wanted.items()}
    form = intake.form_body(request.form)
    return {ids.row_id(name.removeprefix(column_defaults.FIELD)) or 0: text for name, text in form.items()}


def _done(event_id: int, said: str = "") -> Any:
    event = edit.visible(event_id, g.user)
    if wants_json():
        return as_json(event_out(event))
    if said:
        flash(said)
        return see_other(url_for("events.overview", event_id=event_id))
    return see_other(url_for("events.settings", event_id=event_id, saved=1))


def _mails(cancelled: int) -> str:
    few = {0: "No mail was waiting.", 1: "1 waiting mail was cancelled."}
    return few.get(cancelled, f"{cancelled} waiting mails were cancelled.")
