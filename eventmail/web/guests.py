"""Guests: the list, one guest, import."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from eventmail.domain import guest_fields, guest_filters, guest_list, guests, imports
from eventmail.domain.guest_filters import Filter
from eventmail.errors import FieldError, InvalidInput
from eventmail.states import GuestStatus
from eventmail.web import access, intake
from eventmail.web.problems import Problem, shown_by
from eventmail.web.respond import as_json, page_out, respond, see_other, wants_json
from eventmail.web.schemas.guests import GuestIn, guest_out, report_out

bp = Blueprint("guests", __name__, url_prefix="/admin/events/<id:event_id>/guests")
ATTRIBUTE = "attribute:"  # what the form puts before the name of an imported column


@bp.get("")
def listing(event_id: int) -> Response:
    """The list; search, filter and page stand in the URL."""
    access.event(event_id)
    q, status = request.args.get("q", "").strip(), _filter()
    if wants_json():
        page = guest_list.listing(event_id, status, q, **intake.paging())
        return as_json(page_out(guest_list.detailed(event_id, page), guest_out))
    counts = guest_filters.counts(event_id, q)
    page = guest_list.listing(event_id, status, q, **intake.paging(), total=counts[status])

    def url_of(number: int = 1, narrowed: Filter = status, words: str = q) -> str:
        size = page.size if "per_page" in request.args else None
        wanted = None if narrowed is Filter.ALL else narrowed.value
        where = {"q": words or None, "status": wanted, "per_page": size, "page": number if number > 1 else None}
        return url_for(".listing", event_id=event_id, **where)  # type: ignore[arg-type]

    return respond(
        page="guests/list.html",
        fragment="guests/_table.html",
        guests=page,
        counts=counts,
        anybody=counts[Filter.ALL] > 0 or guest_list.has_any(event_id),
        q=q,
        chosen=status,
        filters=list(Filter),
        url_of=url_of,
    )


def _filter() -> Filter:
    word = request.args.get("status", "").strip() or Filter.ALL
    try:
        return Filter(word)
    except ValueError:
        message = "The status must be one of " + ", ".join(Filter) + "."
        raise InvalidInput(message, fields=[FieldError("status", "INVALID_STATUS", message)]) from None


def _new_page(event_id: int, problem: Problem | None = None) -> Response:
    access.event(event_id)
    return respond(
        page="guests/form.html",
        problem=problem,
        guest=None,
        typed=request.form,
        columns=_columns(event_id, request.form, {}),
        statuses=list(GuestStatus),
    )


@bp.get("/new")
def new(event_id: int) -> Response:
    return _new_page(event_id)


@bp.post("")
@shown_by(_new_page)
def create(event_id: int) -> Any:
    access.event(event_id)
    guest_id = guests.add(event_id, _body().values(), access.acting())
    if wants_json():
        where = url_for(".edit", event_id=event_id, guest_id=guest_id)
        return as_json(guest_out(guest_list.get(event_id, guest_id)), 201, {"Location": where})
    flash("The guest was added.")
    return see_other(url_for(".listing", event_id=event_id))


def _edit_page(event_id: int, guest_id: int, problem: Problem | None = None) -> Response:
    access.event(event_id)
    guest = guest_list.get(event_id, guest_id)
    saved = {**guest_out(guest), "tags": ", ".join(guest.tags)}
    return respond(
        page="guests/form.html",
        json=lambda: guest_out(guest),
        problem=problem,
        guest=guest,
        typed=request.form or saved,
        columns=_columns(event_id, request.form, guest.attributes),
        statuses=list(GuestStatus),
    )


@bp.get("/<id:guest_id>")
def edit(event_id: int, guest_id: int) -> Response:
    """One guest, as a form or as JSON."""
    return _edit_page(event_id, guest_id)


@bp.post("/<id:guest_id>")
@shown_by(_edit_page)
def save(event_id: int, guest_id: int) -> Any:
    access.event(event_id)
    guests.edit(event_id, guest_id, _body().values(), access.acting())
    flash("Saved.")
    return see_other(url_for(".edit", event_id=event_id, guest_id=guest_id))


@bp.patch("/<id:guest_id>")
def patch(event_id: int, guest_id: int) -> Response:
    access.event(event_id)
    guests.edit(event_id, guest_id, _body().values(), access.acting())
    return as_json(guest_out(guest_list.get(event_id, guest_id)))


@bp.delete("/<id:guest_id>")
def delete(event_id: int, guest_id: int) -> Any:
    access.event(event_id)
    guests.delete(event_id, guest_id, access.acting())
    return "", 204


@bp.get("/<id:guest_id>/deletion")
def deletion(event_id: int, guest_id: int) -> Response:
    """Asks before a guest is removed, and says what goes with them."""
    access.event(event_id)
    guest = guest_list.get(event_id, guest_id)
    return respond(page="guests/deletion.html", guest=guest, waiting=guests.waiting(event_id, guest_id))


@bp.post("/<id:guest_id>/deletion")
def remove(event_id: int, guest_id: int) -> Any:
    access.event(event_id)
    cancelled = guests.delete(event_id, guest_id, access.acting())
    mails = "1 waiting mail was cancelled" if cancelled == 1 else f"{cancelled} waiting mails were cancelled"
    flash(f"The guest was removed. {mails}." if cancelled else "The guest was removed.")
    return see_other(url_for(".listing", event_id=event_id))


def _import_page(event_id: int, problem: Problem | None = None) -> Response:
    access.event(event_id)
    return respond(page="guests/import.html", problem=problem, report=None, checked=False)


@bp.get("/import")
def import_(event_id: int) -> Response:
    return _import_page(event_id)


@bp.post("/import")
@shown_by(_import_page)
def run_import(event_id: int) -> Response:
    """Import a CSV file: the body itself (`text/csv`) or the field `file` of a form; the report is the answer."""
    access.event(event_id)
    by_form = request.mimetype == "multipart/form-data"
    dry_run = (request.form if by_form else request.args).get("dry_run", "") not in ("", "0", "false")
    report = imports.run(event_id, _form_file() if by_form else _csv_body(), access.acting(), dry_run)
    if not by_form:
        return as_json(report_out(report))
    return respond(
        page="guests/import.html",
        json=lambda: report_out(report),
        problem=None,
        report=report,
        checked=dry_run,
        columns=guests.columns(event_id),
    )


def _csv_body() -> bytes:
    if request.mimetype != "text/csv":
        raise InvalidInput("Send the file as the body with Content-Type: text/csv, or as the field “file” of a form.")
    return request.get_data()


def _form_file() -> bytes:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        message = "Choose a CSV file first."
        raise InvalidInput(message, fields=[FieldError("file", "REQUIRED", message)])
    return upload.read()


def _body() -> GuestIn:
    """The guest in this request; a form names attributes one by one and has its tags in one input."""
    if request.is_json:
        return intake.parse(GuestIn)
    values = intake.form_body(request.form)
    given = {name: values.pop(name) for name in list(values) if name.startswith(ATTRIBUTE)}
    if given:
        values["attributes"] = {name.removeprefix(ATTRIBUTE): text for name, text in given.items()}
    if "tags" in values:
        values["tags"] = guest_fields.split_tags(values["tags"])
    return intake.validated(GuestIn, values)


def _columns(event_id: int, typed: Any, saved: Any) -> list[tuple[str, str]]:
    """(column, text) for the form: as typed, else as saved."""
    return [(name, typed.get(ATTRIBUTE + name, saved.get(name, ""))) for name in guests.columns(event_id)]
