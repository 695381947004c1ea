"""One change of many guests, the ticked ones or all that match, and its undo."""

from typing import Any

from flask import Blueprint, flash, request, url_for

from eventmail import ids
from eventmail.domain.guests import bulk_change
from eventmail.errors import InvalidInput
from eventmail.states import ChangeKind
from eventmail.web.core import access, intake
from eventmail.web.core.problems import shown_by
from eventmail.web.core.respond import as_json, see_other, wants_json
from eventmail.web.guests.schemas import ChangeIn, ChangeOut, UndoneOut
from eventmail.web.guests.views import listing, searched

bp = Blueprint("guest_bulk", __name__, url_prefix="/admin/events/<id:event_id>/guests/changes")


@bp.post("")
@shown_by(listing)
def change(event_id: int) -> Any:
    body = intake.parse(ChangeIn, lists=frozenset({"guests"}))
    value = body.status if body.change is ChangeKind.STATUS else body.tag
    change_id = bulk_change.change(event_id, _chosen(body), body.change, value, access.acting())
    if not wants_json():
        return see_other(_back(event_id, changed=change_id))
    made, undo_url = bulk_change.get(event_id, change_id), url_for(".undo", event_id=event_id, change_id=change_id)
    answer = ChangeOut(id=str(change_id), picked=made.picked, changed=made.changed, undo=undo_url)
    return as_json(answer, 201, {"Location": undo_url})


@bp.post("/<id:change_id>/undo")
@shown_by(listing)
def undo(event_id: int, change_id: int) -> Any:
    done = bulk_change.undo(event_id, change_id, access.acting())
    if wants_json():
        return as_json(UndoneOut(restored=done.restored, left=done.left))
    back = "1 guest is" if done.restored == 1 else f"{done.restored} guests are"
    left = f" {done.left} changed or removed meanwhile: left as they are." if done.left else ""
    flash(f"Undone: {back} as before.{left}")
    return see_other(_back(event_id))


def _chosen(body: ChangeIn) -> bulk_change.Ticked | bulk_change.Everybody:
    if not body.all:
        return bulk_change.Ticked(tuple(row for guest in body.guests if (row := ids.row_id(guest))))
    if body.total is None:
        raise InvalidInput.at("total", "REQUIRED", "Say in “total” how many guests you expect to match.")
    q, status = searched()
    return bulk_change.Everybody(status, q, body.total)


def _back(event_id: int, **more: Any) -> str:
    """The address of the list with the filter, search and page of this request."""
    kept = {name: request.args[name] for name in ("q", "status", "page", "per_page") if name in request.args}
    return url_for("guests.listing", event_id=event_id, **kept | more)
