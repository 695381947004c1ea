"""Whether this database is the live one, and an owner's word that it is (H9)."""

from typing import Any

from flask import Blueprint, Response, current_app, flash
from werkzeug.local import LocalProxy

from eventmail.db import fresh
from eventmail.domain.instance import live_lock
from eventmail.domain.people import users
from eventmail.web.core import access
from eventmail.web.core.context import is_live, settings
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json

bp = Blueprint("home", __name__, url_prefix="/admin/live")


@bp.get("")
def page(problem: Problem | None = None) -> Response:
    return respond(
        page="home/live.html",
        json=lambda: {"live": is_live()},
        problem=problem,
        live=is_live(),
        why=live_lock.SENTENCE,
        has_owner=LocalProxy(lambda: users.has_owner(fresh())),
    )


@bp.post("")
@shown_by(page)
def confirm() -> Any:
    """An owner says that this database is the live one. Mails that waited in the copy become doubtful."""
    doubtful = live_lock.confirm(settings().database, access.acting())
    if wants_json():
        return as_json({"live": True, "in_doubt": doubtful})
    mails = "1 mail that waited" if doubtful == 1 else f"{doubtful} mails that waited"
    asks = f" {mails} may have been sent before; open their messages and decide." if doubtful else ""
    flash(f"This is the live eventmail now.{asks}")
    current_app.logger.info("confirmed as the live database")
    return see_other("/admin/events")
