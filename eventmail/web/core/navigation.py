"""The navigation of a page: its entries, and the tabs of an event's messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request, url_for

from eventmail.db import paging
from eventmail.models import Event
from eventmail.models.account import Role
from eventmail.web.core.area import Area, Entry, Tab


@dataclass(frozen=True)
class NavItem:
    label: str
    icon: str
    url: str
    current: bool


def entries(event: Event | None) -> list[NavItem]:
    """The entries of an event, or of the site, that this user sees; none for a stranger."""
    if g.get("user") is None:
        return []
    found = [entry for area in _areas() for entry in (area.of_event if event else area.of_site)]
    return [
        _item(entry, event)
        for entry in sorted(found, key=lambda entry: entry.last)
        if g.user.role == Role.OWNER or not entry.owners
    ]


def message_tabs(event: Event, current: str = "", *, practice: bool) -> list[tuple[str, str, bool, int | None]]:
    """Label, URL, whether it is the page's own, and number of each tab; `current` names the endpoint of the own one."""
    return [
        (tab.label, url_for(tab.endpoint, event_id=event.id), tab.endpoint == (current or request.endpoint),
         paging.number_of(tab.counted(event.id)) if tab.counted else None)
        for tab in _tabs()
        if practice or not tab.practice
    ]  # fmt: skip


def _item(entry: Entry, event: Event | None) -> NavItem:
    values: dict[str, Any] = {"event_id": event.id} if event else {}
    url = url_for(entry.endpoint, **values)
    if entry.exact:
        return NavItem(entry.label, entry.icon, url, request.path == url)
    below = (url, *(url_for(tab.endpoint, **values) for tab in _tabs() if entry.tabbed))
    return NavItem(entry.label, entry.icon, url, request.path.startswith(below))


def _tabs() -> Iterator[Tab]:
    return (tab for area in _areas() for tab in area.of_messages)


def _areas() -> tuple[Area, ...]:
    areas: tuple[Area, ...] = current_app.extensions["areas"]
    return areas
