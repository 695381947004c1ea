"""The list of designs, a new one, and the page of one (D1, D2, D5)."""

from dataclasses import astuple
from typing import Any

from flask import Blueprint, Response, flash, g, make_response, render_template, request, url_for

from eventmail import ids
from eventmail.db import fresh
from eventmail.db.paging import Page
from eventmail.domain.designs import edit, listing, presence
from eventmail.domain.designs.edit import DesignVersion
from eventmail.domain.designs.listing import State
from eventmail.errors import DesignArchived, StaleRevision
from eventmail.states import MessageType
from eventmail.web.composer import test_result
from eventmail.web.composer.form import ComposerForm
from eventmail.web.core import access, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, go_to, page_out, respond, see_other, wants_fragment, wants_json
from eventmail.web.designs import addresses, page
from eventmail.web.designs.row_actions import RowActions
from eventmail.web.designs.schemas import DesignIn, DesignPatch, design_out, one_out
from eventmail.web.messaging import page as composing
from eventmail.web.messaging import preview as message_preview
from eventmail.web.messaging import views as message_views

bp = Blueprint("designs", __name__, url_prefix="/admin/events/<id:event_id>/email-templates")
page.serve(bp)

ONE = "/<id:design_id>"
# the views behind the composer's fragments, below the address of the design
for rule, name, view, methods in (
    ("/live", "preview", message_views.preview, ["POST"]),
    ("/previews/<id:content_id>", "mail", message_views.mail, ["GET"]),
    ("/editor", "editor", message_preview.editor, ["POST"]),
    ("/fields", "fields", message_preview.fields, ["POST"]),
    ("/fallbacks", "fallbacks", message_preview.fallbacks, ["GET", "POST"]),
    ("/dead-links", "dead_links", message_preview.dead, ["GET", "POST"]),
):
    bp.add_url_rule(ONE + rule, name, view, methods=methods)


@bp.get("")
def listed(event_id: int, problem: Problem | None = None) -> Response:
    """The designs of the event by name, filtered as the address says (D2)."""
    filters = addresses.filters()
    counts = listing.counts(event_id, filters)
    found: Page[edit.Shown] = listing.listing(
        event_id, filters, **intake.paging(), total=counts.by_state[filters.state]
    )
    ids_here = [shown.id for shown in found.items]
    tests = listing.last_tests(ids_here)
    if wants_json():
        return as_json(page_out(found, lambda shown: design_out(shown, tests.get(shown.id))))
    answer = respond(
        page="designs/list.html",
        fragment="designs/_found.html",
        problem=problem,
        key=ids.token(24),
        designs=found,
        tests=tests,
        named=listing.named(ids_here),
        filters=filters,
        counts=counts,
        states_of_designs=tuple(State),
        types=tuple(MessageType),
        address=addresses.narrowed,
        url_of=addresses.numbered,
        row_actions=RowActions(),
        address_of_row=addresses.of_row,
        place=addresses.place(),
    )
    if wants_fragment():
        answer.headers["HX-Push-Url"] = addresses.numbered(found.number)
    return answer


@bp.get("/new")
def new(event_id: int, problem: Problem | None = None) -> Response:
    """The form that makes a design."""
    return respond(page="designs/new.html", problem=problem, key=ids.token(24), typed=request.form)


@bp.post("")
@shown_by(new)
def create(event_id: int) -> Any:
    """Make a design: its draft, published by nobody yet."""
    body = intake.parse(DesignIn)
    design_id, before = edit.create(event_id, body.model_dump(), access.acting(), key=intake.idempotency_key() or "")
    where = url_for("designs.detail", event_id=event_id, design_id=design_id)
    if not wants_json():
        return see_other(where)
    again = {"Idempotent-Replayed": "true"} if before else {}
    return as_json(one_out(edit.find(event_id, design_id)), 201, {"Location": where, **again})


@bp.get(ONE)
def detail(event_id: int, problem: Problem | None = None, **shown: Any) -> Response:
    """The design: its draft in the composer, beside what is published."""
    if wants_json():
        return as_json(one_out(g.design))
    refused = problem is not None and isinstance(problem.error, StaleRevision | DesignArchived)
    stale = refused and "body" in request.form
    form = page.typed()
    return page.answer(
        form,
        problem=problem,
        refused=stale,
        theirs=page.theirs(form) if stale else None,
        tested=test_result.again(event_id, request.args.get("tested", "")),
        **shown,
    )


@bp.patch(ONE)
def patch(event_id: int) -> Response:
    """Change the draft at the revision it was read at (JSON)."""
    body = intake.parse(DesignPatch)
    edit.save(event_id, g.design_id, DesignVersion(body.revision), body.changes(), access.acting())
    page.reload()
    return as_json(one_out(g.design))


@bp.post(ONE + "/draft")
@shown_by(detail)
def save(event_id: int) -> Any:
    """Save what is on the page (D5). The page asks for it while somebody writes, and by its button."""
    form = page.typed()
    try:
        keep(form)
    except (StaleRevision, DesignArchived) as error:
        if wants_fragment():
            return page.refused(error, composing.context(form) | {"theirs": page.theirs(form)})
        raise
    if not wants_fragment():
        flash("The draft is saved. What is published stays as it is.")
        return see_other(url_for("designs.detail", event_id=event_id))
    return make_response(render_template("designs/_saved.html", **composing.context(form)))


def keep(form: ComposerForm) -> None:
    """Save the page as the draft. A blank name keeps the one there is, so that no text is lost for it."""
    changes = {**page.fields(), "subject": form.text.subject, "preheader": form.text.preheader, "body": form.text.body}
    if not changes["name"].strip():
        del changes["name"]
    edit.save(g.event.id, g.design_id, page.version(form), changes, access.acting())
    page.reload()


@bp.post(ONE + "/draft/copies", endpoint="copy")
@shown_by(detail)
def copy_mine(event_id: int) -> Any:
    """Keep what is on the page as a design of its own, and leave the other one alone (D5)."""
    form = page.typed()
    subject, preheader, body = astuple(form.text)
    values = {**page.fields(), "subject": subject, "preheader": preheader, "body": body}
    name = values["name"].strip() or (g.design.name if g.design else "Without a name")
    values["name"] = f"{name} (my text)"[: edit.LONGEST_NAME] if g.design else name
    made = edit.keep_apart(event_id, g.design_id, form.before.page, values, access.acting())
    flash("Your text is a design of its own now. The other one stayed as it was.")
    return go_to(url_for("designs.detail", event_id=event_id, design_id=made))


@bp.post(ONE + "/presence")
def present(event_id: int) -> Response:
    """Who else has the design open, and whether it was saved from elsewhere since the page was read."""
    form = page.typed()
    names = presence.others(event_id, g.design_id, form.before.page, access.acting())
    overtaken = not edit.is_unchanged(fresh(), g.design_id, page.version(form))
    return respond(page="designs/_presence.html", others=names, design=g.design, overtaken=overtaken)
