"""What is done with a design: publish, keep and restore revisions, archive, copy, delete, write a message with it."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import ids
from eventmail.db import fresh
from eventmail.domain.designs import edit, lifecycle, revisions
from eventmail.domain.designs.edit import DesignVersion
from eventmail.domain.events import edit as events
from eventmail.domain.mailings import contents, drafts, query
from eventmail.domain.mailings.contents import Text
from eventmail.errors import InvalidInput, NotFound
from eventmail.models import Event
from eventmail.states import MailingKind, MessageType
from eventmail.value_parsing import clean_value
from eventmail.web.composer import checks
from eventmail.web.core import access, intake
from eventmail.web.core.context import merged_text
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, go_to, respond, see_other, wants_json
from eventmail.web.designs import addresses, page, views
from eventmail.web.designs.schemas import CheckpointIn, CopyIn, PublicationIn, one_out, revision_out
from eventmail.web.messaging import page as composing

bp = Blueprint("design", __name__, url_prefix="/admin/events/<id:event_id>/email-templates")
page.serve(bp)
ONE = views.ONE


def _where_pressed(event_id: int, problem: Problem | None = None) -> Response:
    """The page whose button was pressed: the list, else the design."""
    return (views.listed if request.args.get("from") == "list" else views.detail)(event_id, problem=problem)


def _read(revision: int | None) -> DesignVersion | None:
    """The version that a request names; the page that asks is known by its mark."""
    return DesignVersion(revision, request.form.get("page_mark", "")[:64]) if revision else None


@bp.post(ONE + "/publication/review")
@shown_by(views.detail)
def review(event_id: int) -> Any:
    """Save what is on the page, then show what publishing it would change, and what is in the way."""
    views.keep(page.typed())
    contents.checked(event_id, g.design.text)
    parts = page.differences(g.design.published, g.design.text)
    made = revisions.listing(g.design_id)
    number = 1 + (made[0].number if made else 0)
    held = revisions.holders(g.design_id)
    return views.detail(event_id, publishing=True, parts=parts, held=held, next_number=number,
                        gap_words=checks.gap_sentence)  # fmt: skip


@bp.post(ONE + "/publication")
@shown_by(views.detail)
def publish(event_id: int) -> Any:
    """Publish the draft that was looked at (D3)."""
    if wants_json():
        revision = intake.parse(PublicationIn).revision if request.is_json else None
    else:
        revision = ids.row_id(request.form.get("revision", ""))
        if revision is None:
            raise InvalidInput("The form came without the version that it showed. Nothing was published.")
    made, new = revisions.publish(event_id, g.design_id, access.acting(), read=_read(revision))
    if wants_json():
        return _revision(event_id, made, 201 if new else 200)
    before = f"This text is published already, as version {made.number}."
    flash(f"Version {made.number} is published." if new else before)
    return go_to(url_for("designs.detail", event_id=event_id))


def _revision(event_id: int, made: revisions.Listed, status: int) -> Response:
    where = url_for("design.history", event_id=event_id) + f"#version-{made.number}"
    return as_json(revision_out(made, revisions.holders(g.design_id)), status, {"Location": where})


@bp.get(ONE + "/publication")
@bp.get(ONE + "/publication/review")
def published(event_id: int) -> Any:
    """Lead to the design: Back may ask for the address of a form."""
    return see_other(url_for("designs.detail", event_id=event_id))


@bp.get(ONE + "/revisions")
def history(event_id: int, number: int | None = None, problem: Problem | None = None) -> Response:
    """The revisions of a design, the newest first, and which waiting messages hold which."""
    found, held = revisions.listing(g.design_id), revisions.holders(g.design_id)
    items = [revision_out(one, held) for one in found]
    texts = {one.number: one.text for one in found}
    before = dict(zip(texts, [*texts.values()][1:], strict=False))
    return respond(
        page="designs/revisions.html",
        json=lambda: {"items": items, "page": 1, "pages": 1, "total": len(items)},
        problem=problem,
        design=g.design,
        revisions=found,
        held=held,
        changes={one.number: page.differences(before.get(one.number), one.text) for one in found},
        draft_changes=page.differences(found[0].text, g.design.text) if found else [],
    )


@bp.post(ONE + "/revisions")
@shown_by(history)
def checkpoint(event_id: int) -> Any:
    """Keep the draft under a name, without publishing it."""
    if request.is_json:
        body = intake.parse(CheckpointIn)
        name, revision = body.name, body.revision
    else:
        name, revision = request.form.get("name", ""), ids.row_id(request.form.get("revision", ""))
    made = revisions.keep(event_id, g.design_id, name, access.acting(), read=_read(revision))
    if wants_json():
        return _revision(event_id, made, 201)
    flash(f"The draft is kept as version {made.number}, “{merged_text(made.name)}”.")
    return see_other(url_for("design.history", event_id=event_id))


def _again(event_id: int, number: int, problem: Problem) -> Response:
    """The page that the button stands on: the design with what was typed, or its versions."""
    return (views.detail if "body" in request.form else history)(event_id, problem=problem)


@bp.post(ONE + "/revisions/<id:number>/restoration")
@shown_by(_again)
def restore(event_id: int, number: int) -> Any:
    """Put the text of a revision into the draft; what is published stays."""
    _keep_typed()
    by = access.acting()
    revision = intake.parse(PublicationIn).revision if _has_json() else ids.row_id(request.form.get("revision", ""))
    revisions.restore(event_id, g.design_id, number, by, read=_read(revision))
    page.reload()
    if wants_json():
        return as_json(one_out(g.design))
    flash(f"Version {number} is in the draft again. What is published stays as it is until you publish.")
    return go_to(url_for("designs.detail", event_id=event_id))


def _has_json() -> bool:
    return request.is_json and bool(request.data)


def _keep_typed() -> None:
    """Save what is on the page of the design, when its form was sent with the button."""
    if "body" in request.form:
        views.keep(page.typed())


@bp.post(ONE + "/archiving")
@shown_by(_where_pressed)
def archive(event_id: int) -> Any:
    """Take the design out of the list; messages that hold its text keep it."""
    _keep_typed()
    lifecycle.archive(event_id, g.design_id, access.acting())
    return _done(f"“{merged_text(g.design.name)}” is in the archive. Messages that have its text keep it.")


@bp.post(ONE + "/restoration")
@shown_by(_where_pressed)
def bring_back(event_id: int) -> Any:
    """Take the design out of the archive."""
    lifecycle.bring_back(event_id, g.design_id, access.acting())
    return _done(f"“{merged_text(g.design.name)}” is back in the list.")


def _done(said: str) -> Any:
    page.reload()
    if wants_json():
        return as_json(one_out(g.design))
    flash(said)
    return go_to(addresses.back())


@bp.get(ONE + "/copies")
def copying(event_id: int, problem: Problem | None = None) -> Response:
    """Asks to which event a design is copied: one of those that this person sees."""
    seen = fresh().scalars(events.listed(g.user, archived=False))
    others = [(event.id, event.title) for event in seen if event.id != event_id]
    return respond(page="designs/copying.html", design=g.design, others=others, problem=problem,
                   key=ids.token(24), place=addresses.place())  # fmt: skip


def _where_copied(event_id: int, problem: Problem | None = None) -> Response:
    return (copying if "event" in request.form else _where_pressed)(event_id, problem=problem)


@bp.post(ONE + "/copies")
@shown_by(_where_copied)
def duplicate(event_id: int) -> Any:
    """Copy the draft within the event, or to another one that this person sees."""
    _keep_typed()
    body = intake.parse(CopyIn) if request.is_json else CopyIn(event=request.form.get("event", ""))
    if not body.event and "event" in request.form:
        raise InvalidInput.at("event", "REQUIRED", "Choose the event.")
    to = _event(body.event) if body.event else g.event
    key = intake.idempotency_key()
    made, before = lifecycle.copy(event_id, g.design_id, to.id, access.acting(),
                                  key=f"{g.design_id}:{to.id}:{key}" if key else "")  # fmt: skip
    where = url_for("designs.detail", event_id=to.id, design_id=made)
    if wants_json():
        again = {"Idempotent-Replayed": "true"} if before else {}
        return as_json(one_out(edit.find(to.id, made)), 201, {"Location": where, **again})
    there = "" if to.id == event_id else f" in “{to.title}”"
    flash(f"This is the copy{there}. Change it as you like; the other one stays as it is.")
    return go_to(where)


def _event(named: str) -> Event:
    """The event that a design is copied to. Raises InvalidInput for one that this person does not see."""
    try:
        return events.visible(ids.row_id(named) or 0, g.user)
    except NotFound:
        raise InvalidInput.at("event", "UNKNOWN_EVENT", "There is no such event.") from None


@bp.delete(ONE)
def delete(event_id: int) -> Any:
    """Delete a design that no message names (JSON)."""
    lifecycle.delete(event_id, g.design_id, access.acting())
    return "", 204


@bp.get(ONE + "/deletion")
def deletion(event_id: int, problem: Problem | None = None) -> Response:
    """Asks before a design is deleted, or says why it can't be."""
    in_use = lifecycle.in_use(fresh(), g.design_id) if lifecycle.uses(fresh(), g.design_id) else ""
    return respond(page="designs/deletion.html", design=g.design, problem=problem, in_use=in_use,
                   place=addresses.place())  # fmt: skip


