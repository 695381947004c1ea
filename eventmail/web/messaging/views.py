"""Writing a message to guests: compose, preview, review, send, watch."""

from dataclasses import astuple
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for
from sqlalchemy import select

from eventmail import ids, tasks
from eventmail.addresses import normalized
from eventmail.content import highlights
from eventmail.db import fresh
from eventmail.db.paging import paginate
from eventmail.domain.audience import exclusions as audience_exclusions
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience import snapshots
from eventmail.domain.mailings import calendar_mails, contents, drafts, merge_values, preview_steps, query
from eventmail.domain.mailings import preview as mailing_preview
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.suppressions import entries
from eventmail.errors import AlreadySent, DraftConflict, IdempotencyKeyReused
from eventmail.models import Event, Guest
from eventmail.web import tracker
from eventmail.web.composer import draft as composer_draft
from eventmail.web.composer import fragments, mail_frames, test_result, warnings
from eventmail.web.composer.schemas import AudiencePreview, exclusion_out
from eventmail.web.core import access, intake
from eventmail.web.core.csv_out import csv_answer
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, page_out, respond, see_other, wants_fragment, wants_json
from eventmail.web.messaging.page import COMPOSER, answer, typed
from eventmail.web.messaging.schemas import sample_out

bp = Blueprint("messaging", __name__, url_prefix="/admin/events/<id:event_id>")
COMPOSER.serves(bp)


def composer(event_id: int, problem: Problem | None = None, *, draft: drafts.Shown | None = None) -> Response:
    """The composer's page: empty, with a draft, or with what was typed and why it was refused."""
    form = typed().of(draft, g.event.timezone) if draft else typed()
    error = problem.error if problem else None
    conflict = isinstance(error, DraftConflict) and error.conflict is not None
    return answer(
        form,
        problem=problem,
        tested=test_result.again(event_id, request.args.get("again", "")),
        refused=conflict,
        theirs=composer_draft.theirs(event_id, form) if conflict else None,
    )


@bp.get("/messages", endpoint="compose")
def new_message(event_id: int) -> Response:
    """The newest draft of this person, or an empty message."""
    return composer(event_id, draft=None if request.args else drafts.newest(event_id, g.user.id, g.composer.kind))


@bp.post("/messages/preview")
def preview(event_id: int) -> Response:
    """The live parts of the composer: count, preview, and what is in the way of sending."""
    form = typed()
    shown = answer(form, fragment="composer/_live.html")
    if form.time and form.time.taken:
        shown.headers["HX-Trigger"] = "time-taken"  # nobody typed, so the draft has to be told to save itself
    return shown


@bp.get("/messages/previews/<id:content_id>")
def mail(event_id: int, content_id: int) -> Response:
    """One kept text as a guest would read it: the HTML that is sent, in a frame with a policy of its own.

    `marks=on` highlights the merged values, `scheme=dark` or `light` overrides what the browser prefers, `pictures=on`
    loads foreign pictures.
    """
    event: Event = g.event
    content = contents.find(event_id, content_id)
    guest_id = ids.row_id(request.args.get("guest", ""))
    guest = fresh().scalars(select(Guest).where(Guest.id == guest_id, Guest.event_id == event_id)).one_or_none()
    rendered = contents.rendered(content, event, guest, g.user, fragments.terms())
    if request.args.get("part") == "text":
        plain = mail_frames.answer(rendered.text, request.args)
        plain.mimetype = "text/plain"
        return plain
    marks, scheme = request.args.get("marks") == "on", request.args.get("scheme")
    html = mailing_preview.highlighted(content, event, guest, g.user, fragments.terms()) if marks else rendered.html
    return mail_frames.answer(highlights.in_scheme(html, dark=scheme == "dark") if scheme else html, request.args)


@bp.post("/messages/review")
@shown_by(composer)
def review(event_id: int) -> Response:
    """The last look before a message leaves: every check, and one sentence that says what will happen."""
    event: Event = g.event
    form = typed()
    # no snapshot: a review shows who would get it now
    looked_at = mailing_send.Message(form.text, form.audience, kind=form.kind)
    form = composer_draft.keep(event_id, form)
    prepared = mailing_send.prepare(event_id, looked_at, fragments.terms())
    calendar_mails.check_holds(event, form.shown.about if form.shown else None)
    mailing_send.resolve(prepared)
    return answer(
        form,
        review=True,
        snapshot=snapshots.freeze(prepared.audience, access.acting()),
        event_seen=merge_values.looked_at(event, g.user, fragments.terms()),
    )


