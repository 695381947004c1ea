"""What a browser may see once: a new link or token waits in its own signed cookie for the page after the POST."""

from flask import session

_KEY = "shown_once"


def keep(kind: str, **values: str) -> None:
    """Let the next page that takes `kind` show `values`."""
    session[_KEY] = {"kind": kind, **values}


def take(kind: str) -> dict[str, str] | None:
    """What waits, gone with this answer."""
    waiting: dict[str, str] = session.get(_KEY, {})
    if waiting.get("kind") != kind:
        return None
    del session[_KEY]
    return waiting
