"""The health of this process, for monitors."""

import logging
import sqlite3
from typing import Any

from flask import Blueprint, Response, current_app, g
from sqlalchemy.exc import OperationalError

from eventmail import __version__
from eventmail.domain.instance import health as instance_health
from eventmail.sending import heartbeat
from eventmail.web.core.access import open_to_everyone
from eventmail.web.core.context import settings
from eventmail.web.core.respond import as_json
from eventmail.web.public import health as health_

bp = Blueprint("public", __name__)
log = logging.getLogger(__name__)


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
