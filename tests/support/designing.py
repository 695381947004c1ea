"""Designs made, saved and read, in a line each; each function needs an app context."""

from typing import Any

from eventmail.db import fresh
from eventmail.domain.designs import edit
from eventmail.domain.designs.edit import DesignVersion
from eventmail.models import DesignRevision
from eventmail.records import Acting

WRITTEN = {
    "name": "Save the date", "message_type": "invitation", "subject": "Hi {guest.firstName}", "preheader": "Soon",
    "body": "Come to {event.title}.",
}  # fmt: skip
MINE, HERS = "page-of-oscar", "page-of-anna"


def design(event_id: int, by: Acting, **values: str) -> int:
    """A design of WRITTEN, but for `values`: its id."""
    made, _ = edit.create(event_id, {**WRITTEN, **values}, by)
    return made


def save(event_id: int, design_id: int, by: Acting, body: str, *, revision: int = 0, page: str = "") -> int:
    """Save another body, at the newest revision unless one is named: the revision after it."""
    seen = DesignVersion(revision or held(event_id, design_id)[0], page)
    return edit.save(event_id, design_id, seen, {"body": body}, by)


def held(event_id: int, design_id: int) -> tuple[int, str]:
    """Revision and body of the draft, as the database holds them now."""
    fresh().rollback()
    shown = edit.find(event_id, design_id)
    return shown.revision, shown.text.body


def kept(rows: Any, design_id: int) -> list[tuple[int, str, bool, str]]:
    """The revisions of a design in their order: number, name, published, body."""
    found = rows(DesignRevision, DesignRevision.design_id == design_id)
    return [(one.number, one.name, one.is_published, one.body) for one in sorted(found, key=lambda one: one.number)]
