"""Beside the composer: the merge fields, and the recipients who read a fallback or get no link (C1, C3, C8)."""

from typing import Any

from flask import Blueprint, Response, g, request

from eventmail import link_targets
from eventmail.content.editor_html import editor_html
from eventmail.db import Rows, fresh
from eventmail.db.paging import paginate
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import contents, dead_links, merge_values, preview_as
from eventmail.errors import InvalidInput
from eventmail.web.composer import fragments
from eventmail.web.core import intake
from eventmail.web.core.respond import page_out, respond
from eventmail.web.messaging.page import COMPOSER, context, typed
from eventmail.web.messaging.schemas import sample_out

bp = Blueprint("preview", __name__, url_prefix="/admin/events/<id:event_id>/messages")
COMPOSER.serves(bp)


@bp.post("/editor")
def editor(event_id: int) -> Response:
    """The body as the editor reads it (C5). Refuses what is too much to compile."""
    html = editor_html(request.form.get("body", ""), merge_values.fields(event_id))
    return Response(html, mimetype="text/html")


@bp.post("/fields")
def fields(event_id: int) -> Response:
    """The merge fields, each with the previewed guest's value and the number of recipients without one."""
    shown = context(typed())
    live, known = shown["live"], shown["fields"]
    lacking = preview_as.counts_without(live.audience, list(known), live.count) if live.count else {}
    return respond(page=g.composer.page, fragment="composer/_fields.html", lacking=lacking, **shown)


@bp.route("/fallbacks", methods=["GET", "POST"])
def fallbacks(event_id: int) -> Response:
    """The recipients who have no value for the merge field that `field` names (C3).

    The composer posts its whole form, since an address has no room for many guests picked by hand.
    """
    picked = audiences.checked(event_id, typed().audience, outside=fragments.terms().outside)
    name, known = request.args.get("field", ""), merge_values.fields(event_id)
    listed = preview_as.without(picked, name) if name in known else None
    return _list_of(listed, "Choose a merge field of guests, such as guest.firstName.", picked,
                    page="messages/fallbacks.html", field=known.get(name))  # fmt: skip


@bp.route("/dead-links", methods=["GET", "POST"])
def dead(event_id: int) -> Response:
    """The recipients for whom a link of the text in `body` that is made of `field` has a `fault` (C8)."""
    form = typed()
    picked = audiences.checked(event_id, form.audience, outside=fragments.terms().outside)
    name, known = request.args.get("field", ""), merge_values.fields(event_id)
    fault = request.args.get("fault", link_targets.NONE)
    compiled = contents.look(event_id, form.text).compiled
    listed = dead_links.with_fault(picked, compiled, known, name, fault) if name in known else None
    return _list_of(listed, "Choose a merge field of guests that stands in a link of the text.", picked,
                    page="messages/dead_links.html", field=known.get(name),
                    fault="" if fault == link_targets.NONE else fault)  # fmt: skip


def _list_of(listed: Rows | None, complaint: str, picked: Audience, *, page: str, **shown: Any) -> Response:
    """A page of the recipients that `listed` finds. Raises InvalidInput with `complaint` when it is None."""
    if listed is None:
        raise InvalidInput.at("field", "UNKNOWN_FIELD", complaint)
    guests = paginate(listed, **intake.paging(), row=lambda row: row[0])
    return respond(
        page=page,
        composer=g.composer,
        json=lambda: page_out(guests, sample_out),
        guests=guests,
        total=audiences.resolve(fresh(), picked).count,
        **shown,
    )
