"""Who asks: session cookie or bearer token, CSRF for the former, and the event a request is about."""

import re
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from flask_wtf.csrf import CSRFProtect

from eventmail import clock, ids, logs
from eventmail.domain import accounts, events
from eventmail.errors import NotSignedIn
from eventmail.models import Event, User
from eventmail.records import Acting
from eventmail.web.respond import VARY

csrf = CSRFProtect()
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
SESSION = "session_token"
OPEN = "open_to_everyone"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# the mail in a preview brings its own inline style and nothing else; nothing in it runs
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox allow-popups "
    "allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)


def register(app: Flask) -> None:
    """Give every request an id, a person and a CSRF check, and every answer its headers."""
    csrf.init_app(app)
    app.before_request(_begin)
    app.after_request(_headers)


def open_to_everyone(view: Any) -> Any:
    """Mark a view that needs nobody signed in."""
    setattr(view, OPEN, True)
    return view


def acting() -> Acting:
    """Who acts in this request, for commands."""
    user: User | None = g.user
    return Acting(user.id if user else None, user.name if user else "nobody", g.request_id, g.now)


def event(event_id: int) -> Event:
    """The event in the URL, for this person. NotFound for one that is missing or not theirs."""
    if g.get("event") is None:
        g.event = events.visible(event_id, g.user)
    found: Event = g.event
    return found


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else ids.request_id()
    logs.request_id.set(g.request_id)
    g.now = clock.now()
    g.user, g.by_token = None, False
    if request.endpoint == "static":
        return
    g.user, g.by_token = _who()
    if _is_open():
        return
    if g.user is None:
        raise NotSignedIn
    if not g.by_token:
        csrf.protect()


def _is_open() -> bool:
    if request.endpoint is None:  # an unknown address; below /admin strangers don't learn that
        return g.user is not None or not request.path.startswith("/admin/")
    return getattr(current_app.view_functions[request.endpoint], OPEN, False)


def _who() -> tuple[User | None, bool]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return accounts.token_user(token.strip()), True
    token = session.get(SESSION, "")
    return (accounts.session_user(token, acting()) if token else None), False


def _headers(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]:
        answer.headers.setdefault("X-Frame-Options", "DENY")
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint != "static":
        answer.vary.update(VARY)
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
