"""Segments: the list with live counts, the rule builder, copy, removal."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail.domain import edit_guard
from eventmail.domain.audience import rule as audience_rule
from eventmail.domain.audience import rule_readings, segment_usage, segments
from eventmail.domain.audience.segments import Listed
from eventmail.errors import InvalidInput
from eventmail.web.composer import picking
from eventmail.web.core import access, form_guard, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, page_out, respond, see_other, wants_json
from eventmail.web.segments.schemas import SegmentIn, segment_out, segment_whole_out
from eventmail.web.words import state

bp = Blueprint("segments", __name__, url_prefix="/admin/events/<id:event_id>/segments")

OPS = {
    "is": "is", "is_not": "is not", "contains": "contains", "starts_with": "starts with", "is_empty": "is empty",
    "is_not_empty": "is not empty", "before": "is before (a date)", "after": "is after (a date)",
    "greater": "is greater than (a number)", "less": "is less than (a number)",
}  # fmt: skip
LABELS = {"status": "Status", "tag": "Tag", "first_name": "First name", "last_name": "Last name", "email": "Email"}
Row = dict[str, str]
_BLANK: Row = {"field": "", "op": "is", "value": ""}


@bp.get("")
def listing(event_id: int) -> Response:
    """Every segment of the event by name, with how many guests are in it now."""
    page = segments.listing(event_id, **intake.paging())
    return respond(page="segments/list.html", json=lambda: page_out(page, segment_out), segments=page, **_words())


@bp.get("/new")
def new(event_id: int) -> Response:
    return _new_page(event_id)


def _new_page(event_id: int, problem: Problem | None = None) -> Response:
    return _form(event_id, None, _typed() if request.form else _saved(None, []), problem)


@bp.post("")
@shown_by(_new_page)
def create(event_id: int) -> Any:
    segment_id = segments.create(event_id, _values(), access.acting())
    if wants_json():
        return _answer(event_id, segment_id, 201)
    flash(f"“{segments.get(event_id, segment_id).name}” was saved.")
    return see_other(url_for(".listing", event_id=event_id))


def _edit_page(event_id: int, segment_id: int, problem: Problem | None = None) -> Response:
    segment = segments.get(event_id, segment_id)
    if wants_json():
        return _answer(event_id, segment_id)
    typed, fingerprints = _kept(_saved(segment, segments.picked(segment_id)), problem)
    return _form(event_id, segment, typed, problem, fingerprints=fingerprints)


@bp.get("/<id:segment_id>")
def edit(event_id: int, segment_id: int) -> Response:
    """One segment, as a form or as JSON."""
    return _edit_page(event_id, segment_id)


@bp.post("/<id:segment_id>")
@shown_by(_edit_page)
def save(event_id: int, segment_id: int) -> Any:
    segments.edit(event_id, segment_id, _values(), access.acting(), fingerprints=request.form.get("seen", ""))
    flash(f"“{segments.get(event_id, segment_id).name}” was saved.")
    return see_other(url_for(".listing", event_id=event_id))


@bp.patch("/<id:segment_id>")
def patch(event_id: int, segment_id: int) -> Response:
    segments.edit(event_id, segment_id, _values(), access.acting())
    return _answer(event_id, segment_id)


@bp.delete("/<id:segment_id>")
def delete(event_id: int, segment_id: int) -> Any:
    segments.remove(event_id, segment_id, access.acting())
    return "", 204


@bp.post("/preview", defaults={"segment_id": None})
@bp.post("/<id:segment_id>/preview")
def preview(event_id: int, segment_id: int | None) -> Response:
    """The form again as it is typed, with a row more or less, and who would be in the segment. Nothing is stored."""
    segment = None if segment_id is None else segments.get(event_id, segment_id)
    typed = _typed()
    done, _, row = request.form.get("do", "").partition(":")
    if done == "add":
        typed["rows"].append(dict(_BLANK))
    elif done == "remove":
        typed["rows"] = [kept for number, kept in enumerate(typed["rows"]) if str(number) != row]
    return _form(event_id, segment, typed, fingerprints=request.form.get("seen", ""), done=done)


@bp.post("/guests")
def find(event_id: int) -> Response:
    """The guests a search finds, beside those who are picked already: the part of a form where guests are picked."""
    return respond(
        page="segments/_picked.html",
        hand=picking.hand(event_id, request.form.getlist("guests"), request.form.get("find", "")),
    )


@bp.post("/<id:segment_id>/copy")
def copy(event_id: int, segment_id: int) -> Any:
    made = segments.copy(event_id, segment_id, access.acting())
    flash("This is the copy. Change it as you like; the other one stays as it is.")
    return see_other(url_for(".edit", event_id=event_id, segment_id=made))


@bp.get("/<id:segment_id>/deletion")
def deletion(event_id: int, segment_id: int) -> Response:
    """Asks before a segment is removed, and says which messages it is used by."""
    segment = segments.get(event_id, segment_id)
    return respond(page="segments/deletion.html", segment=segment, users=segment_usage.used_by(event_id, segment_id))


@bp.post("/<id:segment_id>/deletion")
def remove(event_id: int, segment_id: int) -> Any:
    name = segments.remove(event_id, segment_id, access.acting())
    flash(f"The segment “{name}” was removed. Its guests are still on the list.")
    return see_other(url_for(".listing", event_id=event_id))


def _answer(event_id: int, segment_id: int, status: int = 200) -> Response:
    headers = {"Location": url_for(".edit", event_id=event_id, segment_id=segment_id)} if status == 201 else {}
    found = segments.get(event_id, segment_id)
    told, changes = rule_readings.of_segment(event_id, segment_id), rule_readings.changes(event_id, segment_id)
    whole = segment_whole_out(found, segments.picked(segment_id), told, changes)
    return as_json(whole, status, headers)


def _form(
    event_id: int,
    segment: Listed | None,
    typed: dict[str, Any],
    problem: Problem | None = None,
    *,
    fingerprints: str = "",
    done: str = "",
) -> Response:
    known = segments.fields(event_id)
    return respond(
        page="segments/form.html",
        problem=problem,
        segment=segment,
        users=segment_usage.used_by(event_id, segment.id) if segment else [],
        changes=rule_readings.changes(event_id, segment.id) if segment else None,
        typed=typed,
        seen=fingerprints,
        done=done,
        rows=[_shown(row, known) for row in typed["rows"] or [_BLANK]],
        fields=[("", "Choose …"), *((key, LABELS.get(key, field.name)) for key, field in known.items())],
        statuses=state.GUESTS,
        hand=picking.hand(event_id, typed["guests"], request.form.get("find", "")),
        live=_live(event_id, typed),
        **_words(),
    )


def _shown(row: Row, known: Mapping[str, audience_rule.Field]) -> dict[str, Any]:
    """One row of the rule as the form shows it: with the conditions that fit its field."""
    field = known.get(row["field"])
    fitting = audience_rule.FITTING[field.kind] if field else frozenset(audience_rule.Op)
    kind = field.kind.value if field else ""
    return {
        **row,
        "kind": kind,
        "ops": [(op, word) for op, word in OPS.items() if op in fitting],
        "bare": row["op"] in audience_rule.BARE,
    }


def _words() -> dict[str, Any]:
    return {"ops": OPS, "labels": LABELS}


def _live(event_id: int, typed: dict[str, Any]) -> dict[str, Any]:
    """Who is in it by what is typed so far, or what is missing for that."""
    rule, guests = _rule(typed), picking.rows(typed["guests"])
    try:
        read = audience_rule.parse(rule, segments.fields(event_id)) if rule else None
    except InvalidInput as error:
        return {"wrong": error.detail, "count": None, "samples": [], "told": []}
    count, samples = segments.live(event_id, read, guests)
    told = rule_readings.told(event_id, read)
    return {"wrong": "", "count": count if rule or guests else None, "samples": samples, "told": told}


def _values() -> dict[str, Any]:
    """The segment in this request, from JSON or from the form."""
    if request.is_json:
        return intake.parse(SegmentIn).values()
    typed = _typed()
    return {"name": typed["name"], "rule": _rule(typed), "guests": typed["guests"]}


def _typed() -> dict[str, Any]:
    """The form as it was typed; rows without a field stand last, so that complaints find the others by number."""
    form = request.form
    columns = (form.getlist(name) for name in _BLANK)
    rows = [dict(zip(_BLANK, cells, strict=True)) for cells in zip_longest(*columns, fillvalue="")]
    return {
        "name": form.get("name", ""),
        "match": "any" if form.get("match") == "any" else "all",
        "rows": sorted(rows[: 2 * audience_rule.MOST_CONDITIONS], key=lambda row: not row["field"]),
        "guests": [guest for guest in dict.fromkeys(form.getlist("guests")) if guest],
    }


def _saved(segment: Listed | None, guests: list[int]) -> dict[str, Any]:
    rule = segment.rule if segment and segment.rule else {"all": []}
    ((match, parts),) = rule.items()
    return {
        "name": segment.name if segment else "",
        "match": match,
        "rows": [{**_BLANK, **part} for part in parts],
        "guests": [str(guest) for guest in guests],
    }


_PARTS = {"name": ("name",), "rule": ("match", "rows"), "guests": ("guests",)}  # what a form has for each


def _kept(saved: dict[str, Any], problem: Problem | None) -> tuple[dict[str, Any], str]:
    """What the form of a segment shows, and its fingerprints; see `web.core.form_guard.form`."""
    now = edit_guard.fingerprints(_texts(saved), g.now)
    if not request.form:
        return saved, now
    typed, fingerprints = _typed(), request.form.get("seen", "")
    if not form_guard.overtaken(problem):
        return typed, fingerprints
    mine = edit_guard.changed(fingerprints, _texts(typed))
    return saved | {name: typed[name] for part in mine for name in _PARTS[part]}, now


def _texts(typed: dict[str, Any]) -> dict[str, str]:
    return segments.texts(typed["name"], _rule(typed), typed["guests"])


def _rule(typed: dict[str, Any]) -> dict[str, Any] | None:
    """The rule of a form; without a condition there is none. What takes no value has none, whatever stands there."""
    parts = [
        {**row, "value": "" if row["op"] in audience_rule.BARE else row["value"]}
        for row in typed["rows"]
        if row["field"]
    ]
    return {typed["match"]: parts} if parts else None
