"""Shows a mail in a frame, under a policy of its own; foreign pictures load only after somebody asked for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response, make_response

from eventmail.content import pictures
from eventmail.web.core.context import settings

SHOWN = {"pictures": "on"}  # in the address of a page or a frame whose foreign pictures may load


@dataclass(frozen=True)
class Pictures:
    """The foreign pictures of a mail: their hosts, and the digest of these."""

    hosts: tuple[str, ...]
    digest: str
    is_mixed: bool  # some come without TLS to a page with TLS, so a browser does not load them as they are


def answer(mail: str, args: Mapping[str, str]) -> Response:
    """The HTML or the text of a mail as the content of a frame whose address has these `args`."""
    return make_response(mail, 200, {"Content-Security-Policy": policy(foreign=are_asked_for(args))})


def are_asked_for(args: Mapping[str, str]) -> bool:
    """Whether an address asks for foreign pictures."""
    return args.get("pictures") == SHOWN["pictures"]


def policy(*, foreign: bool) -> str:
    """The Content-Security-Policy of a mail: it allows inline style and our own pictures, and no script.

    `foreign` allows every picture. The policy is that of the frame alone; the page around keeps its own.
    """
    sources = "http: https:" if foreign else pictures.origin(settings().public_url)
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data: {sources}; sandbox allow-popups "
        "allow-popups-to-escape-sandbox; frame-ancestors 'self'"
    )


def pictures_of(html: str) -> Pictures:
    """The pictures of a mail that do not come from this installation."""
    own = settings().public_url
    found = pictures.foreign(html, own)
    return Pictures(found.hosts, found.digest, found.is_plain and own.startswith("https:"))
