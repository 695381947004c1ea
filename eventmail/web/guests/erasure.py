"""What is known about a guest, to be handed over, and erasing it; both for owners."""

import json
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail.domain.erasure import disclosure as known_facts
from eventmail.domain.erasure import guest as erasure_guest
from eventmail.domain.guests import listing
from eventmail.sending import forgetting
from eventmail.web.core import access, intake
from eventmail.web.core.context import instant, settings
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json
from eventmail.web.guests.schemas import ErasedOut, ErasureIn

bp = Blueprint("erasure", __name__, url_prefix="/admin/events/<id:event_id>/guests/<id:guest_id>")


def _guest(event_id: int, guest_id: int) -> listing.Detailed:
    """The guest, for owners: what is not there is 404 for everybody."""
    guest = listing.get(event_id, guest_id)
    access.owner()
    return guest


@bp.get("/known")
def known(event_id: int, guest_id: int) -> Any:
    """Everything that is known, as a page, as JSON, or (`format=json`) as a file."""
    guest = _guest(event_id, guest_id)
    found = known_facts.of(event_id, guest_id, instant)
    download = request.args.get("format") == "json"
    if download or wants_json():
        erasure_guest.handed_out(event_id, guest_id, access.acting())
        if not download:
            return as_json(found)
        text = json.dumps(found, ensure_ascii=False, indent=2)
        name = {"Content-Disposition": f'attachment; filename="guest-{guest_id}.json"'}
        return Response(text, content_type="application/json; charset=utf-8", headers=name)
    sections = [(title, found[name]) for name, title in known_facts.titles()]
    return respond(page="guests/known.html", guest=guest, sections=sections)


def _ask(event_id: int, guest_id: int, problem: Problem | None = None) -> Response:
    guest = _guest(event_id, guest_id)
    return respond(
        page="guests/erasure.html", problem=problem, guest=guest, outlook=erasure_guest.outlook(event_id, guest_id)
    )


@bp.get("/erasure")
def asking(event_id: int, guest_id: int) -> Response:
    """Says what goes and what stays, and asks for the address to be typed."""
    return _ask(event_id, guest_id)


@bp.post("/erasure")
@shown_by(_ask)
def erase(event_id: int, guest_id: int) -> Any:
    _guest(event_id, guest_id)
    typed = intake.parse(ErasureIn).confirm
    cancelled = erasure_guest.erase(event_id, guest_id, typed, access.acting())
    finished = bool(forgetting.finish(settings(), g.now))
    if wants_json():
        answer: ErasedOut = {"cancelled": cancelled, "finished": finished}
        return as_json(answer)
    mails = {0: "No mail was waiting", 1: "1 waiting mail was cancelled"}.get(
        cancelled, f"{cancelled} waiting mails were cancelled"
    )
    rest = "" if finished else " Files about them go within a minute, while the worker runs."
    flash(f"The guest was erased. {mails}.{rest} Backups made before keep the data until you delete them.")
    return see_other(url_for("guests.listing", event_id=event_id))
