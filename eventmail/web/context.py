"""What every template may use."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, request, url_for

from eventmail.models import Event
from eventmail.settings import Settings
from eventmail.web import log_words


@dataclass(frozen=True)
class NavItem:
    label: str
    url: str
    current: bool


# label, endpoint, and the beginning of every path below it
_PAGES = (
    ("Overview", "events.overview", ""),
    ("Guests", "guests.listing", "/guests"),
    ("Messages", "messaging.compose", "/messages"),
    ("Sent", "mailings.listing", "/mailings"),
    ("Do-not-mail", "suppressions.listing", "/suppressions"),
    ("Log", "audit.of_event", "/audit"),
    ("Settings", "events.settings", "/settings"),
)


def register(app: Flask) -> None:
    """Give the templates their globals and filters."""
    app.context_processor(_context)
    app.jinja_env.filters["instant"] = instant
    app.jinja_env.filters["number"] = lambda value: f"{value:,}".replace(",", "\u2009")
    app.jinja_env.globals["asset"] = cache(lambda name: url_for("static", filename=name))  # a row of a list has several
    app.jinja_env.globals["log_sentence"] = log_words.sentence
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def settings() -> Settings:
    """The settings of this process."""
    found: Settings = current_app.extensions["settings"]
    return found


def instant(value: datetime | None) -> str:
    """RFC 3339 in UTC, `…Z`, for JSON and `<time datetime>`; empty for None."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def page_url(number: int) -> str:
    """This very URL on another page: filters stay in the address (D2)."""
    query = {**request.args.to_dict(flat=False), "page": [str(number)]}
    return f"{request.path}?{urlencode(query, doseq=True)}"


def _context() -> dict[str, Any]:
    event: Event | None = g.get("event")
    practice = settings().provider == "outbox"
    return {
        "url_of": page_url,
        "me": g.get("user"),
        "event": event,
        "nav": _nav(event) if event else [],
        "practice_mode": practice,
        "outbox_url": url_for("outbox.listing", event_id=event.id) if event and practice else None,
        "request_id": g.get("request_id", ""),
    }


def _nav(event: Event) -> list[NavItem]:
    root = url_for("events.overview", event_id=event.id)
    below = request.path.removeprefix(root)
    return [
        NavItem(label, url_for(endpoint, event_id=event.id), below.startswith(path) if path else below == "")
        for label, endpoint, path in _PAGES
    ]
