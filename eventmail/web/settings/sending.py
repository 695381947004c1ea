"""The page "Sending" of the settings: the mail service, its limits, what keeps mail from leaving, and a test."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, g, request, url_for

from eventmail import ids, tasks
from eventmail.db import fresh
from eventmail.domain.events import edit
from eventmail.domain.instance import health
from eventmail.domain.mailings import test_sends
from eventmail.domain.mailings.contents import Text
from eventmail.errors import IdempotencyKeyReused, InvalidInput
from eventmail.models import Event
from eventmail.providers.smtp import url as smtp_url
from eventmail.records import usage
from eventmail.sending import heartbeat, retry
from eventmail.sending.claim import GROUP
from eventmail.web.composer import fragments, test_result
from eventmail.web.core import access, intake
from eventmail.web.core.context import settings
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import respond, see_other

bp = Blueprint("sending", __name__, url_prefix="/admin/settings/sending")

HELLO = Text(
    "Mail about {event.title} arrives",
    "",
    "You asked for this test on the page “Sending”.\n\n"
    "It came the way of every mail to guests: if you read it in your own mailbox, sending works.",
)


@bp.get("")
def page(problem: Problem | None = None) -> Response:
    access.owner()
    chosen, where, service = settings(), fragments.terms(), current_app.extensions["provider"]
    able = edit.visible_to(g.user).where(Event.archived_at.is_(None)).order_by(Event.id.desc())
    return respond(
        page="settings/sending.html",
        fragment="settings/_tested.html",
        problem=problem,
        service=service,
        server=smtp_url.parse(chosen.smtp_url.get_secret_value()) if service.name == "smtp" else None,
        chosen=chosen,
        retries=retry.BACKOFF,
        group=GROUP,
        pace=chosen.pace(outside=where.outside),
        windows=[(word, usage(fresh(), limit, length, g.now)) for word, limit, length in where.limits.windows],
        hindrances=where.hindrances,
        worker_age=heartbeat.age(g.now),
        worker_alive=heartbeat.alive(g.now),
        worker_command=heartbeat.WORKER_COMMAND,
        waiting=health.backlog(g.now),
        held_up=heartbeat.waiting(g.now),
        choices=[(event.id, event.title) for event in fresh().scalars(able)],
        typed=request.form,
        key=_key(),
        tested=_tested(),
    )


@bp.post("")
@shown_by(page)
def send() -> Any:
    """Send a test to the owner who asks, from the event that was chosen."""
    access.owner()
    key = intake.needed_key()
    event_id = ids.row_id(request.form.get("event", ""))
    if event_id is None:
        raise InvalidInput("Choose the event whose sender the test has.")
    edit.visible(event_id, g.user)
    try:
        sent = test_sends.send(event_id, test_sends.Wanted(HELLO), key=key, terms=fragments.terms(), by=access.acting())
    except IdempotencyKeyReused:
        flash("Your address has changed since this page was opened. Nothing was sent: press the button again.", "warn")
        return see_other(url_for(".page"))
    if sent.job_id is not None:
        tasks.ring(sent.job_id)
    return see_other(url_for(".page", event=event_id, tested=sent.mailing_id, _anchor="test"))


def _key() -> str:
    """The key of the form: the same one after a refusal, else a new one."""
    try:
        return (intake.idempotency_key() if request.method == "POST" else None) or ids.token(24)
    except InvalidInput:
        return ids.token(24)


def _tested() -> test_result.Tested | None:
    event_id, mailing_id = (ids.row_id(request.args.get(name, "")) for name in ("event", "tested"))
    if event_id is None or mailing_id is None:
        return None
    return test_result.shown(edit.visible(event_id, g.user).id, mailing_id)
