"""Events: list, create, copy, overview, settings. `events.lifecycle` has the pages about an event's end."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import wall_time
from eventmail.content import not_sent
from eventmail.db.paging import paginate
from eventmail.domain.designs import lifecycle as designs
from eventmail.domain.events import copy as event_copy
from eventmail.domain.events import edit, sharing
from eventmail.domain.guests import column_defaults
from eventmail.domain.guests import values as guest_values
from eventmail.domain.mailings import calendar_updates, copied_plans
from eventmail.domain.outcomes import overview as overview_
from eventmail.domain.outcomes import planned
from eventmail.errors import FieldError, InvalidInput
from eventmail.models import Event
from eventmail.sending import heartbeat
from eventmail.web.composer import fragments
from eventmail.web.core import access, form_guard, intake, local_times
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, page_out, respond, see_other, wants_json
from eventmail.web.events.schemas import EventIn, event_out

_REMINDERS = {
    "15": "15 minutes before", "30": "30 minutes before", "60": "1 hour before", "120": "2 hours before",
    "1440": "1 day before", "2880": "2 days before", "10080": "1 week before",
}  # fmt: skip

bp = Blueprint("events", __name__, url_prefix="/admin/events")


@bp.get("")
def listing() -> Response:
    """The events that this person sees, newest first: current ones, archived ones, or all, as `state` says."""
    state, q = request.args.get("state", "").strip() or "current", request.args.get("q", "").strip()
    if state not in ("current", "archived", "all"):
        raise InvalidInput.at("state", "UNKNOWN_STATE", "The state must be one of current, archived, all.")
    archived = None if state == "all" else state == "archived"
    page = paginate(edit.listed(g.user, archived=archived, q=q), **intake.paging(), row=lambda row: row[0])
    if wants_json():
        return as_json(page_out(page, event_out))
    current, put_away = edit.counts(g.user)
    return respond(page="events/list.html", events=page, q=q, state=state, current=current, archived=put_away)


@bp.get("/new")
def new(problem: Problem | None = None) -> Response:
    typed = request.form or {"timezone": edit.usual_timezone(g.user)}
    return respond(page="events/new.html", problem=problem, **_basics(typed))


@bp.post("")
@shown_by(new)
def create() -> Any:
    body = intake.parse(EventIn)
    missing = [FieldError(n, "REQUIRED", "Please fill this in.") for n in ("title", "timezone") if not getattr(body, n)]
    if missing:
        raise InvalidInput("An event needs a title and a time zone.", fields=missing)
    return _made(edit.create(body.values(), access.acting()))


def _made(event_id: int, said: str = "") -> Any:
    where = url_for("events.overview", event_id=event_id)
    if wants_json():
        return as_json(event_out(edit.visible(event_id, g.user)), 201, {"Location": where})
    if said:
        flash(said)
    return see_other(where)


@bp.get("/<id:event_id>")
def overview(event_id: int) -> Response:
    if wants_json():
        return as_json(event_out(g.event))
    terms = fragments.terms()
    return respond(
        page="events/overview.html",
        facts=overview_.facts(event_id),
        outdated=(outdated := calendar_updates.outdated(g.event, g.now)),
        is_quiet=bool(outdated) and calendar_updates.is_quiet(g.event),
        planned=planned.of_event(g.event, g.now, outside=terms.outside),
        why=not_sent.WHY,
        now=g.now,
        hindrances=terms.hindrances,
        worker_alive=heartbeat.alive(g.now),
        worker_command=heartbeat.WORKER_COMMAND,
    )


@bp.get("/<id:event_id>/copy")
def copy_page(event_id: int, problem: Problem | None = None) -> Response:
    return respond(
        page="events/copy.html",
        problem=problem,
        **_basics(request.form or event_copy.suggestion(g.event)),
        columns=column_defaults.columns(event_id),
        plans=copied_plans.count(event_id),
        designs=designs.copied(event_id),
    )


@bp.post("/<id:event_id>/copy")
@shown_by(copy_page)
def copy(event_id: int) -> Any:
    """Make an event with the settings and columns of this one, without its guests. Dates come with the request."""
    made = event_copy.copy(event_id, _form_values(), access.acting(), copied_plans.copy, designs.copy_all)
    plans = "1 planned draft" if made.plans == 1 else f"{made.plans} planned drafts"
    planned = f" {plans} came along; nothing of that goes out before you schedule it." if made.plans else ""
    number = "1 design" if made.designs == 1 else f"{made.designs:,} designs"
    came = f" {number} came along." if made.designs else ""
    return _made(made.event_id, f"The event was copied. Nobody is on its guest list yet.{came}{planned}")


@bp.patch("/<id:event_id>")
def patch(event_id: int) -> Response:
    edit.edit(event_id, intake.parse(EventIn).values(), access.acting())
    return as_json(event_out(g.event))


@bp.get("/<id:event_id>/settings")
def settings(event_id: int, problem: Problem | None = None) -> Response:
    """The settings. Several forms stand on this page; `problem` is of the one that this request posted."""
    event: Event = g.event
    form = {"all_day": "", **request.form} if request.endpoint == "events.save" else {}
    there = column_defaults.columns(event_id)
    typed, fingerprints = form_guard.form(edit.texts(event), form, problem, _plain)
    return respond(
        page="events/settings.html",
        problem=problem,
        **_basics(typed),
        seen=fingerprints,
        ticked=request.form.getlist("members") if request.endpoint == "event_life.share" else None,
        columns=there,
        column_field=column_defaults.FIELD,
        twins=guest_values.twins([column.name for column in there]),
        team=sharing.colleagues(event_id),
        may_share=sharing.may_share(event, g.user),
        moved=planned.moved(event, g.now),
        reminders=_reminders(typed.get("reminder_minutes", "")),
        saved=request.args.get("saved") == "1",
    )


@bp.post("/<id:event_id>/settings")
@shown_by(settings)
def save(event_id: int) -> Any:
    edit.edit(event_id, _form_values(), access.acting(), fingerprints=request.form.get("seen", ""))
    return see_other(url_for("events.settings", event_id=event_id, saved=1))


def _basics(typed: Mapping[str, Any]) -> dict[str, Any]:
    """What `events/_basics.html` shows: the fields as typed, the time zones, and what to choose of equal times (H2)."""
    timed = () if typed.get("all_day") else ("starts_at", "ends_at")
    twice = {name: local_times.choices(typed.get(name), typed.get("timezone")) for name in timed}
    return {"typed": typed, "timezones": sorted(wall_time.TIMEZONES), "twice": twice}


def _reminders(minutes: str) -> list[tuple[str, str]]:
    """What the form offers, and what a program chose besides."""
    other = [(minutes, f"{minutes} minutes before")] if minutes and minutes not in _REMINDERS else []
    return [*_REMINDERS.items(), *other]


def _form_values() -> dict[str, Any]:
    """The fields of this request. A form sends nothing for an unticked box."""
    values = intake.parse(EventIn).values()
    return values if request.is_json else {"all_day": False, **values}


def _plain(name: str, text: str) -> str:
    """The text of one field, in the form that is stored."""
    if name == "all_day":
        return "yes" if text else ""
    return text.replace("\r\n", "\n").strip()
