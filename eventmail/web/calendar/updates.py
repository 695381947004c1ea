"""Guests who have the event otherwise in a mail: who they are (JSON), a draft to them, or that nobody is told."""

from typing import Any

from flask import Blueprint, flash, g, url_for

from eventmail.domain.mailings import calendar_updates
from eventmail.web.calendar.page import COMPOSER
from eventmail.web.calendar.schemas import BeginIn, SilenceIn, outdated_out
from eventmail.web.core import access, intake
from eventmail.web.core.problems import shown_by
from eventmail.web.core.respond import as_json, go_to, see_other, wants_json
from eventmail.web.messaging import views

bp = Blueprint("calendar_updates", __name__, url_prefix="/admin/events/<id:event_id>/calendar/updates")
COMPOSER.serves(bp)


@bp.get("")
def listing(event_id: int) -> Any:
    """The groups of guests (JSON). Their page is that of calendar mails."""
    if not wants_json():
        return see_other(url_for("calendar.compose", event_id=event_id))
    return _listed()


@bp.post("")
@shown_by(views.composer)
def begin(event_id: int) -> Any:
    """Open a draft to the guests who were told what the request names."""
    made = calendar_updates.begin(g.event, intake.parse(BeginIn).told, access.acting())
    where = url_for("calendar.watch", event_id=event_id, mailing_id=made)
    return as_json({"mailing": str(made)}, 201, {"Location": where}) if wants_json() else go_to(where)


@bp.post("/silence")
@shown_by(views.composer)
def be_quiet(event_id: int) -> Any:
    """Tell nobody of the change, or take that back."""
    quiet = intake.parse(SilenceIn).quiet
    calendar_updates.be_quiet(event_id, access.acting(), quiet=quiet)
    if wants_json():
        return _listed()
    flash("Nobody is told of the change." if quiet else "The guests can be told of the change again.")
    where = "events.overview" if quiet else "calendar.compose"
    return go_to(url_for(where, event_id=event_id))


def _listed() -> Any:
    groups = calendar_updates.outdated(g.event, g.now)
    return as_json({"items": [outdated_out(group) for group in groups], "quiet": calendar_updates.is_quiet(g.event)})