@bp.post("/messages")
@shown_by(composer)
def send(event_id: int) -> Any:
    """Send what was reviewed. The second click of a double click leads to the same message."""
    key = intake.needed_key()
    form, by = typed(), access.acting()
    try:
        sent = mailing_send.send(event_id, form.message, key=key, terms=fragments.terms(), by=by, draft=form.before)
    except IdempotencyKeyReused:
        raise composer_draft.another_sent(event_id, form) from None
    except AlreadySent as error:
        before = error.mailing_id
        if before is None or not composer_draft.same(event_id, before, form):
            raise  # another text was sent, so the one that was written stays on the page
        flash(error.detail)
        return see_other(url_for(g.composer.urls.watch, event_id=event_id, mailing_id=before))
    if sent.job_id is not None:
        tasks.ring(sent.job_id)
    return see_other(url_for(g.composer.urls.watch, event_id=event_id, mailing_id=sent.mailing_id))


@bp.get("/messages/<id:mailing_id>")
def watch(event_id: int, mailing_id: int) -> Any:
    """A message: a draft in the composer, or a sent one with its tracker; other kinds have pages of their own."""
    if draft := drafts.find(event_id, mailing_id):
        if wants_json():
            return as_json(drafts.state(event_id, mailing_id))
        elsewhere = draft.kind != g.composer.kind
        return see_other(tracker.draft_url(event_id, draft)) if elsewhere else composer(event_id, draft=draft)
    mailing = query.find(event_id, mailing_id)
    if tracker.own(mailing).watch != g.composer.urls.watch and not (wants_json() or wants_fragment()):
        return see_other(tracker.own_url(mailing))
    return tracker.own_page(mailing)


@bp.route("/messages/exclusions", methods=["GET", "POST"])
def exclusions(event_id: int) -> Response:
    """The guests who won't get the message, each with the reason, as a page and as a CSV (A2).

    A POST brings the composer's form, since an address has no room for many guests picked by hand.
    """
    picked = audiences.checked(event_id, typed().audience, outside=fragments.terms().outside)
    listed = audience_exclusions.excluded(picked).order_by(Guest.search_key, Guest.id)
    if request.args.get("format") == "csv":
        rows = fresh().execute(listed.execution_options(yield_per=500))
        return csv_answer(
            f"wont-get-it-{event_id}.csv",
            ["email", "first_name", "last_name", "reason"],
            ([row.email, row.first_name, row.last_name, fragments.REASONS[row.reason]] for row in rows),
        )
    page = paginate(listed, **intake.paging())
    shared = [row.shares_with for row in page.items if row.shares_with]
    names = {guest.id: guest for guest in fresh().scalars(select(Guest).where(Guest.id.in_(shared)))}
    return respond(
        page="messages/exclusions.html",
        composer=g.composer,
        json=lambda: page_out(page, exclusion_out),
        excluded=page,
        names=names,
        entries=entries.entries(event_id, [normalized(row.email) for row in page.items if row.email], g.user),
        normalized=normalized,
        reasons=fragments.REASONS,
    )


@bp.post("/audience-previews")
def audience_preview(event_id: int) -> Response:
    """How many would get a message, how many won't for each reason, and five who would."""
    body = intake.parse(AudiencePreview)
    text = contents.Text(body.subject, body.preheader, body.body)
    picked = audiences.checked(event_id, body.audience.model_dump(), outside=fragments.terms().outside)
    resolution = audiences.resolve(fresh(), picked)
    return as_json(
        {
            "count": resolution.count,
            "excluded": [{"reason": reason, "count": number} for reason, number in resolution.excluded.items()],
            "sample": [sample_out(guest) for guest in preview_steps.sample(picked)],
            "warnings": list(warnings.of(g.event, text, picked, resolution.count)) if any(astuple(text)) else [],
            "snapshot": snapshots.freeze(picked, access.acting()),
        }
    )
