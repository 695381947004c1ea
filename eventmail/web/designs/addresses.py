"""The filters and the page of the list of designs, as they stand in addresses (D2)."""

from typing import Any

from flask import g, request, url_for

from eventmail.domain.designs.edit import Shown
from eventmail.domain.designs.listing import Filters, State
from eventmail.states import MessageType
from eventmail.web.core import intake

_NAMES = ("state", "type", "q", "page", "per_page")


def filters() -> Filters:
    """The filters that the address of this request names. Raises InvalidInput for one that does not exist."""
    q = request.args.get("q", "").strip()
    return Filters(intake.chosen("state", State), intake.chosen("type", MessageType), q)


def narrowed(**changes: Any) -> str:
    """The address of the list with other filters, from its first page; with `page`, of another page."""
    found = filters()
    asked = {"state": found.state, "type": found.message_type, "q": found.q or None, **_size(), **changes}
    return url_for("designs.listed", event_id=g.event.id, **asked)


def numbered(number: int) -> str:
    """The address of a page of the list, with the same filters."""
    return narrowed(page=number if number > 1 else None)


def place() -> dict[str, Any]:
    """Where in the list this request came from, for the address of a button: it leads back to the same rows."""
    return {name: request.args[name] for name in _NAMES if request.args.get(name)}


def of_row(endpoint: str, shown: Shown, **values: Any) -> str:
    """The address that acts on a design of the list and leads back to the same rows."""
    return url_for(endpoint, **{"event_id": g.event.id, "design_id": shown.id, "from": "list", **place(), **values})


def back() -> str:
    """The address of the list where the button of this request was pressed."""
    return url_for("designs.listed", event_id=g.event.id, **place())


def _size() -> dict[str, int]:
    return {"per_page": intake.paging()["size"]} if "per_page" in request.args else {}
