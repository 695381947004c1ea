"""The context of the composer's fragments, for any page."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from flask import current_app, g, url_for
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.local import LocalProxy

from eventmail.content.compile import TooMuch
from eventmail.content.editor_html import editor_html
from eventmail.db import fresh
from eventmail.domain.audience import picker, resolve
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import (
    contents,
    dead_links,
    fallbacks,
    merge_values,
    preview,
    preview_as,
    preview_steps,
    send,
    senders,
)
from eventmail.domain.terms import SendingTerms, of_settings
from eventmail.errors import InvalidAudience
from eventmail.ids import row_id
from eventmail.models import Event, Guest
from eventmail.web.composer import draft as composer_draft
from eventmail.web.composer import mail_frames, picking
from eventmail.web.composer import when as composer_when
from eventmail.web.composer.checks import Checks, Written, look_over
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.page import Composer
from eventmail.web.core import access
from eventmail.web.core.context import is_live, settings
from eventmail.web.words import chips

MOST_MISSING = "most-missing"  # instead of a guest to step to


@dataclass(frozen=True)
class Live:
    """Everything that changes while somebody writes: recipients, exclusions, preview, checks."""

    resolution: resolve.Resolution | None
    draft: contents.Draft
    step: preview_steps.Step
    rank: int | None  # of the step's guest among the recipients, by name
    kept: str  # the chosen guest whom the preview still shows; "" while it simply shows the first
    reading: preview.Reading
    found: preview_as.Found | None  # by the search for a reader
    gaps: list[fallbacks.Gap]
    checks: Checks
    audience: resolve.Audience | None
    complaint: str  # about the audience
    when: composer_when.When | None  # on a page with a picker

    @property
    def count(self) -> int:
        return self.resolution.count if self.resolution else 0

    @property
    def to(self) -> dict[str, list[str]]:
        """The audience as a mailing keeps it."""
        return self.audience.as_json() if self.audience else {}


def terms() -> SendingTerms:
    """The terms on which this instance sends."""
    provider, lock = current_app.extensions["provider"], "" if is_live() else live_lock.SENTENCE
    return of_settings(settings(), service=provider.name, outside=provider.outside, lock=lock)


def live(event: Event, form: ComposerForm) -> Live:
    """Everything that changes while somebody writes, from the form as it is typed so far. Refuses nothing."""
    audience = _audience(event.id, form)
    resolution = resolve.resolve(fresh(), audience) if audience else None
    count = resolution.count if resolution else 0
    draft = contents.preview(event.id, form.text, access.acting())
    chosen = _chosen(form, audience, draft)
    step = preview_steps.step(audience, event.id, chosen)
    here = terms()
    constants = merge_values.constants(event, merge_values.sender(event, g.user, here), here)
    reached = audience if count else None
    gaps = fallbacks.gaps(draft.compiled, merge_values.fields(event.id), constants, reached, count) if reached else []
    complaint = "" if audience else _complaint(event.id, form)
    dead = dead_links.find(draft.compiled, merge_values.fields(event.id), constants, reached, count) if reached else []
    when = composer_when.of(event, form, here.edit_cutoff)
    changes = g.composer.keeps.changes(event.id, form)
    written = Written(
        form, draft, audience, resolution, gaps, dead, changes, complaint, constants, when, g.composer.addressed
    )
    return Live(
        resolution,
        draft,
        step,
        preview_as.position(reached, step.guest, excluded=resolution.excluded_count)
        if step.guest and reached and resolution
        else None,
        str(chosen) if chosen and step.guest and step.guest.id == chosen else "",
        preview.reading(draft.compiled, event, step.guest, g.user, here),
        preview_as.find(audience, form.reader) if audience and form.reader else None,
        gaps,
        look_over(event, written, here),
        audience,
        complaint,
        when,
    )


def reader(event: Event, form: ComposerForm) -> Guest | None:
    """The guest whose mail the preview of a form shows."""
    audience = _audience(event.id, form)
    return preview_steps.step(audience, event.id, _chosen(form, audience, None)).guest


def page(composer: Composer, event: Event, form: ComposerForm) -> dict[str, Any]:
    """The context of a composer page."""
    shown = live(event, form)
    found = mail_frames.pictures_of(preview.html(shown.draft.compiled, event, shown.step.guest, g.user, terms()))
    form = replace(form, look=form.look.of(found))
    return {
        "composer": composer,
        "typed": form,
        "choices": LocalProxy(cache(lambda: picker.choices(event.id))),  # the live parts of the page need none
        "hand": LocalProxy(cache(lambda: picking.hand(event.id, form.audience["guests"], form.find))),
        "live": shown,
        "examples": LocalProxy(cache(lambda: preview.examples(event, shown.step.guest, g.user, terms()))),
        "key": send.key_for(event.id, form.message, form.key, access.acting()),
        "fields": merge_values.fields(event.id),
        "shown_body": LocalProxy(cache(lambda: _shown_body(event.id, form.text.body))),
        "field_labels": {name: known.label for name, known in merge_values.fields(event.id).items()},
        "pictures": found,
        "sender": senders.of(event, g.user, terms()),
        "snapshot": form.snapshot,
        "event_seen": form.event_seen,
        "draft": LocalProxy(cache(lambda: composer.keeps.on_page(event.id, form))),
        "based": LocalProxy(cache(lambda: composer_draft.based_on(event.id, form))),
        "drafts": LocalProxy(cache(lambda: composer_draft.listed(event.id))),
        "exclusions_url": url_for(composer.urls.exclusions, event_id=event.id, **form.picked)
        if composer.addressed
        else "",
        "reasons": REASONS,
    }


def _shown_body(event_id: int, body: str) -> Markup:
    """A body as the editor shows it, for the page to show until the editor is there; empty if it is too much."""
    fields = merge_values.fields(event_id)
    try:
        return Markup(editor_html(body, fields, lambda text: chips.marked(text, fields)))  # noqa: S704, it escapes texts
    except TooMuch:
        return Markup("")


REASONS = {
    "no_address": "without an address",
    "bounced": "bounced",
    "unsubscribed": "unsubscribed",
    "suppressed": "on the do-not-mail list",
    "duplicate_address": "sharing an address",
    "reserved_address": "with an address nobody can have",
}


def _audience(event_id: int, form: ComposerForm) -> resolve.Audience | None:
    try:
        return resolve.checked(event_id, form.audience, outside=terms().outside)
    except InvalidAudience:
        return None


def _complaint(event_id: int, form: ComposerForm) -> str:
    """The complaint about the audience, such as a removed segment; "" while nobody is picked."""
    try:
        if form.picked:
            resolve.checked(event_id, form.audience, outside=False)
    except InvalidAudience as error:
        return error.detail
    return ""


def _chosen(form: ComposerForm, audience: resolve.Audience | None, draft: contents.Draft | None) -> int | None:
    """The guest that was stepped to, if this guest is still a recipient of the audience."""
    if form.guest == MOST_MISSING:
        return preview_as.most_missing(audience, draft.compiled) if audience and draft else None
    guest_id = row_id(form.guest)
    if guest_id is None or audience is None:
        return guest_id
    return fresh().scalar(select(Guest.id).where(Guest.id == guest_id, resolve.is_recipient(audience)))
