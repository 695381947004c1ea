"""Sent messages: the list, the details of one, and sending by JSON."""

from functools import cache
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from werkzeug.local import LocalProxy

from eventmail import ids, tasks
from eventmail.db import fresh
from eventmail.db.paging import paginate
from eventmail.domain import audit_log, mail_services
from eventmail.domain.mailings import origin, preview, query, schedule, send, send_time
from eventmail.domain.outcomes import attempts
from eventmail.errors import InvalidInput
from eventmail.models import Event, Mailing
from eventmail.sending import progress
from eventmail.states import NO_DRAFT, RecipientState
from eventmail.web import tracker
from eventmail.web.composer import draft, fragments, mail_frames, warnings
from eventmail.web.core import access, intake
from eventmail.web.core.context import instant
from eventmail.web.core.csv_out import csv_answer
from eventmail.web.core.respond import as_json, page_out, respond, wants_fragment, wants_json
from eventmail.web.mailings.schemas import DryRunOut, MailingIn, recipient_out
from eventmail.web.messaging import drafts
from eventmail.web.words import state as word_state

bp = Blueprint("mailings", __name__, url_prefix="/admin/events/<id:event_id>/mailings")


@bp.get("")
def listing(event_id: int) -> Response:
    """The messages that were sent, the newest first; for programs also those that are scheduled."""
    found = query.newest_first(event_id, NO_DRAFT) if wants_json() else query.sent(event_id)
    page = paginate(found, **intake.paging())
    return respond(
        page="mailings/list.html", mailings=page, key=ids.token(24), json=lambda: _page_out(page),
        shares=LocalProxy(cache(lambda: mail_services.shares_of([row[0] for row in page.items]))),
        based=LocalProxy(cache(lambda: origin.of_each([row[0] for row in page.items]))),
    )  # fmt: skip


@bp.post("")
def create(event_id: int) -> Any:
    """Send a message (JSON), or keep it as a draft: 202. A dry run is 200 and stores nothing."""
    if request.is_json and intake.json_body().get("draft") is True:
        return drafts.create(event_id)
    body = intake.parse(MailingIn)
    if body.dry_run:
        return as_json(_dry_run(g.event, body))
    key = intake.needed_key()
    by, asked = access.acting(), body.asked()
    sent = send.replay(event_id, asked, key=key, by=by) if asked else None
    if sent is None:
        message = body.message(event_id)
        begin = schedule.create if message.plan else send.send
        sent = begin(event_id, message, key=key, terms=fragments.terms(), by=by)
    headers = {"Location": url_for("mailings.detail", event_id=event_id, mailing_id=sent.mailing_id)}
    if sent.replayed:
        headers["Idempotent-Replayed"] = "true"
    else:
        tasks.ring_for(sent)
    return as_json(sent.answer, sent.status, headers)


@bp.get("/<id:mailing_id>")
def detail(event_id: int, mailing_id: int) -> Any:
    """One mailing: its text, its audience, who was left out, each outcome, and the log."""
    if draft.is_draft(event_id, mailing_id):
        return drafts.show(event_id, mailing_id)
    mailing = query.find(event_id, mailing_id)
    if wants_fragment():  # a poll of the tracker
        return tracker.page("mailings/detail.html", mailing)
    return tracker.page(
        "mailings/detail.html",
        mailing,
        log=audit_log.of_mailing(event_id, mailing_id),
        reasons=fragments.REASONS,
        based=origin.of_each([mailing]).get(mailing.id),
        pictures=mail_frames.pictures_of(_as_sent(mailing)),
        are_shown=mail_frames.are_asked_for(request.args),
        key=ids.token(24),
        **_table(mailing),
    )


@bp.get("/<id:mailing_id>/mail")
def mail(event_id: int, mailing_id: int) -> Response:
    """The mail as it was sent, with the values of that time, in a frame with a policy of its own."""
    return mail_frames.answer(_as_sent(query.find(event_id, mailing_id)), request.args)


