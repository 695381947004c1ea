"""An event's settings beside its own fields: what columns read by default, who sees it, and how it ends."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import ids
from eventmail.domain.events import edit, lifecycle, sharing
from eventmail.domain.guests import column_defaults, values
from eventmail.errors import InvalidInput, NotFound
from eventmail.web.core import access, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json
from eventmail.web.events.schemas import ArchiveIn, DefaultsIn, ShareIn, event_out
from eventmail.web.events.views import settings_page

bp = Blueprint("event_life", __name__, url_prefix="/admin/events/<id:event_id>")


@bp.post("/settings/columns")
@shown_by(settings_page)
def set_defaults(event_id: int) -> Any:
    """What guests without a value in an imported column read (C3)."""
    column_defaults.set_defaults(event_id, _defaults(event_id), access.acting())
    return _done(event_id)


@bp.post("/settings/members")
@shown_by(settings_page)
def share(event_id: int) -> Any:
    """Who sees the event."""
    body = intake.parse(ShareIn, lists=frozenset({"members"}))
    chosen = body.chosen()
    sharing.share(event_id, chosen, restricted=body.restricted, without_me=body.without_me, by=access.acting())
    try:
        return _done(event_id)
    except NotFound:  # they took themselves off
        flash("Saved. You do not see this event any more.")
        return ("", 204) if wants_json() else see_other(url_for("events.listing"))


def _cancellation_page(event_id: int, problem: Problem | None = None) -> Response:
    return respond(page="events/cancellation.html", problem=problem, waiting=lifecycle.waiting(event_id))


@bp.get("/cancellation")
def cancellation(event_id: int) -> Response:
    """Asks before an event is cancelled, and says what goes with it."""
    return _cancellation_page(event_id)


@bp.post("/cancellation")
@shown_by(_cancellation_page)
def cancel(event_id: int) -> Any:
    """Cancel the event and every mail of it that waits (S6)."""
    cancelled = lifecycle.cancel(event_id, access.acting())
    return _done(event_id, f"The event is cancelled. {_mails(cancelled)} Write to your guests to let them know.")


@bp.post("/reinstatement")
@shown_by(settings_page)
def reinstate(event_id: int) -> Any:
    """The event takes place after all."""
    lifecycle.reinstate(event_id, access.acting())
    return _done(event_id, "The event takes place after all. Mails that were cancelled with it stay cancelled.")


def _archive_page(event_id: int, problem: Problem | None = None) -> Response:
    return respond(page="events/archive.html", problem=problem, waiting=lifecycle.waiting(event_id))


@bp.get("/archive")
def archive_page(event_id: int) -> Response:
    """Asks before an event is archived, and says what goes with it."""
    return _archive_page(event_id)


@bp.post("/archive")
@shown_by(_archive_page)
def archive(event_id: int) -> Any:
    """Archive the event; nothing can be sent from it then."""
    body = intake.parse(ArchiveIn)
    cancelled = lifecycle.archive(event_id, access.acting(), cancel_waiting=body.cancel_waiting)
    return _done(event_id, f"The event is archived. {_mails(cancelled)}")


@bp.post("/return")
@shown_by(settings_page)
def bring_back(event_id: int) -> Any:
    """Take the event out of the archive."""
    lifecycle.bring_back(event_id, access.acting())
    return _done(event_id, "The event is back from the archive. Nothing is sent by itself.")


def _defaults(event_id: int) -> dict[int, str]:
    """The defaults in this request by column id; JSON names the columns, a form their ids."""
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
    if not cancelled:
        return "No mail was waiting."
    return "1 waiting mail was cancelled." if cancelled == 1 else f"{cancelled} waiting mails were cancelled."
