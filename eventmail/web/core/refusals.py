"""Logs each refusal in one line, for people who watch this box for break-ins.

A line names the network and an HMAC of the person's address: equal HMACs mean the same person, and the log holds no
address, token or URL.
"""

import logging

from flask import g, has_request_context, request

from eventmail import addresses, signing
from eventmail.errors import (
    BadCredentials,
    CsrfFailed,
    DomainError,
    LinkExpired,
    NotSignedIn,
    RateLimited,
    WrongPassword,
)
from eventmail.web.core import access
from eventmail.web.core.context import settings

log = logging.getLogger(__name__)
PURPOSE = "refused address"
_KINDS: dict[type[DomainError], str] = {
    BadCredentials: "sign_in",
    WrongPassword: "password_again",
    LinkExpired: "link",
    RateLimited: "throttle",
    CsrfFailed: "csrf",
}


def tell(error: DomainError) -> None:
    """Write the line of a refusal, once in a request. Other errors tell nothing of break-ins and get no line."""
    kind = _kind(error)
    if kind is None or not has_request_context() or g.get("refusal_told"):
        return
    g.refusal_told = True
    told = {"kind": kind, "code": error.code, "network": access.network(), "who": who()}
    log.warning("refused", extra={**told, "endpoint": request.endpoint, "method": request.method})


def who() -> str | None:
    """An HMAC of the typed address, else of the user's; None without either."""
    address = g.get("typed_address") or (g.user.email if g.get("user") else "")
    return signing.sign(settings().secret, PURPOSE, addresses.normalized(address.strip())) if address else None


def _kind(error: DomainError) -> str | None:
    if isinstance(error, NotSignedIn):
        return "token" if g.get("by_token") else None
    return next((kind for known, kind in _KINDS.items() if isinstance(error, known)), None) or (
        "forbidden" if error.status == 403 else None
    )
