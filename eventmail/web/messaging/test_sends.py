"""Test sends, by the button of the composer and by JSON at the same address (E1, E3)."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for

from eventmail import ids, tasks
from eventmail.domain.mailings import query, test_sends
from eventmail.domain.mailings.test_sends import Wanted
from eventmail.errors import IdempotencyKeyReused
from eventmail.web.composer import draft, fragments, test_result
from eventmail.web.core import access, intake
from eventmail.web.core.problems import shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_fragment, wants_json
from eventmail.web.messaging.page import COMPOSER, answer, typed
from eventmail.web.messaging.schemas import WantedIn, split

bp = Blueprint("test_sends", __name__, url_prefix="/admin/events/<id:event_id>/mailings/test-sends")
COMPOSER.serves(bp)


def _composer(event_id: int, **shown: Any) -> Response:
    return answer(typed(), **shown)


@bp.post("")
@shown_by(_composer)
def create(event_id: int) -> Any:
    """Send a test. The second click of a double click shows the test of the first."""
    g.warning_test = f"{g.composer.prefix}-warning"
    key = intake.needed_key()
    wanted = intake.parse(WantedIn).wanted() if request.is_json else _typed()
    try:
        sent = test_sends.send(event_id, wanted, key=key, terms=fragments.terms(), by=access.acting())
    except IdempotencyKeyReused:
        if wants_json():
            raise
        # The key has sent another message. This one is sent when that is confirmed, under a new key (E3).
        return _answer(changed=True) if wants_fragment() else _composer(event_id, changed=True, key=ids.token(24))
    if sent.job_id is not None:
        tasks.ring(sent.job_id)
    if wants_json():
        headers = {"Location": url_for(g.composer.urls.tested, event_id=event_id, mailing_id=sent.mailing_id)}
        return as_json(sent.answer, sent.status, headers | ({} if sent.job_id else {"Idempotent-Replayed": "true"}))
    if wants_fragment():
        return _answer(tested=test_result.shown(event_id, sent.mailing_id, now=True))
    return see_other(_composed(event_id, sent.mailing_id))


@bp.get("/<id:mailing_id>")
def watch(event_id: int, mailing_id: int) -> Any:
    """The outcome of a test: the fragment beside its button, JSON, or the composer with the same text."""
    mailing = test_sends.find(event_id, mailing_id)
    if wants_json():
        return as_json(test_sends.described(mailing, test_sends.recipients(mailing_id), query.last_job(mailing_id)))
    if wants_fragment():
        found = test_result.shown(event_id, mailing_id)
        return respond(page="composer/_test_result.html", composer=g.composer, tested=found)
    return see_other(_composed(event_id, mailing_id))


def _composed(event_id: int, mailing_id: int) -> str:
    form = typed()
    kept = {**draft.fields(form.before), **(form.time.named if form.time else {})}
    return url_for(g.composer.urls.compose, event_id=event_id, again=mailing_id, _anchor="test-send", **kept)


def _typed() -> Wanted:
    """The test of the composer's form, as the guest `guest` reads it, or the one whom the preview shows."""
    form, named = typed(), request.form.get("guest", "").strip()
    guest = None if named else fragments.reader(g.event, form)
    return Wanted(form.text, tuple(split(form.to)), named or (str(guest.id) if guest else ""), form.audience,
                  of=form.kind)  # fmt: skip


def _answer(**context: Any) -> Response:
    """The button with the result of this press, and a new key for the next one."""
    return respond(page="composer/_test_answer.html", composer=g.composer, key=ids.token(24), **context)
