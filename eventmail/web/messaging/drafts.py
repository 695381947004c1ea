"""Drafts of messages: list, autosave, a copy when two people wrote at once, deletion, and the JSON way."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, flash, g, make_response, render_template, request, url_for

from eventmail import clock, ids, tasks
from eventmail.db.paging import paginate
from eventmail.domain.mailings import draft_copies, drafts, origin, query, schedule, send
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.errors import DomainError, InvalidInput, NotFound, PastEditWindow, StaleRevision
from eventmail.models import Schedule
from eventmail.records import Acting
from eventmail.states import MailingState
from eventmail.web import tracker
from eventmail.web.composer import draft, fragments
from eventmail.web.composer.form import ComposerForm
from eventmail.web.core import access, intake
from eventmail.web.core.context import instant
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, go_to, page_out, respond, see_other, wants_fragment, wants_json
from eventmail.web.messaging import views
from eventmail.web.messaging.page import COMPOSER, typed
from eventmail.web.messaging.schemas import DraftIn, DraftListedOut, DraftPatch, SchedulePatch

bp = Blueprint("drafts", __name__, url_prefix="/admin/events/<id:event_id>")
COMPOSER.serves(bp)


@bp.get("/messages/drafts")
def listing(event_id: int) -> Response:
    """The drafts of the whole team, the latest save first."""
    page = paginate(drafts.newest_first(event_id), **intake.paging(), row=drafts.shown)
    return respond(page="messages/drafts.html", json=lambda: page_out(page, _draft_out), drafts=page,
                   url_of_draft=lambda draft: tracker.draft_url(event_id, draft), key=ids.token(24))  # fmt: skip


@bp.post("/messages/drafts")
@shown_by(views.composer)
def save(event_id: int) -> Any:
    """Save what is on the page (D5). The page asks for it while somebody writes, and by its button."""
    form = typed()
    try:
        saved = draft.save(event_id, form)
    except (StaleRevision, PastEditWindow) as error:
        if wants_fragment():
            return _refused(event_id, form, error)
        raise
    if saved is not None:
        form = replace(form, shown=drafts.find(event_id, saved.mailing_id))
    if not wants_fragment():
        if saved is None:
            raise InvalidInput("There is nothing to save yet. Write something, or pick who should get it.")
        flash("Saved as a draft. Nothing was sent.")
        return see_other(_watch(saved.mailing_id))
    shown = {"draft": draft.on_page(event_id, form), "typed": form, "composer": g.composer, "event": g.event}
    answer = make_response(render_template("composer/_draft.html", **shown))
    if saved is not None and saved.made:
        # The page was the empty one. Its address is replaced, so that Back leads past it and not to the same text.
        answer.headers["HX-Replace-Url"] = _watch(saved.mailing_id)
    return answer


@bp.post("/messages/drafts/copies")
@shown_by(views.composer)
def copy(event_id: int) -> Any:
    """Keep what is on the page as a draft of its own, and leave the other draft alone (D5)."""
    form = typed()
    mine = DraftVersion(page=f"{form.before.page}-copy")  # so two presses make one copy
    written = replace(draft.written(form), origin=origin.standing(draft.origin_of(event_id, form)))
    saved = drafts.save(event_id, mine, written, access.acting())
    if saved is None:
        raise InvalidInput("There is nothing to keep: the page is empty.")
    flash("Your text is a draft of its own now. The other one stayed as it was.")
    return go_to(_watch(saved.mailing_id))


@bp.post("/messages/<id:mailing_id>/copies")
def again(event_id: int, mailing_id: int) -> Any:
    """Make a draft with the text and the audience of a message."""
    made = draft_copies.again(event_id, mailing_id, access.acting())
    return see_other(_watch(made))


@bp.get("/messages/<id:mailing_id>/deletion")
def deletion(event_id: int, mailing_id: int, problem: Problem | None = None) -> Response:
    """Asks before a draft is deleted, and shows its text."""
    shown = drafts.find(event_id, mailing_id)
    if shown is None:
        raise NotFound
    return respond(page="messages/deletion.html", draft=shown, problem=problem)


@bp.post("/messages/<id:mailing_id>/deletion")
@shown_by(deletion)
def delete(event_id: int, mailing_id: int) -> Any:
    """Delete the draft at the revision that was shown."""
    revision = ids.row_id(request.form.get("revision", "")) or 0
    drafts.delete(event_id, mailing_id, revision, access.acting())
    flash("The draft was deleted. Its text stays in the log.")
    return see_other(url_for(".listing", event_id=event_id))


def create(event_id: int) -> Any:
    """Keep a message as a draft (JSON), once per key. Answers 202, a dry run 200."""
    body = intake.parse(DraftIn)
    if body.dry_run:  # a draft may hold anything, so there is nothing more to check
        at = drafts.described_plan(event_id, body.plan())["send_at"]
        nobody: dict[str, Any] = {"recipient_count": 0, "excluded": [], "warnings": []}
        return as_json({"kind": body.kind, "dry_run": True, "send_at": at, **nobody})
    key, by, asked = intake.needed_key(), access.acting(), body.asked()
    before = send.replay(event_id, asked, key=key, by=by) if asked else None
    made = before or drafts.create(event_id, body.written(event_id), key=key, by=by)
    headers = {"Location": url_for("mailings.detail", event_id=event_id, mailing_id=made.mailing_id)}
    return as_json(made.answer, made.status, headers | ({"Idempotent-Replayed": "true"} if made.replayed else {}))


def show(event_id: int, mailing_id: int) -> Any:
    """The JSON of a draft, at the address that it has as a message. Its page is the composer."""
    if wants_json():
        return as_json(drafts.state(event_id, mailing_id))
    if (shown := drafts.find(event_id, mailing_id)) is None:
        raise NotFound
    return see_other(tracker.draft_url(event_id, shown))


@bp.patch("/mailings/<id:mailing_id>")
def change(event_id: int, mailing_id: int) -> Response:
    """Change a draft at the revision it was read at, and with `draft: false` send it; or a scheduled message (JSON)."""
    by, key = access.acting(), intake.idempotency_key()
    asked = {**(intake.json_body() if request.is_json else {}), "mailing": str(mailing_id)}
    try:
        sent = _changed(event_id, mailing_id, asked, key, by)
    except PastEditWindow:
        sent = send.replay(event_id, asked, key=key, by=by) if key and asked.get("draft") is False else None
        if sent is None:
            if (held := query.schedule(query.find(event_id, mailing_id))) is None:
                raise
            return _rescheduled(event_id, held, by)
    if sent is None:
        return as_json(drafts.state(event_id, mailing_id))
    if sent.replayed:
        return as_json(sent.answer, headers={"Idempotent-Replayed": "true"})
    tasks.ring_for(sent)
    return as_json(sent.answer)


def _rescheduled(event_id: int, held: Schedule, by: Acting) -> Response:
    """Change a scheduled message, or say why that comes too late (H3)."""
    mailing = query.find(event_id, held.mailing_id)
    if mailing.state != MailingState.SCHEDULED or not schedule.is_open(held, clock.now()):
        raise schedule.closed(mailing, held)  # whatever else may be wrong with the request
    body = intake.parse(SchedulePatch)
    message = body.message(mailing, query.content(mailing), held)
    revision = body.revision or held.revision  # what the body leaves out is of this one
    schedule.change(event_id, mailing.id, message, terms=fragments.terms(), by=by, revision=revision)
    tasks.ring_due()
    return as_json(query.told(query.find(event_id, mailing.id)))


def _changed(event_id: int, mailing_id: int, asked: dict[str, Any], key: str | None, by: Acting) -> send.Sent | None:
    """Change the draft as `asked`, the body, says. Returns the outcome when that sends it, else None."""
    shown = drafts.unsent(event_id, mailing_id, by)
    body = intake.parse(DraftPatch)
    written = body.written(event_id, shown)
    saved = drafts.save(event_id, DraftVersion(mailing_id, body.revision), written, by)
    if body.draft or saved is None:
        return None
    message = replace(body.message(written), asked=asked)
    begin = schedule.create if message.plan else send.send
    return begin(
        event_id,
        message,
        key=key or ids.token(24),  # a second send finds no draft, so no key has to prevent it
        terms=fragments.terms(),
        by=by,
        draft=DraftVersion(mailing_id, saved.revision),
    )


def _watch(mailing_id: int) -> str:
    return url_for(g.composer.urls.watch, event_id=g.event.id, mailing_id=mailing_id)


def _draft_out(shown: drafts.Shown) -> DraftListedOut:
    return {
        "id": str(shown.id),
        "subject": shown.text.subject,
        "revision": shown.revision,
        "author": shown.author,
        "saved_by": shown.saver,
        "saved_at": instant(shown.saved_at),
    }


def _refused(event_id: int, form: ComposerForm, error: DomainError) -> Response:
    """The reason why an autosave was refused, said once. The page stops to save by itself and keeps every word."""
    theirs, mine = draft.theirs(event_id, form), draft.on_page(event_id, form)
    shown = {"theirs": theirs, "draft": mine, "typed": form, "composer": g.composer}
    page = render_template("composer/_refused_save.html", problem=error, **shown)
    return make_response(page, error.status, {"HX-Retarget": "#warning", "HX-Reswap": "innerHTML"})
