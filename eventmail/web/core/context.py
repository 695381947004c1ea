"""Gives every template its variables, filters and functions."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup

from eventmail import erased, wall_time
from eventmail.content import chips as content_chips
from eventmail.content import tokens
from eventmail.domain.instance import live_lock
from eventmail.domain.mailings import merge_values
from eventmail.domain.suppressions import reasons
from eventmail.models import Event
from eventmail.settings import Settings
from eventmail.states import is_practice
from eventmail.web.core import navigation
from eventmail.web.words import audience, chips, designs, log, schedule, state, when


def register(app: Flask) -> None:
    """Give the templates their globals and filters."""
    app.context_processor(_context)
    jinja = app.jinja_env
    jinja.trim_blocks = jinja.lstrip_blocks = True
    jinja.tests["practice"] = is_practice  # a mail service
    jinja.filters |= {"instant": instant, "unless_erased": erased.shown, "number": _number, "clock": wall_time.clock}
    jinja.filters |= {"chips": merged, "chips_text": merged_text}
    jinja.globals |= {"log_sentence": log.sentence, "audience_words": audience.marked, "listed_words": reasons}
    jinja.globals |= {"design_words": designs}
    jinja.globals |= {"message_tabs": navigation.message_tabs, "states": state}
    jinja.globals |= {"times": when, "planned_words": schedule.planned, "viewer_zone": viewer_zone}
    jinja.globals |= {"asset": asset, "drawn_icon": icon}  # `icon` is a macro of macros/ui.html


def settings() -> Settings:
    """The settings of this process."""
    return current_app.extensions["settings"]


@cache
def asset(name: str) -> str:
    """The address of a file below `static`, the same whatever prefix a request names; a changed file has another."""
    content = Path(current_app.static_folder or "", name).read_bytes()
    return f"{current_app.static_url_path}/{name}?v={hashlib.sha256(content).hexdigest()[:8]}"


@cache  # each row of a list draws several
def icon(name: str, class_: str = "") -> Markup:
    """A shape of icons.svg, hidden from screen readers."""
    drawn = Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>')
    return drawn.format(f"icon {class_}".strip(), asset("icons.svg"), name)


def viewer_zone() -> ZoneInfo | None:
    """The time zone of the browser that asks, as `viewer-zone.js` names it in a cookie; None while it has not."""
    named = request.cookies.get("viewer_zone", "")
    return ZoneInfo(named) if named in wall_time.TIMEZONES else None


def is_live() -> bool:
    """Whether mail may leave this database (H9). A yes is kept, since a running database does not become a copy."""
    if not current_app.extensions.get("live"):
        current_app.extensions["live"] = live_lock.is_live(settings().database)
    return current_app.extensions["live"]


def instant(value: datetime | None) -> str:
    """RFC 3339 in UTC, `…Z`, for JSON and `<time datetime>`; empty for None."""
    return wall_time.rfc3339(value) if value else ""


def merged(text: str, longest: int | None = None) -> Markup:
    """An author's text with its merge fields as chips; those of the page's event are known (C1, C2)."""
    return chips.marked(tokens.shortened(text, longest) if longest else text, _fields_of(text))


def merged_text(text: str) -> str:
    """The words of `merged` as mere text, for titles, labels and sentences."""
    return content_chips.plain(text, _fields_of(text))


def _fields_of(text: str) -> Mapping[str, tokens.Field] | None:
    event: Event | None = g.get("event")
    return merge_values.fields(event.id) if event and content_chips.has_braces(text) else None


def page_url(number: int) -> str:
    """This URL with another page number and the same filters (D2)."""
    query = {**request.args.to_dict(flat=False), "page": [str(number)]}
    return f"{request.path}?{urlencode(query, doseq=True)}"


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u2009")


def _context() -> dict[str, Any]:
    event: Event | None = g.get("event")
    practice = settings().practice
    return {
        "url_of": page_url,
        "me": g.get("user"),
        "event": event,
        "nav": navigation.entries(event),
        "practice_mode": practice,
        "copied": g.get("user") is not None and not is_live(),
        "outbox_url": url_for("outbox.listing", event_id=event.id) if event and practice else None,
        "request_id": g.get("request_id", ""),
    }
