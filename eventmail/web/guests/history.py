"""One guest's history."""

from flask import Blueprint, Response, g, url_for

from eventmail.domain.guests import listing
from eventmail.domain.outcomes import guest_history
from eventmail.domain.outcomes.guest_history import Changed, Moment
from eventmail.domain.outcomes.outcome_of import News, Story
from eventmail.models import Event
from eventmail.web.core import intake
from eventmail.web.core.context import instant
from eventmail.web.core.respond import page_out, respond
from eventmail.web.guests.schemas import MomentOut
from eventmail.web.words import log, outcome

bp = Blueprint("guest_history", __name__, url_prefix="/admin/events/<id:event_id>/guests/<id:guest_id>/history")


@bp.get("")
def history(event_id: int, guest_id: int) -> Response:
    """The guest's messages, what mail services reported about the guest, and changes of the guest."""
    event: Event = g.event
    guest = listing.get(event_id, guest_id)
    page = guest_history.history(event_id, guest, **intake.paging())
    return respond(
        page="guests/history.html",
        json=lambda: page_out(page, lambda moment: _out(moment, event)),
        guest=guest,
        moments=page,
        lines=[(moment, _kind(moment), _sentence(moment, event)) for moment in page.items],
        day=lambda at: outcome.day(at, event.zone),
        changes=log.changes,
        url_of=lambda number: url_for(
            ".history", event_id=event_id, guest_id=guest_id, page=number if number > 1 else None
        ),
    )


def _kind(moment: Moment) -> str:
    return {Story: "message", News: "report"}.get(type(moment.what), "change")


def _sentence(moment: Moment, event: Event) -> str:
    what = moment.what
    if isinstance(what, Story):
        return outcome.sentence(what, event.zone)
    if isinstance(what, News):
        return outcome.news(what)
    if isinstance(what, Changed):
        return outcome.changed(what, event.zone)
    return f"{what.actor} {log.sentence(what.action)}."


def _out(moment: Moment, event: Event) -> MomentOut:
    what = moment.what
    line: MomentOut = {"kind": _kind(moment), "at": instant(moment.at), "sentence": _sentence(moment, event)}
    if isinstance(what, Story):
        return {
            **line,
            "mailing": str(what.mailing_id), "subject": what.subject, "outcome": what.outcome, "reason": what.reason,
            "attempts": what.attempts, "request_ids": list(what.request_ids), "delivery": what.delivery,
            "provider": what.provider,
        }  # fmt: skip
    return line
