"""The one composer and the one tracker: what their fragments are given, whatever page they stand on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import g, request, url_for

from eventmail.db import fresh
from eventmail.domain import audience as audiences
from eventmail.domain import contents, coverage, merge
from eventmail.domain.audience import Audience, Resolution, Step
from eventmail.domain.contents import Draft, Text
from eventmail.domain.coverage import Gap
from eventmail.domain.mailings import Message
from eventmail.domain.merge import Place
from eventmail.errors import InvalidAudience
from eventmail.ids import row_id
from eventmail.models import Event
from eventmail.web import access
from eventmail.web.context import settings


class Prefix(StrEnum):
    """Begins every data-test of a composer or tracker; the pages' stable attributes are made of it."""

    MESSAGE = "guest-message"


LISTS = frozenset({"statuses", "segments", "guests", "exclude_segments"})


@dataclass(frozen=True)
class Live:
    """What changes while somebody writes: who gets it, who won't, how it reads, what is in the way."""

    resolution: Resolution | None
    draft: Draft
    step: Step
    gaps: list[Gap]
    blockers: list[str]

    @property
    def count(self) -> int:
        return self.resolution.count if self.resolution else 0


def place() -> Place:
    """Where this instance sends from."""
    return Place(settings().public_url, settings().secret, outside=settings().provider != "outbox")


def typed() -> dict[str, Any]:
    """The composer's form as it was typed; an empty one on a first visit."""
    form = request.form if request.method == "POST" else request.args
    return {
        "subject": form.get("subject", ""),
        "preheader": form.get("preheader", ""),
        "body": form.get("body", ""),
        "guest": form.get("step") or form.get("guest_shown") or "",
        "audience": {name: [value for value in form.getlist(name) if value] for name in LISTS},
    }


def text(values: dict[str, Any]) -> Text:
    return Text(values["subject"], values["preheader"], values["body"])


def message(values: dict[str, Any]) -> Message:
    return Message(text(values), values["audience"])


def live(event: Event, values: dict[str, Any]) -> Live:
    """Everything that changes while somebody writes, from what is typed so far; nothing here refuses."""
    audience = _audience(event.id, values)
    resolution = audiences.resolve(fresh(), audience) if audience else None
    draft = contents.preview(event.id, text(values), access.acting())
    step = audiences.step(audience, event.id, row_id(values["guest"]))
    gaps = _gaps(event, draft, audience, resolution) if audience and resolution and resolution.count else []
    return Live(resolution, draft, step, gaps, _blockers(values, draft, resolution))


def page(event: Event, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """The context of a composer page."""
    values = values or typed()
    return {
        "prefix": Prefix.MESSAGE,
        "typed": values,
        "choices": audiences.choices(event.id),
        "live": live(event, values),
        "fields": merge.fields(event.id).values(),
        "exclusions_url": url_for("messaging.exclusions", event_id=event.id, **_criteria(values)),
        "reasons": REASONS,
    }


REASONS = {
    "no_address": "no address",
    "bounced": "bounced",
    "unsubscribed": "unsubscribed",
    "suppressed": "on the do-not-mail list",
    "duplicate_address": "sharing an address",
    "reserved_address": "an address nobody can have",
}


def _criteria(values: dict[str, Any]) -> dict[str, Any]:
    return {name: picked for name, picked in values["audience"].items() if picked}


def _audience(event_id: int, values: dict[str, Any]) -> Audience | None:
    try:
        return audiences.checked(event_id, values["audience"], outside=place().outside)
    except InvalidAudience:
        return None


def _gaps(event: Event, draft: Draft, audience: Audience, resolution: Resolution) -> list[Gap]:
    constants = merge.constants(event, merge.sender(event, g.user), place())
    return coverage.gaps(draft.compiled, merge.fields(event.id), constants, audience, resolution.count)


def _blockers(values: dict[str, Any], draft: Draft, resolution: Resolution | None) -> list[str]:
    found = list(draft.problems)
    if not values["subject"].strip():
        found.append("The subject is empty.")
    if not values["body"].strip():
        found.append("The message is empty.")
    if resolution is None:
        found.append("Nobody is selected yet.")
    elif resolution.count == 0:
        found.append("No recipients match this audience.")
    return found
