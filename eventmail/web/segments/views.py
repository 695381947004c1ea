"""Segments: the list with live counts, the form with its rule, copy, removal."""

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
_WORDS: dict[str, Any] = {"ops": OPS, "labels": LABELS}
Row = dict[str, str]
_BLANK: Row = {"field": "", "op": "is", "value": ""}


@bp.get("")
def listing(event_id: int) -> Response:
    """The segments of the event by name, each with the number of its guests."""
    page = segments.listing(event_id, **intake.paging())
    return respond(page="segments/list.html", json=lambda: page_out(page, segment_out), segments=page, **_WORDS)


@bp.get("/new")
def new(event_id: int, problem: Problem | None = None) -> Response:
    return _form(event_id, None, _typed() if request.form else _saved(None, []), problem)


@bp.post("")
@shown_by(new)
def create(event_id: int) -> Any:
    segment_id = segments.create(event_id, _values(), access.acting())
    if wants_json():
        return _answer(event_id, segment_id, 201)
    flash(f"“{segments.get(event_id, segment_id).name}” was saved.")
    return see_other(url_for(".listing", event_id=event_id))


@bp.get("/<id:segment_id>")
def edit(event_id: int, segment_id: int, problem: Problem | None = None) -> Response:
    segment = segments.get(event_id, segment_id)
    if wants_json():
        return _answer(event_id, segment_id)
    typed, fingerprints = _kept(_saved(segment, segments.picked(segment_id)), problem)
    return _form(event_id, segment, typed, problem, fingerprints=fingerprints)


@bp.post("/<id:segment_id>")
@shown_by(edit)
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
    """The form as it is typed, with a row more or less, and the guests who would be in the segment."""
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
    """The part of a form where guests are picked by hand: those who are picked, and those whom the search finds."""
    hand = picking.hand(event_id, request.form.getlist("guests"), request.form.get("find", ""))
    return respond(page="segments/_picked.html", hand=hand)


@bp.post("/<id:segment_id>/copy")
def copy(event_id: int, segment_id: int) -> Any:
    made = segments.copy(event_id, segment_id, access.acting())
    flash("This is the copy. Change it as you like; the other one stays as it is.")
    return see_other(url_for(".edit", event_id=event_id, segment_id=made))


@bp.get("/<id:segment_id>/deletion")
def deletion(event_id: int, segment_id: int) -> Response:
    """Asks before a segment is removed, and names the messages that use it."""
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
    return as_json(segment_whole_out(found, segments.picked(segment_id), told, changes), status, headers)


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
        **_WORDS,
    )


def _shown(row: Row, known: Mapping[str, audience_rule.Field]) -> dict[str, Any]:
    """One row of the rule for the form, with the conditions that fit its field."""
    field = known.get(row["field"])
    fitting = audience_rule.FITTING[field.kind] if field else frozenset(audience_rule.Op)
    return {
        **row,
        "kind": field.kind.value if field else "",
        "ops": [(op, word) for op, word in OPS.items() if op in fitting],
        "bare": row["op"] in audience_rule.BARE,
    }


def _live(event_id: int, typed: dict[str, Any]) -> dict[str, Any]:
    """The guests of the segment as it is typed, or what is wrong with its rule."""
    rule, guests = _rule(typed), picking.rows(typed["guests"])
    try:
        read = audience_rule.parse(rule, segments.fields(event_id)) if rule else None
    except InvalidInput as error:
        return {"wrong": error.detail, "count": None, "samples": [], "told": []}
    count, samples = segments.live(event_id, read, guests)
    shown = count if rule or guests else None
    return {"wrong": "", "count": shown, "samples": samples, "told": rule_readings.told(event_id, read)}


def _values() -> dict[str, Any]:
    """The segment in this request, JSON or form."""
    if request.is_json:
        return intake.parse(SegmentIn).values()
    typed = _typed()
    return {"name": typed["name"], "rule": _rule(typed), "guests": typed["guests"]}


def _typed() -> dict[str, Any]:
    """The form as it was typed. Rows without a field stand last, since complaints name the others by their number."""
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


_PARTS = {"name": ("name",), "rule": ("match", "rows"), "guests": ("guests",)}  # the fields of a form for each part


def _kept(saved: dict[str, Any], problem: Problem | None) -> tuple[dict[str, Any], str]:
    """The values that the form of a segment shows, and its fingerprints, as `web.core.form_guard.form` has them."""
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
    """The rule of a form, None without a condition. A condition that takes no value gets none."""
    bare, rows = audience_rule.BARE, typed["rows"]
    parts = [{**row, "value": "" if row["op"] in bare else row["value"]} for row in rows if row["field"]]
    return {typed["match"]: parts} if parts else None
