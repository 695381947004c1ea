"""What every template may use."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup

from eventmail import erased
from eventmail.domain.instance import live_lock
from eventmail.domain.suppressions import reasons
from eventmail.models import Event
from eventmail.models.account import Role
from eventmail.settings import Settings
from eventmail.states import is_practice
from eventmail.web.core.area import Area
from eventmail.web.words import audience, log, state


@dataclass(frozen=True)
class NavItem:
    label: str
    icon: str
    url: str
    current: bool


def register(app: Flask) -> None:
    """Give the templates their globals and filters."""
    app.context_processor(_context)
    app.jinja_env.filters["instant"] = instant
    app.jinja_env.filters["unless_erased"] = erased.shown
    app.jinja_env.filters["number"] = lambda value: f"{value:,}".replace(",", "\u2009")
    app.jinja_env.tests["practice"] = is_practice  # a mail service
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["drawn_icon"] = icon  # `icon` of macros/ui.html
    app.jinja_env.globals["log_sentence"] = log.sentence
    app.jinja_env.globals["audience_words"] = audience.marked
    app.jinja_env.globals["states"] = state
    app.jinja_env.globals["listed_words"] = reasons
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def settings() -> Settings:
    """The settings of this process."""
    found: Settings = current_app.extensions["settings"]
    return found


def asset(name: str) -> str:
    """The address of a file below `static`: of the application, whatever a request says of where it stands."""
    return f"{current_app.static_url_path}/{name}"


@cache  # a row of a list has several
def icon(name: str, class_: str = "") -> Markup:
    """One of the shapes of icons.svg, for the eye alone."""
    drawn = Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>')
    return drawn.format(f"icon {class_}".strip(), asset("icons.svg"), name)


def is_live() -> bool:
    """Whether mail may leave this database (H9); asked until it is so, since a running one does not become a copy."""
    known: bool = current_app.extensions.get("live", False)
    if not known:
        known = current_app.extensions["live"] = live_lock.is_live(settings().database)
    return known


def instant(value: datetime | None) -> str:
    """RFC 3339 in UTC, `…Z`, for JSON and `<time datetime>`; empty for None."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def page_url(number: int) -> str:
    """This very URL on another page: filters stay in the address (D2)."""
    query = {**request.args.to_dict(flat=False), "page": [str(number)]}
    return f"{request.path}?{urlencode(query, doseq=True)}"


def _context() -> dict[str, Any]:
    event: Event | None = g.get("event")
    practice = settings().practice
    return {
        "url_of": page_url,
        "me": g.get("user"),
        "event": event,
        "nav": _nav(event),
        "practice_mode": practice,
        "copied": g.get("user") is not None and not is_live(),
        "outbox_url": url_for("outbox.listing", event_id=event.id) if event and practice else None,
        "request_id": g.get("request_id", ""),
    }


def _nav(event: Event | None) -> list[NavItem]:
    """The entries of this event, or of the site; only owners keep people and settings."""
    if g.get("user") is None:
        return []
    areas: tuple[Area, ...] = current_app.extensions["areas"]
    values: dict[str, Any] = {"event_id": event.id} if event else {}
    entries = [entry for area in areas for entry in (area.of_event if event else area.of_site)]
    return [
        NavItem(entry.label, entry.icon, url, request.path == url if entry.exact else request.path.startswith(url))
        for entry in sorted(entries, key=lambda entry: entry.last)
        if (g.user.role == Role.OWNER or not entry.owners) and (url := url_for(entry.endpoint, **values))
    ]
