"""Guests: the list, one guest."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import ids
from eventmail.addresses import normalized
from eventmail.domain.guests import bulk_change, fields, filters, values
from eventmail.domain.guests import edit as guest_edit
from eventmail.domain.guests import listing as guest_listing
from eventmail.domain.guests.filters import Filter
from eventmail.domain.outcomes import why
from eventmail.errors import NotFound
from eventmail.states import GuestStatus
from eventmail.web.core import access, form_guard, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, page_out, respond, see_other, wants_json
from eventmail.web.guests.schemas import GuestIn, guest_out
from eventmail.web.words import outcome

bp = Blueprint("guests", __name__, url_prefix="/admin/events/<id:event_id>/guests")
ATTRIBUTE = "attribute:"  # what the form puts before the name of an imported column


@bp.get("")
def listing(event_id: int, problem: Problem | None = None, **_values: int) -> Response:
    """The list. Filter, search and page stand in its URL and in that of the form that changes many guests."""
    q, status = searched()
    if wants_json():
        found = guest_listing.listing(event_id, status, q, **intake.paging())
        return as_json(page_out(guest_listing.detailed(event_id, found), guest_out))
    counts = filters.counts(event_id, q)
    page = guest_listing.listing(event_id, status, q, **intake.paging(), total=counts[status])

    def url_of(
        number: int = 1, narrowed: Filter = status, words: str = q, to: str = "guests.listing", **more: Any
    ) -> str:
        size = page.size if "per_page" in request.args else None
        wanted = None if narrowed is Filter.ALL else narrowed.value
        where = {"q": words or None, "status": wanted, "per_page": size, "page": number if number > 1 else None}
        return url_for(to, event_id=event_id, **{**where, **more})

    return respond(
        page="guests/list.html",
        fragment="guests/_table.html",
        problem=problem,
        guests=page,
        counts=counts,
        anybody=counts[Filter.ALL] > 0 or guest_listing.has_any(event_id),
        q=q,
        chosen=status,
        filters=list(Filter),
        url_of=url_of,
        made=_made(event_id),
        ticked=set(request.form.getlist("guests")),
    )


def searched() -> tuple[str, Filter]:
    """The search and the filter in the URL. Raises InvalidInput for a filter that does not exist."""
    return request.args.get("q", "").strip(), intake.chosen("status", Filter) or Filter.ALL


def _made(event_id: int) -> dict[str, Any] | None:
    """The change of many guests that the URL names. It stands there so that its undo survives a reload."""
    change_id = ids.row_id(request.args.get("changed", ""))
    if change_id is None:
        return None
    try:
        change = bulk_change.get(event_id, change_id)
    except NotFound:
        return None
    return {"change": change, "undoable": bulk_change.can_be_undone(change, g.now)}


@bp.get("/new")
def new(event_id: int, problem: Problem | None = None) -> Response:
    return respond(
        page="guests/form.html",
        problem=problem,
        guest=None,
        typed=request.form,
        columns=[(name, request.form.get(ATTRIBUTE + name, "")) for name in guest_edit.columns(event_id)],
        statuses=list(GuestStatus),
    )


@bp.post("")
@shown_by(new)
def create(event_id: int) -> Any:
    guest_id = guest_edit.add(event_id, _body().values(), access.acting())
    if wants_json():
        where = url_for(".edit", event_id=event_id, guest_id=guest_id)
        return as_json(guest_out(guest_listing.get(event_id, guest_id)), 201, {"Location": where})
    flash("The guest was added.")
    return see_other(url_for(".listing", event_id=event_id))


@bp.get("/<id:guest_id>")
def edit(event_id: int, guest_id: int, problem: Problem | None = None) -> Response:
    guest = guest_listing.get(event_id, guest_id)
    columns = guest_edit.columns(event_id)
    saved = dict.fromkeys((ATTRIBUTE + name for name in columns), "") | values.texts(guest_out(guest))
    typed, fingerprints = form_guard.form(saved, request.form, problem, _plain)
    return respond(
        page="guests/form.html",
        json=lambda: guest_out(guest),
        problem=problem,
        guest=guest,
        sharers=guest_listing.sharers(event_id, guest_id) if guest.sharers else [],
        typed=typed,
        seen=fingerprints,
        columns=[(name, typed.get(ATTRIBUTE + name, "")) for name in columns],
        statuses=list(GuestStatus),
    )


@bp.post("/<id:guest_id>")
@shown_by(edit)
def save(event_id: int, guest_id: int) -> Any:
    before = guest_listing.get(event_id, guest_id)
    guest_edit.edit(event_id, guest_id, _body().values(), access.acting(), fingerprints=request.form.get("seen", ""))
    flash("Saved.")
    if said := _left_behind(event_id, before.email, guest_listing.get(event_id, guest_id).email):
        flash(said, "warn")
    return see_other(url_for(".edit", event_id=event_id, guest_id=guest_id))


def _left_behind(event_id: int, old: str | None, new: str | None) -> str:
    """The warning that an address stays on the do-not-mail list although its guest has another one; "" without need."""
    moved = old and (not new or normalized(old) != normalized(new))
    stays = why.on_list(event_id, old) if moved else ()
    return outcome.left_behind(old, stays, new, why.on_list(event_id, new)) if old and stays else ""


@bp.patch("/<id:guest_id>")
def patch(event_id: int, guest_id: int) -> Response:
    guest_edit.edit(event_id, guest_id, _body().values(), access.acting())
    return as_json(guest_out(guest_listing.get(event_id, guest_id)))


@bp.delete("/<id:guest_id>")
def delete(event_id: int, guest_id: int) -> Any:
    guest_edit.delete(event_id, guest_id, access.acting())
    return "", 204


@bp.get("/<id:guest_id>/deletion")
def deletion(event_id: int, guest_id: int) -> Response:
    """Asks before a guest is removed, and says how many mails wait for the guest."""
    guest = guest_listing.get(event_id, guest_id)
    return respond(page="guests/deletion.html", guest=guest, waiting=guest_edit.waiting(event_id, guest_id))


@bp.post("/<id:guest_id>/deletion")
def remove(event_id: int, guest_id: int) -> Any:
    cancelled = guest_edit.delete(event_id, guest_id, access.acting())
    mails = {0: "", 1: " 1 waiting mail was cancelled."}
    flash("The guest was removed." + mails.get(cancelled, f" {cancelled} waiting mails were cancelled."))
    return see_other(url_for(".listing", event_id=event_id))


def _body() -> GuestIn:
    """The guest in this request. A form names each attribute apart and has all tags in one input."""
    if request.is_json:
        return intake.parse(GuestIn)
    form = intake.form_body(request.form)
    given = {name: form.pop(name) for name in list(form) if name.startswith(ATTRIBUTE)}
    if given:
        form["attributes"] = {name.removeprefix(ATTRIBUTE): text for name, text in given.items()}
    if "tags" in form:
        form["tags"] = fields.split_tags(form["tags"])
    return intake.validated(GuestIn, form)


def _plain(name: str, text: str) -> str:
    """The text of one field, in the form that is stored."""
    text = text.replace("\r\n", "\n").strip()
    return ", ".join(fields.split_tags(text)) if name == "tags" else text
