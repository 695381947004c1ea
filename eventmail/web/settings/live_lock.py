"""Whether this database is the live one, and an owner's word that it is (H9)."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, g
from werkzeug.local import LocalProxy

from eventmail import tasks
from eventmail.db import fresh
from eventmail.domain.instance import live_lock, planned_in_copy
from eventmail.domain.people import users
from eventmail.web.core import access
from eventmail.web.core.context import is_live, settings
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json

NAMED = 10  # scheduled messages that the page names

bp = Blueprint("home", __name__, url_prefix="/admin/live")


@bp.get("")
def page(problem: Problem | None = None) -> Response:
    planned = () if is_live() else planned_in_copy.listed(fresh(), g.now)
    return respond(
        page="home/live.html",
        json=lambda: {"live": is_live()},
        problem=problem,
        live=is_live(),
        why=live_lock.SENTENCE,
        has_owner=LocalProxy(lambda: users.has_owner(fresh())),
        to_come=[each for each in planned if not each.past],
        past=[each for each in planned if each.past],
        named=NAMED,
    )


@bp.post("")
@shown_by(page)
def confirm() -> Any:
    """An owner says that this database is the live one. Mails that waited in the copy become doubtful."""
    left = live_lock.confirm(settings().database, access.acting())
    tasks.ring_due()  # what is to come may be due soon
    tasks.ring_account_mails()  # authors hear of what was missed
    if wants_json():
        return as_json({"live": True, "in_doubt": left.in_doubt, "missed": left.missed})
    flash(f"This is the live eventmail now.{_asks(left)}")
    current_app.logger.info("confirmed as the live database")
    return see_other("/admin/events")


def _asks(left: live_lock.Confirmed) -> str:
    """What somebody has to decide now."""
    mails = "1 mail that waited" if left.in_doubt == 1 else f"{left.in_doubt} mails that waited"
    asks = f" {mails} may have been sent before; open their messages and decide." if left.in_doubt else ""
    if not left.missed:
        return asks
    over = "1 scheduled message was" if left.missed == 1 else f"{left.missed} scheduled messages were"
    return f"{asks} {over} due before now and may have been sent; nothing of that leaves before somebody says so."
