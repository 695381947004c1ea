"""The buttons of a scheduled message: cancel, write anew, take the time of the moved event, send a missed one now."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, g, request, url_for
from werkzeug.wrappers import Response

from eventmail import ids, tasks
from eventmail.domain.mailings import control, schedule
from eventmail.errors import InvalidInput
from eventmail.web.composer import fragments
from eventmail.web.core import access
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import see_other
from eventmail.web.messaging import views
from eventmail.web.scheduling.page import COMPOSER
from eventmail.web.words import schedule as words
from eventmail.web.words import when

bp = Blueprint("schedule", __name__, url_prefix="/admin/events/<id:event_id>/scheduled")
COMPOSER.serves(bp)


def _listed(event_id: int, mailing_id: int, problem: Problem) -> Any:
    """The page that a refused button shows: the list as it is by now."""
    return views.composer(event_id, problem)


@bp.post("/<id:mailing_id>/cancellation")
@shown_by(_listed)
def cancel(event_id: int, mailing_id: int) -> Response:
    """Cancel a message before it begins to leave (H4, S6)."""
    flash(words.cancelled(control.cancel(event_id, mailing_id, access.acting())))
    return _list(event_id)


@bp.post("/<id:mailing_id>/draft")
@shown_by(_listed)
def reopen(event_id: int, mailing_id: int) -> Response:
    """Cancel a message that cannot be changed any more, and open its text as a new draft (H3)."""
    made = schedule.reopen(event_id, mailing_id, access.acting())
    flash("The scheduled message was cancelled, nothing of it leaves. Its text is a new draft here.")
    return see_other(url_for("scheduling.watch", event_id=event_id, mailing_id=made))


@bp.post("/<id:mailing_id>/time")
@shown_by(_listed)
def accept(event_id: int, mailing_id: int) -> Response:
    """Take the time that the message has since the event moved, as it was seen (H6a)."""
    time = schedule.accept(event_id, mailing_id, fragments.terms(), access.acting(), _seen())
    tasks.ring_due()
    flash(f"The message goes out {when.full(time.at, g.event.zone)} now.")
    return _list(event_id)


@bp.post("/<id:mailing_id>/start")
@shown_by(_listed)
def start(event_id: int, mailing_id: int) -> Response:
    """Send a missed message now, to as many people as the button said (H6)."""
    people = ids.row_id(request.form.get("people", ""))
    tasks.ring(control.retry(event_id, mailing_id, fragments.terms(), access.acting(), people=people))
    return _list(event_id)


def _list(event_id: int) -> Response:
    return see_other(url_for("scheduling.compose", event_id=event_id))


def _seen() -> datetime:
    try:
        return datetime.strptime(request.form.get("seen", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput.at("seen", "INVALID_TIME", "The form came without the time that it showed.") from None
