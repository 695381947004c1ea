"""Erasing an address that is on no guest list any more, for owners."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail.domain.erasure import address
from eventmail.sending import forgetting
from eventmail.web.core import access, intake
from eventmail.web.core.context import settings
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import respond, see_other
from eventmail.web.guests.schemas import AddressErasureIn

bp = Blueprint("former", __name__, url_prefix="/admin/erasure")


def _ask(problem: Problem | None = None) -> Response:
    access.owner()
    typed = request.form.get("address", request.args.get("address", ""))
    return respond(page="people/erasure.html", problem=problem, typed=typed)


@bp.get("")
def asking() -> Response:
    """Says what goes and what stays, and asks for the address."""
    return _ask()


@bp.post("")
@shown_by(_ask)
def erase() -> Any:
    access.owner()
    address.erase(intake.parse(AddressErasureIn).address, access.acting())
    rest = "" if forgetting.finish(settings(), g.now) else " Files about it go within a minute, while the worker runs."
    flash(f"The address was erased.{rest} Backups made before keep the data until you delete them.")
    return see_other(url_for("people.listing"))
