"""Who was refused, one line of the log each: for whoever watches this box for break-ins.

A line names the network and, for a person, an HMAC of their address: equal lines are about the same person, and no
address, token or URL stands in the log.
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
    """Write the line of a refusal, once for a request; other errors are no traces of anybody."""
    kind = _kind(error)
    if kind is None or not has_request_context() or g.get("refusal_told"):
        return
    g.refusal_told = True
    log.warning(
        "refused",
        extra={
            "kind": kind,
            "code": error.code,
            "network": access.network(),
            "who": who(),
            "endpoint": request.endpoint,
            "method": request.method,
        },
    )


def who() -> str | None:
    """An HMAC of the address that was typed, else of whom is signed in; None for nobody."""
    address = g.get("typed_address") or (g.user.email if g.get("user") else "")
    return signing.sign(settings().secret, PURPOSE, addresses.normalized(address.strip())) if address else None


def _kind(error: DomainError) -> str | None:
    if isinstance(error, NotSignedIn):
        return "token" if g.get("by_token") else None
    return next((kind for known, kind in _KINDS.items() if isinstance(error, known)), None) or (
        "forbidden" if error.status == 403 else None
    )
