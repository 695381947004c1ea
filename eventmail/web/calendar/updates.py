"""The buttons for guests who have the event otherwise in a mail: write to them, or tell nobody."""

from typing import Any

from flask import Blueprint, flash, g, request, url_for

from eventmail.domain.mailings import calendar_updates
from eventmail.web.calendar.page import COMPOSER
from eventmail.web.core import access
from eventmail.web.core.problems import shown_by
from eventmail.web.core.respond import go_to
from eventmail.web.messaging import views

bp = Blueprint("calendar_updates", __name__, url_prefix="/admin/events/<id:event_id>/calendar/updates")
COMPOSER.serves(bp)


@bp.post("")
@shown_by(views.composer)
def begin(event_id: int) -> Any:
    """Open a draft to the guests who were told what the form names."""
    made = calendar_updates.begin(g.event, request.form.get("told", ""), access.acting())
    return go_to(url_for("calendar.watch", event_id=event_id, mailing_id=made))


@bp.post("/silence")
def be_quiet(event_id: int) -> Any:
    """Tell nobody of the change, or take that back."""
    quiet = request.form.get("quiet") != "no"
    calendar_updates.be_quiet(event_id, access.acting(), quiet=quiet)
    flash("Nobody is told of the change." if quiet else "The guests can be told of the change again.")
    where = "events.overview" if quiet else "calendar.compose"
    return go_to(url_for(where, event_id=event_id))
