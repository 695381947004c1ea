"""The page of one design: its composer, without an audience, and what stands beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, g, make_response, render_template, request, url_for
from werkzeug.local import LocalProxy

from eventmail import ids
from eventmail.content.differences import Piece, by_words
from eventmail.db import fresh
from eventmail.domain.designs import edit, lifecycle, listing
from eventmail.domain.designs.edit import DesignVersion, Published, Shown
from eventmail.domain.mailings import contents
from eventmail.domain.mailings.contents import Text
from eventmail.errors import DomainError, NotFound, StaleRevision
from eventmail.web.composer.draft import OnPage, Theirs
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.page import Composer, Prefix, Urls
from eventmail.web.core.problems import Problem
from eventmail.web.core.respond import respond, wants_fragment
from eventmail.web.messaging import page as composing

_DELETED = (
    "This design was deleted while you had it open. What you wrote since was not saved: keep it as a design of its own."
)
PARTS = (("Subject", "subject"), ("Preview text", "preheader"), ("Message", "body"))


class Keeping:
    """The draft of the design of `g`, as the composer keeps it."""

    def on_page(self, event_id: int, form: ComposerForm) -> OnPage:
        """The draft under the form; the revision that was read, once somebody has typed."""
        shown: Shown = g.design
        read = version(form)
        here = url_for("designs.detail", event_id=event_id, design_id=shown.id)
        revision = read.revision if read.page and not g.get("saved") else shown.revision
        return OnPage(str(shown.id), revision, read.page or ids.token(16), shown, here)

    def changes(self, event_id: int, form: ComposerForm) -> Sequence[Piece]:
        """The pieces that guests read otherwise than when the draft was saved."""
        shown: Shown = g.design
        return contents.changes_of_reading(event_id, shown.text, shown.dialect) if form.text == shown.text else ()


def version(form: ComposerForm) -> DesignVersion:
    """The version of the design that a form was read at."""
    return DesignVersion(form.before.revision, form.before.page)


def serve(blueprint: Blueprint) -> None:
    """Load the design of a request to `blueprint` as `g.design`; its addresses name that design by themselves."""

    @blueprint.url_value_preprocessor
    def _take(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.design_id = (values or {}).pop("design_id", None)

    @blueprint.url_defaults
    def _name(endpoint: str, values: dict[str, Any]) -> None:
        needed = current_app.url_map.is_endpoint_expecting(endpoint, "design_id")
        if needed and g.get("design_id"):
            values.setdefault("design_id", g.design_id)

    @blueprint.before_request
    def _load() -> None:
        g.warning_test = f"{Prefix.DESIGN}-warning"
        try:
            g.design = edit.find(g.event.id, g.design_id) if g.design_id else None
        except NotFound:
            if "body" not in request.form:
                raise
            g.design = None  # it was deleted while somebody wrote; `blueprint` goes on with what was typed

    COMPOSER.serves(blueprint)

    @blueprint.before_request
    def _refuse() -> Response | None:
        if not g.design_id or g.design or request.endpoint == COMPOSER.urls.copy:
            return None
        gone = StaleRevision(_DELETED, conflict="gone")
        if request.endpoint == COMPOSER.urls.save and wants_fragment():
            form = composing.typed()
            kept = OnPage(str(g.design_id), form.before.revision, form.before.page)
            return refused(gone, {"typed": form, "draft": kept, "theirs": None, "composer": COMPOSER, "event": g.event})
        g.form_again = _gone
        raise gone


def refused(error: DomainError, shown: Mapping[str, Any]) -> Response:
    """The reason why an autosave was refused, said once. The page stops to save by itself and keeps every word."""
    answer = render_template("composer/_refused_save.html", **{**shown, "problem": error, "refused": True})
    return make_response(answer, error.status, {"HX-Retarget": "#warning", "HX-Reswap": "innerHTML"})


def _gone(problem: Problem) -> Response:
    """What was typed into a design that was deleted meanwhile, with a button that keeps it."""
    return respond(
        page="designs/gone.html", problem=problem, typed=composing.typed(), composer=COMPOSER, about=fields()
    )


def reload() -> None:
    """Read the design of this request again, after a command has changed it."""
    g.design, g.saved = edit.find(g.event.id, g.design_id), True


def fields() -> dict[str, str]:
    """Name and type as they were typed; those of the design where the form has none."""
    shown: Shown | None = g.design
    known = {"name": shown.name if shown else "", "message_type": str(shown.message_type if shown else "")}
    return {name: request.form.get(name, value) for name, value in known.items()}


def typed() -> ComposerForm:
    """The form as it was typed; on a visit, the draft."""
    form = composing.typed()
    return form if "body" in request.form or "again" in request.args else replace(form, text=g.design.text)


def answer(form: ComposerForm | None = None, *, fragment: str | None = None, **more: Any) -> Response:
    """The page of the design with `form`, or for htmx its `fragment`."""
    return composing.answer(form or typed(), fragment=fragment, **more)


def differences(before: Published | Text | None, after: Text) -> list[tuple[str, Sequence[Piece]]]:
    """The parts of two texts that differ, each with its words merged; all of `after` when there is no other."""
    text = before.text if isinstance(before, Published) else before or Text("", "", "")
    pairs = ((label, getattr(text.in_lf, part), getattr(after.in_lf, part)) for label, part in PARTS)
    return [(label, by_words(here, there)) for label, here, there in pairs if here != there]


def theirs(form: ComposerForm) -> Theirs:
    """What is saved now, compared with the page."""
    return Theirs(differences(form.text, g.design.text), None, None)


def _beside() -> Mapping[str, Any]:
    shown: Shown = g.design
    return {
        "design": shown,
        "nameless": "name" in request.form and not request.form["name"].strip(),
        "fields_of_design": fields(),
        "changed_parts": LocalProxy(cache(lambda: differences(shown.published, shown.text) if shown.diverged else [])),
        "locked": shown.archived_at is not None and "body" not in request.form,  # else it is kept apart
        "last_test": listing.last_tests([shown.id]).get(shown.id),
        "uses": lifecycle.uses(fresh(), shown.id),
        "submit_url": url_for("design.review", event_id=g.event.id),
    }


COMPOSER = Composer(
    Prefix.DESIGN,
    Urls(
        compose="designs.detail",
        preview="designs.preview",
        mail="designs.mail",
        review="design.review",
        send="design.publish",
        save="designs.save",
        copy="designs.copy",
        watch="designs.detail",
        editor="designs.editor",
        fields="designs.fields",
        fallbacks="designs.fallbacks",
        dead_links="designs.dead_links",
        exclusions="",  # nobody is picked here
        test="design_preview.test",
        tested="design_preview.tested",
    ),
    "designs/edit.html",
    _beside,
    addressed=False,
    live={"checks": "composer/_checks.html"},
    keeps=Keeping(),
)  # fmt: skip