def _as_sent(mailing: Mailing) -> str:
    return preview.as_sent(mailing, query.content(mailing), fragments.terms())


@bp.get("/<id:mailing_id>/recipients")
def recipients(event_id: int, mailing_id: int) -> Response:
    """The outcome for each recipient: a page as JSON, all as CSV, or for htmx the table of the mailing's page."""
    mailing = query.find(event_id, mailing_id)
    if wants_fragment():
        shown = progress.progress(mailing, g.now)
        return respond(page="mailings/_recipients.html", mailing=mailing, progress=shown, **_table(mailing))
    wanted = _state()
    if request.args.get("format") == "csv":
        return csv_answer(
            f"outcome-{mailing_id}.csv",
            ["email", "state", "attempts", "request_id", "last_error", "updated_at", "provider"],
            _outcomes(progress.recipients(mailing, wanted)),
        )
    page = progress.page_of_recipients(mailing, wanted, **intake.paging())
    found = attempts.request_ids([recipient.id for recipient in page.items])
    return as_json(page_out(page, lambda row: recipient_out(row, found.get(row.id, []))))


def _table(mailing: Mailing) -> dict[str, Any]:
    """The values of the table of recipients. Its links lead to the mailing's page, which holds the table."""
    shown = _state()
    page = progress.page_of_recipients(mailing, shown, **intake.paging())
    here: dict[str, Any] = {name: request.args.get(name) for name in ("state", "page", "per_page")}
    here |= {"event_id": mailing.event_id, "mailing_id": mailing.id}
    return {
        "recipients": page,
        "request_ids": attempts.request_ids([recipient.id for recipient in page.items]),
        "shown": shown,
        "tab_states": _tabs(mailing, shown),
        "table_url": url_for(".recipients", **here),
        "url_of": lambda number: url_for(".detail", **here | {"page": number}, _anchor="recipients"),
    }


def _tabs(mailing: Mailing, shown: RecipientState | None) -> list[tuple[str, str, bool, int]]:
    here = url_for("mailings.detail", event_id=mailing.event_id, mailing_id=mailing.id)
    sent = " or ".join(word for word, _ in word_state.sent(mail_services.shares(mailing))).capitalize()
    return [
        (sent if state == RecipientState.SENT else word_state.word(state),
         f"{here}?state={state}#recipients", state == shown, count)
        for state, count in mailing.counts.items()
        if count
    ]  # fmt: skip


def _outcomes(wanted: Any) -> Any:
    for batch in fresh().execute(wanted.execution_options(yield_per=500)).partitions(500):
        found = attempts.request_ids([recipient.id for recipient in batch])
        for recipient in batch:
            row = recipient_out(recipient, found.get(recipient.id, []))
            yield [*(row[name] for name in ("email", "state", "attempts")), " ".join(row["request_ids"]),
                   row["last_error"], row["updated_at"], row["provider"]]  # fmt: skip


def _dry_run(event: Event, body: MailingIn) -> DryRunOut:
    message = body.message(event.id)
    prepared = send.prepare(event.id, message, fragments.terms())
    resolution = send.resolve(prepared)
    time = send_time.checked(message.plan, event, g.now) if message.plan else None
    return {
        "kind": body.kind,
        "dry_run": True,
        "recipient_count": resolution.count,
        "send_at": instant(time.at) if time else None,
        "excluded": [{"reason": reason, "count": number} for reason, number in resolution.excluded.items()],
        "warnings": list(warnings.of(event, message.text, prepared.audience, resolution.count)),
    }


def _page_out(page: Any) -> Any:
    told = query.described_each([row[0] for row in page.items])
    return page_out(page, lambda row: told[row[0].id])


def _state() -> RecipientState | None:
    name = request.args.get("state")
    if name and name not in set(RecipientState):
        message = f"“{name}” is not a state; there are {', '.join(RecipientState)}."
        raise InvalidInput.at("state", "UNKNOWN_STATE", message)
    return RecipientState(name) if name else None
