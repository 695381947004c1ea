"""Shows a new link or token once: it waits in the browser's signed cookie for the page after the POST."""

from flask import session

_KEY = "shown_once"


def keep(kind: str, **values: str) -> None:
    """Let the next page that takes `kind` show `values`."""
    session[_KEY] = {"kind": kind, **values}


def take(kind: str) -> dict[str, str] | None:
    """The waiting values of `kind`, or None. They are gone with this answer."""
    waiting: dict[str, str] = session.get(_KEY, {})
    if waiting.get("kind") != kind:
        return None
    del session[_KEY]
    return waiting
