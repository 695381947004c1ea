"""The one composer and the one tracker: what their fragments are given, whatever page they stand on."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

from flask import current_app, g, url_for
from sqlalchemy import select
from werkzeug.local import LocalProxy

from eventmail.db import fresh
from eventmail.domain.audience import picker
from eventmail.domain.audience import resolve as audiences
from eventmail.domain.audience.resolve import Audience, Resolution
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
from eventmail.domain.mailings.contents import Draft
from eventmail.domain.mailings.fallbacks import Gap
from eventmail.domain.mailings.preview import Reading
from eventmail.domain.mailings.preview_as import Found
from eventmail.domain.mailings.preview_steps import Step
from eventmail.domain.terms import SendingTerms
from eventmail.errors import InvalidAudience
from eventmail.ids import row_id
from eventmail.models import Event, Guest
from eventmail.records import Limits
from eventmail.states import is_practice
from eventmail.web.composer import checks as composer_checks
from eventmail.web.composer import draft as composer_draft
from eventmail.web.composer import mail_frames, picking
from eventmail.web.composer.checks import Checks, Written
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.page import Composer
from eventmail.web.core import access
from eventmail.web.core.context import is_live, settings

MOST_MISSING = "most-missing"  # instead of a guest to step to


@dataclass(frozen=True)
class Live:
    """What changes while somebody writes: who gets it, who won't, how it reads, what is missing or wrong."""

    resolution: Resolution | None
    draft: Draft
    step: Step
    rank: int | None  # of that guest among the recipients by name
    kept: str  # the guest who was chosen and is still read; "" while it is simply the first
    reading: Reading
    found: Found | None  # whom the search for a reader finds
    gaps: list[Gap]
    checks: Checks
    audience: Audience | None
    complaint: str  # what is wrong with who was picked

    @property
    def count(self) -> int:
        return self.resolution.count if self.resolution else 0

    @property
    def to(self) -> dict[str, list[str]]:
        """The audience in the words of the organizer, as a mailing keeps it."""
        return self.audience.as_json() if self.audience else {}


def terms() -> SendingTerms:
    """Where this instance sends from."""
    chosen, provider = settings(), current_app.extensions["provider"]
    return SendingTerms(
        chosen.public_url,
        chosen.secret,
        outside=provider.outside,
        undo=timedelta(seconds=chosen.undo_seconds),
        limits=Limits(chosen.quota_per_day, chosen.quota_per_month),
        hindrances=(*(() if is_live() else (live_lock.SENTENCE,)), *chosen.hindrances(outside=provider.outside)),
        connected=not is_practice(provider.name),
        sender_name=chosen.sender_name,
        sender_email=chosen.sender,
    )


def live(event: Event, form: ComposerForm) -> Live:
    """Everything that changes while somebody writes, from what is typed so far; nothing here refuses."""
    audience = _audience(event.id, form)
    resolution = audiences.resolve(fresh(), audience) if audience else None
    draft = contents.preview(event.id, form.text, access.acting())
    chosen = _chosen(form, audience, draft)
    step = preview_steps.step(audience, event.id, chosen)
    here = terms()
    constants = merge_values.constants(event, merge_values.sender(event, g.user, here), here)
    reached = audience if resolution and resolution.count else None
    gaps = _gaps(event, draft, constants, reached, resolution) if reached and resolution else []
    complaint = "" if audience else _complaint(event.id, form)
    count = resolution.count if resolution else 0
    dead = dead_links.find(draft.compiled, merge_values.fields(event.id), constants, reached, count) if reached else []
    written = Written(
        form, draft, audience, resolution, gaps, dead, composer_draft.changes(event.id, form), complaint, constants
    )
    return Live(
        resolution,
        draft,
        step,
        _position(step.guest, reached, resolution),
        str(chosen) if chosen and step.guest and step.guest.id == chosen else "",
        preview.reading(draft.compiled, event, step.guest, g.user, here),
        preview_as.find(audience, form.reader) if audience and form.reader else None,
        gaps,
        composer_checks.look_over(event, written, here),
        audience,
        complaint,
    )


def _position(guest: Guest | None, audience: Audience | None, resolution: Resolution | None) -> int | None:
    if guest is None or audience is None or resolution is None:
        return None
    return preview_as.position(audience, guest, excluded=resolution.excluded_count)


def reader(event: Event, form: ComposerForm) -> Guest | None:
    """The guest as whom the preview of a form is read."""
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
        "choices": LocalProxy(cache(lambda: picker.choices(event.id))),  # the page counts, its live parts don't
        "hand": LocalProxy(cache(lambda: picking.hand(event.id, form.audience["guests"], form.find))),
        "live": shown,
        "examples": LocalProxy(cache(lambda: preview.examples(event, shown.step.guest, g.user, terms()))),
        "key": send.key_for(event.id, form.message, form.key, access.acting()),
        "fields": merge_values.fields(event.id),
        "pictures": found,
        "sender": senders.of(event, g.user, terms()),
        "snapshot": form.snapshot,
        "event_seen": form.event_seen,
        "draft": LocalProxy(cache(lambda: composer_draft.on_page(event.id, form))),
        "drafts": LocalProxy(cache(lambda: composer_draft.listed(event.id))),
        "exclusions_url": url_for(composer.urls.exclusions, event_id=event.id, **form.picked),
        "reasons": REASONS,
    }


REASONS = {
    "no_address": "without an address",
    "bounced": "bounced",
    "unsubscribed": "unsubscribed",
    "suppressed": "on the do-not-mail list",
    "duplicate_address": "sharing an address",
    "reserved_address": "with an address nobody can have",
}


def _audience(event_id: int, form: ComposerForm) -> Audience | None:
    try:
        return audiences.checked(event_id, form.audience, outside=terms().outside)
    except InvalidAudience:
        return None


def _complaint(event_id: int, form: ComposerForm) -> str:
    """What is wrong with who was picked, e.g. a segment that was removed since; nothing while nobody is."""
    try:
        if form.picked:
            audiences.checked(event_id, form.audience, outside=False)
    except InvalidAudience as error:
        return error.detail
    return ""


def _chosen(form: ComposerForm, audience: Audience | None, draft: Draft | None) -> int | None:
    """The guest that was stepped to, unless the audience has changed since and that guest won't get it any more."""
    if form.guest == MOST_MISSING:
        return preview_as.most_missing(audience, draft.compiled) if audience and draft else None
    guest_id = row_id(form.guest)
    if guest_id is None or audience is None:
        return guest_id
    return fresh().scalar(select(Guest.id).where(Guest.id == guest_id, audiences.is_recipient(audience)))


def _gaps(
    event: Event, draft: Draft, constants: dict[str, str | None], audience: Audience, resolution: Resolution
) -> list[Gap]:
    return fallbacks.gaps(draft.compiled, merge_values.fields(event.id), constants, audience, resolution.count)
