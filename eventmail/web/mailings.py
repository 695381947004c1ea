"""Sent messages: the list, one with everything that happened to it, and the JSON way to send."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy import select

from eventmail import tasks
from eventmail.db import fresh, paginate
from eventmail.domain import mailings
from eventmail.errors import FieldError, IdempotencyKeyRequired, InvalidInput
from eventmail.models import AuditEntry, Content, Job, Mailing
from eventmail.sending import progress
from eventmail.states import RecipientState
from eventmail.web import access, compose, drafting, drafts, intake, tracker
from eventmail.web.context import settings
from eventmail.web.csv_out import csv_answer
from eventmail.web.respond import as_json, page_out, respond
from eventmail.web.schemas.mailing_answers import DryRunOut
from eventmail.web.schemas.mailings import MailingIn, recipient_out

bp = Blueprint("mailings", __name__, url_prefix="/admin/events/<id:event_id>/mailings")


@bp.get("")
def listing(event_id: int) -> Response:
    """Every mailing of the event, newest first."""
    access.event(event_id)
    page = paginate(mailings.newest_first(event_id), **intake.paging())
    return respond(page="mailings/list.html", mailings=page, json=lambda: _page_out(page))


@bp.post("")
def create(event_id: int) -> Any:
    """Send a message (JSON), or keep it as a draft: 202, or 200 for a dry run, which stores nothing."""
    access.event(event_id)
    if request.is_json and intake.json_body().get("draft") is True:
        return drafts.create(event_id)
    body = intake.parse(MailingIn)
    if body.dry_run:
        return as_json(_dry_run(event_id, body))
    key = intake.idempotency_key()
    if key is None:
        raise IdempotencyKeyRequired
    sent = mailings.send(event_id, body.message(), key=key, place=compose.place(), by=access.acting())
    headers = {"Location": url_for("mailings.detail", event_id=event_id, mailing_id=sent.mailing_id)}
    if sent.job_id is None:
        headers["Idempotent-Replayed"] = "true"
    else:
        tasks.ring(sent.job_id)
    return as_json(sent.answer, sent.status, headers)


@bp.get("/<id:mailing_id>")
def detail(event_id: int, mailing_id: int) -> Any:
    """One mailing: what it says, who was in the audience and who not, what became of each, and who did it."""
    access.event(event_id)
    if drafting.is_draft(event_id, mailing_id):
        return drafts.show(event_id, mailing_id)
    mailing = mailings.find(event_id, mailing_id)
    shown = _state(request.args.get("state"))
    page = paginate(progress.recipients(mailing_id, shown), **intake.paging(), row=lambda row: row[0])
    log = fresh().scalars(
        select(AuditEntry).where(AuditEntry.subject == f"mailing:{mailing_id}", AuditEntry.event_id == event_id)
        .order_by(AuditEntry.id)
    )  # fmt: skip
    return tracker.page(
        "mailings/detail.html",
        mailing,
        recipients=page,
        request_ids=progress.request_ids([recipient.id for recipient in page.items]),
        shown=shown,
        tab_states=_tabs(mailing, shown),
        log=log.all(),
        reasons=compose.REASONS,
    )


@bp.get("/<id:mailing_id>/recipients")
def recipients(event_id: int, mailing_id: int) -> Response:
    """The outcome for each recipient, as JSON or as a CSV of all of them."""
    access.event(event_id)
    mailings.find(event_id, mailing_id)
    wanted = progress.recipients(mailing_id, _state(request.args.get("state")))
    if request.args.get("format") == "csv":
        return csv_answer(
            f"outcome-{mailing_id}.csv",
            ["email", "state", "attempts", "request_id", "last_error", "updated_at"],
            _outcomes(wanted),
        )
    page = paginate(wanted, **intake.paging(), row=lambda row: row[0])
    found = progress.request_ids([recipient.id for recipient in page.items])
    return as_json(page_out(page, lambda r: recipient_out(r, found.get(r.id, []))))


def _tabs(mailing: Mailing, shown: RecipientState | None) -> list[tuple[str, str, bool, int]]:
    here = url_for("mailings.detail", event_id=mailing.event_id, mailing_id=mailing.id)
    words = {RecipientState.UNKNOWN: "May have been sent"}
    if settings().provider == "outbox":
        words[RecipientState.SENT] = "Kept in outbox"
    return [
        (words.get(state, state.value.capitalize()),
         f"{here}?state={state}#recipients", state == shown, count)
        for state, count in mailing.counts.items()
        if count
    ]  # fmt: skip


def _outcomes(wanted: Any) -> Any:
    for batch in fresh().scalars(wanted.execution_options(yield_per=500)).partitions(500):
        found = progress.request_ids([recipient.id for recipient in batch])
        for recipient in batch:
            row = recipient_out(recipient, found.get(recipient.id, []))
            yield [*(row[name] for name in ("email", "state", "attempts")), " ".join(row["request_ids"]),
                   row["last_error"], row["updated_at"]]  # fmt: skip


def _dry_run(event_id: int, body: MailingIn) -> DryRunOut:
    _, _, resolution = mailings.check(event_id, body.message(), compose.place())
    return {
        "kind": body.kind,
        "dry_run": True,
        "recipient_count": resolution.count,
        "excluded": [{"reason": reason, "count": number} for reason, number in resolution.excluded.items()],
    }


def _page_out(page: Any) -> Any:
    found = [row[0].id for row in page.items]
    content_ids = [row[0].content_id for row in page.items]
    jobs = {
        job.mailing_id: job for job in fresh().scalars(select(Job).where(Job.mailing_id.in_(found)).order_by(Job.run))
    }
    texts = {text.id: text for text in fresh().scalars(select(Content).where(Content.id.in_(content_ids)))}
    return page_out(page, lambda row: mailings.described(row[0], texts[row[0].content_id], jobs[row[0].id]))


def _state(name: str | None) -> RecipientState | None:
    if not name:
        return None
    if name not in set(RecipientState):
        message = f"“{name}” is not a state; there are {', '.join(RecipientState)}."
        raise InvalidInput(message, fields=[FieldError("state", "UNKNOWN_STATE", message)])
    return RecipientState(name)
