"""Events: list, create, overview, settings."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for

from eventmail.db import paginate
from eventmail.domain import events
from eventmail.domain import overview as overview_
from eventmail.errors import FieldError, InvalidInput
from eventmail.models import Event
from eventmail.web import access, intake
from eventmail.web.problems import Problem, shown_by
from eventmail.web.respond import as_json, page_out, respond, see_other, wants_json
from eventmail.web.schemas.events import EventIn, event_out

bp = Blueprint("events", __name__, url_prefix="/admin/events")


def _new_page(problem: Problem | None = None) -> Response:
    return respond(
        page="events/new.html",
        problem=problem,
        typed=request.form or {"timezone": events.usual_timezone(g.user)},
        timezones=sorted(events.TIMEZONES),
    )


@bp.get("")
def listing() -> Response:
    """The events this person sees, newest first."""
    newest = events.visible_to(g.user).order_by(Event.id.desc())
    page = paginate(newest, **intake.paging(), row=lambda row: row[0])
    return respond(page="events/list.html", events=page, json=lambda: page_out(page, event_out))


@bp.get("/new")
def new() -> Response:
    return _new_page()


@bp.post("")
@shown_by(_new_page)
def create() -> Any:
    body = intake.parse(EventIn)
    missing = [FieldError(n, "REQUIRED", "Please fill this in.") for n in ("title", "timezone") if not getattr(body, n)]
    if missing:
        raise InvalidInput("An event needs a title and a time zone.", fields=missing)
    event_id = events.create(body.values(), access.acting())
    where = url_for("events.overview", event_id=event_id)
    if wants_json():
        return as_json(event_out(access.event(event_id)), 201, {"Location": where})
    return see_other(where)


@bp.get("/<id:event_id>")
def overview(event_id: int) -> Response:
    event = access.event(event_id)
    if wants_json():
        return as_json(event_out(event))
    return respond(page="events/overview.html", facts=overview_.facts(event_id))


@bp.patch("/<id:event_id>")
def patch(event_id: int) -> Response:
    access.event(event_id)
    events.edit(event_id, intake.parse(EventIn).values(), access.acting())
    return as_json(event_out(access.event(event_id)))


def _settings_page(event_id: int, problem: Problem | None = None) -> Response:
    event = access.event(event_id)
    return respond(
        page="events/settings.html",
        problem=problem,
        typed=request.form or _typed(event),
        timezones=sorted(events.TIMEZONES),
        saved=request.args.get("saved") == "1",
    )


@bp.get("/<id:event_id>/settings")
def settings(event_id: int) -> Response:
    return _settings_page(event_id)


@bp.post("/<id:event_id>/settings")
@shown_by(_settings_page)
def save(event_id: int) -> Any:
    access.event(event_id)
    values = {"all_day": False, **intake.parse(EventIn).values()}  # an unticked box sends nothing
    events.edit(event_id, values, access.acting())
    return see_other(url_for("events.settings", event_id=event_id, saved=1))


def _typed(event: Event) -> dict[str, Any]:
    pattern = "%Y-%m-%dT%H:%M"
    return {
        **event_out(event),
        "starts_at": event.starts_wall.strftime(pattern) if event.starts_wall else "",
        "ends_at": event.ends_wall.strftime(pattern) if event.ends_wall else "",
    }
