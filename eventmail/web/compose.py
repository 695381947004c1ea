"""The one composer and the one tracker: what their fragments are given, whatever page they stand on."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from flask import current_app, g, request, url_for
from sqlalchemy import select
from werkzeug.local import LocalProxy

from eventmail.db import fresh
from eventmail.domain import audience as audiences
from eventmail.domain import contents, coverage, home, mailings, merge, picker, stepping, test_sends
from eventmail.domain.audience import Audience, Resolution
from eventmail.domain.contents import Draft, Text
from eventmail.domain.coverage import Gap
from eventmail.domain.mailings import Message
from eventmail.domain.merge import Place
from eventmail.domain.stepping import Step
from eventmail.errors import EventArchived, InvalidAudience, InvalidInput, NoRecipients
from eventmail.ids import row_id
from eventmail.models import Event, Guest
from eventmail.records import Limits
from eventmail.states import MailingKind
from eventmail.web import access, intake, picking
from eventmail.web.context import is_live, settings


class Prefix(StrEnum):
    """Begins every data-test of a composer or tracker; the pages' stable attributes are made of it."""

    MESSAGE = "guest-message"


LISTS = frozenset({"statuses", "segments", "guests", "exclude_segments"})


@dataclass(frozen=True)
class Live:
    """What changes while somebody writes: who gets it, who won't, how it reads, what is missing or wrong."""

    resolution: Resolution | None
    draft: Draft
    step: Step
    subject: str  # as the guest of `step` reads it
    gaps: list[Gap]
    missing: list[str]
    wrong: list[str]
    audience: Audience | None
    complaint: str  # what is wrong with who was picked

    @property
    def count(self) -> int:
        return self.resolution.count if self.resolution else 0

    @property
    def to(self) -> dict[str, list[str]]:
        """The audience in the words of the organizer, as a mailing keeps it."""
        return self.audience.as_json() if self.audience else {}


def place() -> Place:
    """Where this instance sends from."""
    chosen, outside = settings(), current_app.extensions["provider"].outside
    return Place(
        chosen.public_url,
        chosen.secret,
        outside=outside,
        undo=timedelta(seconds=chosen.undo_seconds),
        limits=Limits(chosen.quota_per_day, chosen.quota_per_month),
        hindrances=(*(() if is_live() else (home.SENTENCE,)), *chosen.hindrances(outside=outside)),
    )


def typed() -> dict[str, Any]:
    """The composer's form as it was typed; on a first visit empty, or the message that `again` names (S7)."""
    if request.method == "GET" and (again := row_id(request.args.get("again", ""))):
        return _again(g.event.id, again)
    form = request.form if request.method == "POST" else request.args
    return {
        "subject": form.get("subject", ""),
        "preheader": form.get("preheader", ""),
        "body": form.get("body", ""),
        "guest": form.get("step") or form.get("guest_shown") or "",
        "to": " ".join(form.getlist("to")),
        "audience": {name: [value for value in form.getlist(name) if value] for name in LISTS},
    }


def _again(event_id: int, mailing_id: int) -> dict[str, Any]:
    mailing = mailings.find(event_id, mailing_id)
    content = mailings.content(mailing)
    to = ", ".join(recipient.email for recipient in test_sends.recipients(mailing_id))
    return {
        "subject": content.subject,
        "preheader": content.preheader,
        "body": content.body,
        "guest": str(mailing.as_guest_id or ""),
        "to": to if mailing.kind == MailingKind.TEST and to != g.user.email else "",
        "audience": {name: mailing.audience.get(name, []) for name in LISTS},
    }


def text(values: dict[str, Any]) -> Text:
    """The text of a form."""
    return Text(values["subject"], values["preheader"], values["body"])


def message(values: dict[str, Any]) -> Message:
    """The text and the audience of a form, with what the review showed of it."""
    return Message(text(values), values["audience"], request.form.get("seen", ""))


def live(event: Event, values: dict[str, Any]) -> Live:
    """Everything that changes while somebody writes, from what is typed so far; nothing here refuses."""
    audience = _audience(event.id, values)
    resolution = audiences.resolve(fresh(), audience) if audience else None
    draft = contents.preview(event.id, text(values), access.acting())
    step = stepping.step(audience, event.id, _chosen(values, audience))
    subject = _subject(event, draft, step)
    gaps = _gaps(event, draft, audience, resolution) if audience and resolution and resolution.count else []
    complaint = "" if audience else _complaint(event.id, values)
    archived = [EventArchived.sentence] if event.archived_at else []
    wrong = [*place().hindrances, *archived, *draft.problems, *([complaint] if complaint else [])]
    if resolution and not resolution.count:
        wrong.append(NoRecipients.sentence)
    return Live(resolution, draft, step, subject, gaps, _missing(values, audience), wrong, audience, complaint)


def reader(event: Event, values: dict[str, Any]) -> Guest | None:
    """The guest as whom the preview of a form is read."""
    audience = _audience(event.id, values)
    return stepping.step(audience, event.id, _chosen(values, audience)).guest


def _subject(event: Event, draft: Draft, step: Step) -> str:
    if draft.content_id is None:
        return ""
    return contents.rendered(contents.find(event.id, draft.content_id), event, step.guest, g.user, place()).subject


def page(event: Event, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """The context of a composer page."""
    values = values or typed()
    return {
        "prefix": Prefix.MESSAGE,
        "typed": values,
        "choices": LocalProxy(cache(lambda: picker.choices(event.id))),  # the page counts, its live parts don't
        "hand": LocalProxy(cache(lambda: picking.hand(event.id, values["audience"]["guests"]))),
        "live": live(event, values),
        "key": mailings.key_for(event.id, message(values), _key(), access.acting()),
        "fields": merge.fields(event.id),
        "exclusions_url": url_for("messaging.exclusions", event_id=event.id, **_criteria(values)),
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


def _key() -> str | None:
    try:
        return intake.idempotency_key()
    except InvalidInput:
        return None  # the page that says so is made with a new one


def _criteria(values: dict[str, Any]) -> dict[str, Any]:
    return {name: picked for name, picked in values["audience"].items() if picked}


def _audience(event_id: int, values: dict[str, Any]) -> Audience | None:
    try:
        return audiences.checked(event_id, values["audience"], outside=place().outside)
    except InvalidAudience:
        return None


def _complaint(event_id: int, values: dict[str, Any]) -> str:
    """What is wrong with who was picked, e.g. a segment that was removed since; nothing while nobody is."""
    try:
        if _criteria(values):
            audiences.checked(event_id, values["audience"], outside=False)
    except InvalidAudience as error:
        return error.detail
    return ""


def _chosen(values: dict[str, Any], audience: Audience | None) -> int | None:
    """The guest that was stepped to, unless the audience has changed since and that guest won't get it any more."""
    guest_id = row_id(values["guest"])
    if guest_id is None or audience is None:
        return guest_id
    return fresh().scalar(select(Guest.id).where(Guest.id == guest_id, audiences.is_recipient(audience)))


def _gaps(event: Event, draft: Draft, audience: Audience, resolution: Resolution) -> list[Gap]:
    constants = merge.constants(event, merge.sender(event, g.user), place())
    return coverage.gaps(draft.compiled, merge.fields(event.id), constants, audience, resolution.count)


def _missing(values: dict[str, Any], audience: Audience | None) -> list[str]:
    found = {
        "Tick who should get it": audience is not None or _criteria(values),
        "Write a subject": values["subject"].strip(),
        "Write the message": values["body"].strip(),
    }
    return [sentence for sentence, there in found.items() if not there]
