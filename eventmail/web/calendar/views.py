"""Writing a calendar mail: the views of a message at addresses of their own, and the event's links as JSON."""

from flask import Blueprint, Response, g

from eventmail.web.calendar.page import COMPOSER, links
from eventmail.web.core.respond import as_json, wants_json
from eventmail.web.messaging import on_another_page, views

bp = Blueprint("calendar", __name__, url_prefix="/admin/events/<id:event_id>/calendar")
on_another_page.serve(COMPOSER, bp)
bp.add_url_rule("/review", "review", views.review, methods=("POST",))
bp.add_url_rule("", "send", views.send, methods=("POST",))
bp.add_url_rule("/<id:mailing_id>", "watch", views.watch)


@bp.get("")
def compose(event_id: int) -> Response:
    """The event's links (JSON); or the page with them and the newest draft of this person, else an empty message."""
    return as_json(links(g.event)) if wants_json() else views.new_message(event_id)
