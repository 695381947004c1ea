"""Scheduled messages: the list, a new one, and one that can be changed until its cutoff (H3)."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import clock, tasks
from eventmail.db import fresh
from eventmail.db.paging import paginate
from eventmail.domain.mailings import drafts, query, schedule, scheduled_list
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.domain.mailings.send_time import plan_of_schedule
from eventmail.errors import AlreadySent, DraftConflict, IdempotencyKeyReused
from eventmail.models import Event, Mailing, Schedule
from eventmail.states import WITHOUT_A_RUN, MailingKind, MailingState
from eventmail.web import tracker
from eventmail.web.composer import draft as composer_draft
from eventmail.web.composer import fragments, time_fields
from eventmail.web.composer.form import ComposerForm
from eventmail.web.core import access, intake
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, go_to, page_out, respond, see_other, wants_fragment, wants_json
from eventmail.web.messaging import on_another_page, views
from eventmail.web.messaging.page import answer, typed
from eventmail.web.scheduling import rows
from eventmail.web.scheduling.page import COMPOSER, listing
from eventmail.web.scheduling.rows import Row
from eventmail.web.words import schedule as words

bp = Blueprint("scheduling", __name__, url_prefix="/admin/events/<id:event_id>/scheduled")
on_another_page.serve(COMPOSER, bp)

_ANOTHER = "Another text was scheduled from this page. This one was not: look at it once more, then schedule it."


@bp.get("")
def compose(event_id: int) -> Response:
    """The scheduled messages, and an empty composer for another one."""
    if wants_json():
        page = paginate(scheduled_list.listed(event_id, intake.chosen("group", Group), g.now), **intake.paging())
        told = query.described_each(fresh().scalars(query.these([row.id for row in page.items])).all())
        return as_json(page_out(page, lambda row: told[row.id]))
    if wants_fragment():
        return respond(page="scheduling/_list.html", **listing())
    return views.composer(event_id)


@bp.post("", endpoint="schedule")
@shown_by(views.composer)
def create(event_id: int) -> Any:
    """Schedule what is on the page. The second click of a double click leads to the same message."""
    key = intake.needed_key()
    form, by = typed(), access.acting()
    try:
        terms = fragments.terms()
        sent = schedule.create(event_id, form.message, key=key, terms=terms, by=by, draft=form.before, twin=False)
    except IdempotencyKeyReused:
        raise AlreadySent(_ANOTHER) from None
    except AlreadySent as error:
        before = error.mailing_id
        if before is None or not composer_draft.same(event_id, before, form):
            raise  # another text was scheduled, so the one that was written stays on the page
        flash(error.detail)
        return go_to(url_for("scheduling.watch", event_id=event_id, mailing_id=before))
    tasks.ring_for(sent)
    return _scheduled(event_id, sent.mailing_id)


@bp.post("/later")
@shown_by(views.composer)
def later(event_id: int) -> Any:
    """Keep what was written on “New message” as a draft, and open it where it gets a time."""
    saved = composer_draft.save(event_id, replace(typed(), time=None))
    if saved is None:
        return go_to(url_for("scheduling.compose", event_id=event_id) + "#schedule")
    return go_to(url_for("scheduling.watch", event_id=event_id, mailing_id=saved.mailing_id))


@bp.get("/<id:mailing_id>")
def watch(event_id: int, mailing_id: int, problem: Problem | None = None) -> Any:
    """A message: a draft or a scheduled one in the composer, one that was sent or cancelled with its tracker."""
    if draft := drafts.find(event_id, mailing_id):
        return as_json(drafts.state(event_id, mailing_id)) if wants_json() else views.composer(event_id, draft=draft)
    mailing = query.find(event_id, mailing_id)
    held = query.schedule(mailing)
    if held and mailing.state in WITHOUT_A_RUN and not (wants_json() or wants_fragment()):
        return _open(g.event, mailing, held, problem)
    return tracker.own_page(mailing, problem=problem)


@bp.get("/<id:mailing_id>/standing")
def standing(event_id: int, mailing_id: int) -> Any:
    """How a scheduled message stands, for its open page: until when it can be changed, that it has begun to go out."""
    mailing = query.find(event_id, mailing_id)
    if query.schedule(mailing) is None:
        return see_other(tracker.own_url(mailing))
    return respond(page="scheduling/_standing.html", row=_row(mailing_id), locked=request.args.get("form") != "open")


@bp.post("/<id:mailing_id>")
@shown_by(watch)
def change(event_id: int, mailing_id: int) -> Any:
    """Change a scheduled message, as it was at the revision that the page showed."""
    form = replace(typed(), editing=mailing_id)
    schedule.change(
        event_id, mailing_id, form.message, terms=fragments.terms(), by=access.acting(), revision=form.revision or None
    )
    tasks.ring_due()
    return _scheduled(event_id, mailing_id)


def _open(event: Event, mailing: Mailing, held: Schedule, problem: Problem | None) -> Response:
    """The composer with a scheduled message: with what was typed after a refusal; locked past its cutoff (H3)."""
    form = replace(typed(), editing=mailing.id) if problem else _form(event, mailing, held)
    is_open = mailing.state == MailingState.SCHEDULED and schedule.is_open(held, clock.now())
    return answer(
        form,
        problem=problem,
        row=_row(mailing.id),
        locked=not is_open,
        came_late=problem is not None and isinstance(problem.error, DraftConflict),
        submit_url=url_for("scheduling.change", event_id=event.id, mailing_id=mailing.id),
    )


def _row(mailing_id: int) -> Row:
    found = fresh().execute(scheduled_list.one(g.event.id, mailing_id, g.now)).all()
    [row] = rows.of(found, g.event, fragments.terms())
    return row


def _form(event: Event, mailing: Mailing, held: Schedule) -> ComposerForm:
    """The form that changes nothing when it is saved as it is."""
    content = query.content(mailing)
    return replace(
        typed(),
        text=Text(content.subject, content.preheader, content.body),
        dialect=content.dialect,
        audience=drafts.criteria(mailing.audience),
        time=time_fields.of(plan_of_schedule(held), event.timezone),
        editing=mailing.id,
        revision=held.revision,
        kind=MailingKind(mailing.kind),
    )


def _scheduled(event_id: int, mailing_id: int) -> Any:
    """The list, with the row of the message that was scheduled or changed."""
    row = _row(mailing_id)
    flash(words.scheduled(row.due, row.mailing.n_queued, row.held.edit_cutoff_at, g.event.zone, clock.now()))
    # `now` makes it another address than the list's: a browser that only moves to an anchor loads nothing
    return go_to(url_for("scheduling.compose", event_id=event_id, now=mailing_id, _anchor=f"scheduled-{mailing_id}"))
