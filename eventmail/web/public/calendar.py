"""The calendar file of an event for guests, and the health of this process for monitors; both without signing in."""

import hashlib
import logging
import sqlite3
from typing import Any

from flask import Blueprint, Response, current_app, g, make_response, request
from sqlalchemy.exc import OperationalError

from eventmail import __version__, ids, signing
from eventmail.content import ics
from eventmail.db import fresh
from eventmail.domain.instance import health as instance_health
from eventmail.domain.mailings import merge_values
from eventmail.domain.people import throttle
from eventmail.errors import BadSignature, NotFound
from eventmail.models import Event, User
from eventmail.sending import heartbeat
from eventmail.web.core import access
from eventmail.web.core.access import open_to_everyone
from eventmail.web.core.context import settings
from eventmail.web.core.respond import as_json
from eventmail.web.public import health as health_

bp = Blueprint("public", __name__)
log = logging.getLogger(__name__)


@bp.get("/calendar/<signed>.ics")
@bp.get("/calendar/<signed>.ics<tail:_tail>")
@open_to_everyone
def calendar_file(signed: str, _tail: str = "") -> Response:
    """The event's own calendar file. A changed address is 403, a missing event 404 (K3).

    Too many wrong addresses from one network are 429. A right address always passes, since many share a network.
    """
    number, _, signature = signed.partition("-")  # a signature may hold hyphens, too
    event = fresh().get(Event, ids.row_id(number) or 0)
    if event is None or not signing.verify(
        settings().secret, signature, merge_values.CALENDAR, event.id, event.ics_secret
    ):
        throttle.note({throttle.CALENDAR: access.network()}, access.acting())
        raise NotFound if event is None else BadSignature
    if event.starts_wall is None:
        raise NotFound("The time of this event is not set yet. Try again later.")
    author = fresh().get(User, event.created_by) if event.created_by else None
    name, email = merge_values.sender(event, author)
    return _file(ics.event_file(merge_values.calendar_facts(event), name, email or settings().sender))


def _file(data: bytes) -> Response:
    """A calendar file, or 304 for who has these very bytes. There is no Last-Modified: the sender's name may change."""
    answer = make_response(data)
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["Content-Disposition"] = 'attachment; filename="event.ics"'
    answer.headers["Cache-Control"] = "private, no-cache"  # kept, but asked about each time
    answer.set_etag(hashlib.sha256(data).hexdigest()[:32])
    answer.make_conditional(request)
    return answer


@bp.get("/healthz")
@open_to_everyone
def health() -> Response:
    """200 while this process can read and write its database, else 503. A missing worker shows in the body alone.

    Strangers learn no more. A token, or a program on this box, gets everything.
    """
    works, more = current_app.extensions["write_check"].works(g.now), {}
    if (g.by_token and g.user) or health_.from_this_box():
        try:
            more = _more() if works else {}
        except OperationalError as error:  # the database broke after the write check
            log.error("the database refused: %s", error.orig)
            works = False
        more["database"] = "ok" if works else "unavailable"
    known = {"status": "ok" if works else "unavailable", "instance": settings().instance.name, "dry_run": True}
    return as_json(known | more, 200 if works else 503)


def _more() -> dict[str, Any]:
    age = heartbeat.age(g.now)
    worker_age = None if age is None else round(age, 1)
    backlog = instance_health.backlog(g.now)
    return {"version": __version__, "queue": _rings(), "worker_age_s": worker_age, "due_backlog": backlog}


def _rings() -> int | None:
    """The number of rings that wait for the worker, None when their file can't be read: mails leave later then."""
    try:
        return len(current_app.extensions["huey"])
    except sqlite3.Error:
        log.exception("the queue can not be read")
        return None
