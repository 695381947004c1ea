"""Disclosing and erasing everything that is known about a guest; for owners."""

import json
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail.domain.erasure import address, disclosure
from eventmail.domain.erasure import guest as erasure_guest
from eventmail.domain.guests import listing
from eventmail.sending import erased_mails
from eventmail.web.core import access, intake
from eventmail.web.core.context import instant, settings
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json
from eventmail.web.guests.schemas import AddressErasureIn, ErasedOut, ErasureIn

bp = Blueprint("erasure", __name__, url_prefix="/admin/events/<id:event_id>/guests/<id:guest_id>")
former = Blueprint("former", __name__, url_prefix="/admin/erasure")  # of guests who were removed before


def _guest(event_id: int, guest_id: int) -> listing.Detailed:
    """The guest. Raises NotFound before RoleTooLow, so a missing guest is 404 for everybody."""
    guest = listing.get(event_id, guest_id)
    access.owner()
    return guest


@bp.get("/known")
def known(event_id: int, guest_id: int) -> Any:
    """Everything that is known, as a page, as JSON, or with `format=json` as a file."""
    guest = _guest(event_id, guest_id)
    found = disclosure.of(event_id, guest_id, instant)
    download = request.args.get("format") == "json"
    if download or wants_json():
        erasure_guest.handed_out(event_id, guest_id, access.acting())
        if not download:
            return as_json(found)
        text = json.dumps(found, ensure_ascii=False, indent=2)
        name = {"Content-Disposition": f'attachment; filename="guest-{guest_id}.json"'}
        return Response(text, content_type="application/json; charset=utf-8", headers=name)
    sections = [(title, found[name]) for name, title in disclosure.titles()]
    return respond(page="guests/known.html", guest=guest, sections=sections)


@bp.get("/erasure")
def asking(event_id: int, guest_id: int, problem: Problem | None = None) -> Response:
    """Says what goes and what stays, and asks for the guest's address to be typed."""
    guest, outlook = _guest(event_id, guest_id), erasure_guest.outlook(event_id, guest_id)
    return respond(page="guests/erasure.html", problem=problem, guest=guest, outlook=outlook)


@bp.post("/erasure")
@shown_by(asking)
def erase(event_id: int, guest_id: int) -> Any:
    _guest(event_id, guest_id)
    typed = intake.parse(ErasureIn).confirm
    cancelled = erasure_guest.erase(event_id, guest_id, typed, access.acting())
    finished = bool(erased_mails.finish(settings(), g.now))
    if wants_json():
        return as_json(ErasedOut(cancelled=cancelled, finished=finished))
    few = {0: "No mail was waiting", 1: "1 waiting mail was cancelled"}
    mails = few.get(cancelled, f"{cancelled} waiting mails were cancelled")
    flash(f"The guest was erased. {mails}.{_rest('them', finished)} {_BACKUPS}")
    return see_other(url_for("guests.listing", event_id=event_id))


@former.get("", endpoint="asking")
def asking_by_address(problem: Problem | None = None) -> Response:
    """Says what goes and what stays, and asks for an address that is on no guest list now."""
    access.owner()
    typed = request.form.get("address", request.args.get("address", ""))
    return respond(page="people/erasure.html", problem=problem, typed=typed)


@former.post("", endpoint="erase")
@shown_by(asking_by_address)
def erase_address() -> Any:
    access.owner()
    address.erase(intake.parse(AddressErasureIn).address, access.acting())
    finished = bool(erased_mails.finish(settings(), g.now))
    flash(f"The address was erased.{_rest('it', finished)} {_BACKUPS}")
    return see_other(url_for("people.listing"))


_BACKUPS = "Backups made before keep the data until you delete them."


def _rest(whom: str, finished: bool) -> str:
    return "" if finished else f" Files about {whom} go within a minute, while the worker runs."
