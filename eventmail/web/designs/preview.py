"""A snapshot of a design as one guest reads it, and its tests (A3, E1)."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g, request, url_for

from eventmail import ids, tasks
from eventmail.domain.designs import listing, revisions
from eventmail.domain.designs.revisions import Snapshot
from eventmail.domain.mailings import contents, preview_steps, query, test_sends
from eventmail.domain.mailings import preview as mailing_preview
from eventmail.domain.mailings.send import Sent
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.errors import IdempotencyKeyReused, InvalidInput, NotFound
from eventmail.models import Guest
from eventmail.web.composer import fragments, mail_frames, test_result
from eventmail.web.core import access, intake
from eventmail.web.core.problems import shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_fragment, wants_json
from eventmail.web.designs import page, views
from eventmail.web.designs.schemas import DesignTestIn
from eventmail.web.messaging import page as composing
from eventmail.web.messaging.schemas import split

bp = Blueprint("design_preview", __name__, url_prefix="/admin/events/<id:event_id>/email-templates/<id:design_id>")
page.serve(bp)


@bp.get("/preview")
def show(event_id: int) -> Response:
    """The mail of a snapshot as a guest reads it, the first by name if none is named: JSON, or its HTML."""
    wanted = _snapshot(request.args.get("snapshot") or ("published" if g.design.published else "draft"))
    readable = replace(g.design, archived_at=None)  # an archived one is not used, but it can be read
    text, _ = revisions.snapshot(readable, wanted, ids.row_id(request.args.get("number", "")))
    look = contents.look(event_id, text)
    guest = _guest(event_id, request.args.get("guest", ""))
    reading = mailing_preview.reading(look.compiled, g.event, guest, g.user, fragments.terms())
    html = mailing_preview.html(look.compiled, g.event, guest, g.user, fragments.terms())
    if not wants_json():
        return mail_frames.answer(html, request.args)
    return as_json(
        {
            "subject": "".join(piece.text for piece in reading.subject),
            "html": html,
            "text": "".join(piece.text for piece in reading.text),
            "fallbacks": [value.name for value in reading.values if value.why],
        }
    )


def _snapshot(word: str) -> Snapshot:
    if word == "draft":
        return "draft"
    if word == "published":
        return "published"
    message = f"“{word[:40]}” is no snapshot: there are published and draft."
    raise InvalidInput.at("snapshot", "UNKNOWN_SNAPSHOT", message)


def _guest(event_id: int, named: str) -> Guest | None:
    found = preview_steps.step(None, event_id, ids.row_id(named)).guest
    if named and (found is None or str(found.id) != named):
        raise NotFound
    return found


@bp.post("/test-sends")
@shown_by(views.detail)
def test(event_id: int) -> Any:
    """Send a test of the design: of the draft on the page, or of a snapshot (JSON)."""
    key = intake.needed_key()
    try:
        if wants_json() and (request.is_json or not request.form):
            sent = _asked(event_id, intake.parse(DesignTestIn) if request.is_json else DesignTestIn(), key)
        else:
            sent = test_sends.send(event_id, _typed(), key=key, terms=fragments.terms(), by=access.acting())
    except IdempotencyKeyReused:
        if wants_json():
            raise
        # The key has sent another text. This one is sent when that is confirmed, under a new key (E3).
        return _answer(changed=True) if wants_fragment() else views.detail(event_id, changed=True, key=ids.token(24))
    if sent.job_id is not None:
        tasks.ring(sent.job_id)
    where = url_for("design_preview.tested", event_id=event_id, mailing_id=sent.mailing_id)
    if wants_json():
        return as_json(sent.answer, 202, {"Location": where} | ({} if sent.job_id else {"Idempotent-Replayed": "true"}))
    if wants_fragment():
        return _answer(tested=test_result.shown(event_id, sent.mailing_id, now=True))
    return see_other(_page(event_id, sent.mailing_id))


@bp.get("/test-sends/<id:mailing_id>")
def tested(event_id: int, mailing_id: int) -> Any:
    """The outcome of a test of this design: the fragment beside its button, JSON, or the page."""
    mailing = test_sends.find(event_id, mailing_id)
    if mailing.design_id != g.design_id:
        raise NotFound
    if wants_json():
        return as_json(test_sends.described(mailing, test_sends.recipients(mailing_id), query.last_job(mailing_id)))
    if wants_fragment():
        found = test_result.shown(event_id, mailing_id)
        last = listing.last_tests([g.design_id]).get(g.design_id)
        return respond(page="designs/_tested.html", composer=g.composer, tested=found, last_test=last)
    return see_other(_page(event_id, mailing_id))


def _page(event_id: int, mailing_id: int) -> str:
    return url_for("designs.detail", event_id=event_id, tested=mailing_id, _anchor="test-send")


def _asked(event_id: int, body: DesignTestIn, key: str) -> Sent:
    """The test that a program asks for; asked again under its key it is the same, whatever became of the design."""
    asked, by = {"design": str(g.design_id), **body.model_dump()}, access.acting()
    if (before := test_sends.replay(event_id, asked, key=key, by=by)) is not None:
        return before
    text, origin = revisions.snapshot(g.design, body.snapshot)
    wanted = Wanted(text, tuple(body.to), body.guest, origin=origin, asked=asked)
    return test_sends.send(event_id, wanted, key=key, terms=fragments.terms(), by=by)


def _typed() -> Wanted:
    """The test of the form: its text is saved first, so that the test is one of the draft."""
    form, named = page.typed(), request.form.get("guest", "").strip()
    if "body" in request.form:
        views.keep(form)
    text, origin = revisions.snapshot(g.design, "draft")
    guest = None if named else fragments.reader(g.event, form)
    return Wanted(text, tuple(split(form.to)), named or (str(guest.id) if guest else ""), origin=origin)


def _answer(**context: Any) -> Response:
    """The button with the result of this press, a new key, and the draft as it was saved."""
    return respond(
        page="designs/_test_answer.html", **composing.context(page.typed()) | {"key": ids.token(24)} | context
    )
