"""Finds who asks, by session cookie (with CSRF check) or bearer token, and which event a request is about."""

import ipaddress
import logging
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix

from eventmail import clock, ids, logs
from eventmail.domain.events import edit
from eventmail.domain.people import api_tokens, sessions, throttle
from eventmail.errors import NotByToken, NotSignedIn, ReadOnlyToken, RoleTooLow
from eventmail.models.account import Role
from eventmail.records import Acting
from eventmail.web.core import bodies, browser_cookie
from eventmail.web.core.respond import VARY

log = logging.getLogger(__name__)
csrf = CSRFProtect()
SESSION = "session_token"
OPEN = "open_to_everyone"
READING = frozenset({"GET", "HEAD", "OPTIONS"})

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


def register(app: Flask) -> None:
    """Give every request an id, a user, a CSRF check and the event of its URL, and every answer its headers.

    `g.event` is set before a view runs; a missing event, or one that the user may not see, raises NotFound.
    """
    proxies = app.extensions["settings"].proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]
    app.extensions["largest_body"] = partial(_largest_body, app)
    csrf.init_app(app)
    app.before_request(_begin)
    app.after_request(_headers)


def open_to_everyone(view: Any) -> Any:
    """Mark a view that needs nobody signed in."""
    setattr(view, OPEN, True)
    return view


def acting() -> Acting:
    """The user of this request, as commands and the audit log take it."""
    return Acting(g.user.id if g.user else None, g.user.name if g.user else "nobody", g.request_id, g.now)


def caller() -> sessions.Caller:
    """The network, the browser's words and the browser's cookie of this request."""
    return sessions.Caller(network(), request.headers.get("User-Agent", ""), browser_cookie.read())


def network() -> str:
    """The network of this request: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    address = request.remote_addr or ""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a socket file has none
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))


def owner() -> None:
    """Raises RoleTooLow unless an owner asks. The commands check again in their transaction."""
    if g.user.role != Role.OWNER:
        raise RoleTooLow("Only an owner sees this page and changes it. Ask one of them; nothing was changed.")


def in_person() -> int:
    """The id of the browser's session. Raises NotByToken for a token, since a leaked one must not make others."""
    if g.by_token:
        raise NotByToken
    return g.session_id


def _begin() -> None:
    g.request_id = ids.request_id()  # never one that was sent: it could pass for another request in the log
    logs.request_id.set(g.request_id)
    g.now = clock.now()
    g.user, g.by_token, g.session_id, g.event = None, False, None, None
    if request.endpoint == "static":
        return
    _identify()
    if _is_open():
        bodies.check(_largest())
        return
    if g.user is None:
        if g.by_token:  # a good one is never throttled: nobody guesses one, and many may share a network
            throttle.note({throttle.BEARER: network()}, acting())
        raise NotSignedIn
    bodies.check(_largest())
    if not g.by_token:
        csrf.protect()
    elif g.read_only and request.method not in READING:
        raise ReadOnlyToken
    values = request.view_args or {}
    if "event_id" in values:
        g.event = edit.visible(values["event_id"], g.user)


def _largest_body(app: Flask, environ: dict[str, Any]) -> int:
    """How many bytes the sender of this head may send. The server asks before it reads more than a little."""
    with app.request_context(environ):
        g.now = clock.now()
        _identify()
        return _largest()


def _largest() -> int:
    view = current_app.view_functions.get(request.endpoint or "")
    return bodies.largest(view, signed_in=g.user is not None, open_=_is_open())


def _identify() -> None:
    """Set `g.user`, `g.by_token` and `g.session_id`."""
    g.user = g.session_id = None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    g.by_token = scheme.lower() == "bearer"
    if g.by_token:
        _by_token(token.strip())
    elif SESSION in session:
        _by_session(session[SESSION])


def _is_open() -> bool:
    if request.endpoint is None:  # an unknown address; strangers don't learn below /admin which ones exist
        return g.user is not None or not request.path.startswith("/admin/")
    return getattr(current_app.view_functions[request.endpoint], OPEN, False)


def _by_session(token: str) -> None:
    present = sessions.find(token, g.now)
    if present is None:
        return
    g.user, g.session_id = present.user, present.session_id
    try:
        sessions.seen(present, g.now, network())
    except OperationalError:  # the database is busy; the next request may note it
        log.debug("did not note that a session was seen", exc_info=True)


def _by_token(token: str) -> None:
    bearer = api_tokens.find(token, g.now)
    if bearer is None:
        return
    g.user, g.read_only = bearer.user, bearer.read_only
    try:
        api_tokens.used(bearer, g.now)
    except OperationalError:
        log.debug("did not note that a token was used", exc_info=True)


def _headers(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]:
        answer.headers.setdefault("X-Frame-Options", "DENY")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        answer.headers["Strict-Transport-Security"] = "max-age=31536000"  # a year, for this host
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint != "static":
        answer.vary.update(VARY)
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
