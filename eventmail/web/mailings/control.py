"""The buttons of the tracker (cancel, undo, retry, decide about doubt), and what is left of the quota."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import tasks
from eventmail.db import fresh
from eventmail.domain.mailings import control, draft_copies, query
from eventmail.records import usage
from eventmail.sending import brake
from eventmail.states import RecipientState, is_practice
from eventmail.web import tracker
from eventmail.web.composer import fragments
from eventmail.web.core import access, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, see_other, wants_json
from eventmail.web.mailings.schemas import DecisionIn, RetryIn

bp = Blueprint("runs", __name__, url_prefix="/admin/events/<id:event_id>")


def _watched(event_id: int, mailing_id: int, problem: Problem | None = None) -> Response:
    """The page that a refused button shows."""
    return tracker.own_page(query.find(event_id, mailing_id), problem=problem)


@bp.post("/mailings/<id:mailing_id>/cancellation")
@shown_by(_watched)
def cancel(event_id: int, mailing_id: int) -> Any:
    """Cancel the recipients who wait (S6). Undo before the first mail leads to the composer with the same text (S7)."""
    if not request.form.get("undo"):
        control.cancel(event_id, mailing_id, access.acting())
        return _done(event_id, mailing_id)
    counts, job = control.undo(event_id, mailing_id, access.acting()), query.last_job(mailing_id)
    if begun := _begun(counts, job.provider if job else None):
        flash(begun, "warn")
        return _done(event_id, mailing_id)
    made = draft_copies.again(event_id, mailing_id, access.acting())
    flash("Undone: nothing was sent. Your text is here again.")
    return see_other(url_for("messaging.watch", event_id=event_id, mailing_id=made))


def _begun(counts: Mapping[RecipientState, int], provider: str | None) -> str:
    """The warning after an Undo that came too late; "" when no mail had begun."""
    words = {
        RecipientState.SENT: "had gone to the outbox" if is_practice(provider) else "had left",
        RecipientState.UNKNOWN: "may have been sent",
        RecipientState.SENDING: "with the mail service already",
        RecipientState.FAILED: "had failed",
    }
    said = [f"{counts[state]} {word}" for state, word in words.items() if counts[state]]
    cancelled = counts[RecipientState.CANCELLED]
    rest = f" {cancelled} still waiting {'was' if cancelled == 1 else 'were'} cancelled." if cancelled else ""
    return f"It was too late to undo all of this. Of its mails {', '.join(said)}.{rest}" if said else ""


@bp.post("/mailings/<id:mailing_id>/retries")
@shown_by(_watched)
def retry(event_id: int, mailing_id: int) -> Any:
    """Try the failed mails again, or let a stopped run go on (S8, S12)."""
    asked = intake.parse(RetryIn) if request.get_data() or request.form else RetryIn()
    by = access.acting()
    tasks.ring(control.retry(event_id, mailing_id, fragments.terms(), by, asked.through, people=asked.people))
    return _done(event_id, mailing_id)


@bp.post("/mailings/<id:mailing_id>/decisions")
@shown_by(_watched)
def decide(event_id: int, mailing_id: int) -> Any:
    """Settle mails that may have been sent (S5), or put dead addresses on the do-not-mail list (F5)."""
    body = intake.parse(DecisionIn, lists=frozenset({"recipients"}))
    if body.decision == "list":
        brake.list_them(event_id, mailing_id, body.chosen(), access.acting())
        return _done(event_id, mailing_id)
    decision, through = control.Decision(body.decision), body.through
    job_id = control.decide(
        event_id, mailing_id, decision, body.chosen(), terms=fragments.terms(), by=access.acting(), through=through
    )
    if job_id is not None:
        tasks.ring(job_id)
    return _done(event_id, mailing_id)


@bp.get("/quota")
def quota(event_id: int) -> Response:
    """The used, reserved and free places of each window (S9)."""
    windows = {word: usage(fresh(), limit, length, g.now) for word, limit, length in fragments.terms().limits.windows}
    members = ("limit", "used", "reserved", "left")
    return as_json({word: {name: getattr(window, name) for name in members} for word, window in windows.items()})


def _done(event_id: int, mailing_id: int) -> Any:
    if wants_json():
        return as_json(query.told(query.find(event_id, mailing_id)))
    if request.form.get("next") == "details":
        return see_other(url_for("mailings.detail", event_id=event_id, mailing_id=mailing_id) + "#recipients")
    return see_other(tracker.own_url(query.find(event_id, mailing_id)))