@bp.post(ONE + "/deletion")
@shown_by(deletion)
def delete_by_form(event_id: int) -> Any:
    """Delete a design that no message names."""
    name = g.design.name
    lifecycle.delete(event_id, g.design_id, access.acting())
    flash(f"“{merged_text(name)}” was deleted. Its text stays in the log.")
    return see_other(addresses.back())


@bp.post(ONE + "/messages")
@shown_by(_where_pressed)
def use(event_id: int) -> Any:
    """Begin a message with a snapshot of the design, to send now or later."""
    _keep_typed()
    draft, number = request.values.get("snapshot") == "draft", ids.row_id(request.values.get("number", ""))
    text, origin = revisions.snapshot(g.design, "draft" if draft else "published", number)
    key = f"use:{origin.design_id}:{origin.number}:{text.digest}:{request.form.get('idempotency_key') or ids.token(24)}"
    of_calendar = g.design.message_type == MessageType.CALENDAR
    kind = MailingKind.CALENDAR if of_calendar else MailingKind.ONE_TIME
    written = drafts.Written(text, {}, origin=origin, kind=kind)
    made = drafts.create(event_id, written, key=key, by=access.acting())
    page = "calendar.watch" if of_calendar else "messaging.watch"
    where = "scheduling.watch" if request.values.get("when") == "later" else page
    return go_to(url_for(where, event_id=event_id, mailing_id=made.mailing_id))


@bp.post("/of/<id:mailing_id>")
def take(event_id: int, mailing_id: int) -> Any:
    """Make a design of the text of a message or of a draft, as the composer has it if that is where it was pressed."""
    text = _text_of(event_id, mailing_id)
    name = clean_value(text.subject)[: edit.LONGEST_NAME].strip() or "Without a subject"
    values = {"name": name, "message_type": MessageType.UPDATE, **asdict(text)}
    key = f"of:{mailing_id}:{text.digest}:{request.form.get('idempotency_key') or ids.token(24)}"
    made, _ = edit.create(event_id, values, access.acting(), key=key)
    flash("This text is a design now. Give it a name that others find it by; the message stays as it is.")
    return go_to(url_for("designs.detail", event_id=event_id, design_id=made))


def _text_of(event_id: int, mailing_id: int) -> Text:
    draft = drafts.find(event_id, mailing_id)
    if draft and "body" in request.form:
        return composing.typed().text
    return draft.text if draft else contents.text_of(query.content(query.find(event_id, mailing_id)))
