"""A mail in a frame of a page: under a policy of its own, foreign pictures only once somebody has asked for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response, make_response

from eventmail.content import pictures
from eventmail.web.core.context import settings

SHOWN = {"pictures": "on"}  # what the address of a page or a frame says once they may load


@dataclass(frozen=True)
class Pictures:
    """The foreign pictures of a mail: their hosts, and the digest that stands for these.

    `is_mixed`: some are asked for without TLS by a page that came with it, so a browser does not show them as they are.
    """

    hosts: tuple[str, ...]
    digest: str
    is_mixed: bool


def answer(mail: str, args: Mapping[str, str]) -> Response:
    """The HTML of a mail, or its text, as the whole content of a frame at an address with these `args`."""
    framed = make_response(mail)
    framed.headers["Content-Security-Policy"] = policy(foreign=are_asked_for(args))
    return framed


def are_asked_for(args: Mapping[str, str]) -> bool:
    """Whether an address asks for foreign pictures."""
    return args.get("pictures") == SHOWN["pictures"]


def policy(*, foreign: bool) -> str:
    """The Content-Security-Policy of a mail: its own inline style and our own pictures, and nothing in it runs.

    `foreign` lets every picture load. It stands in the answer of this one frame, so the page around keeps its policy.
    """
    sources = "http: https:" if foreign else pictures.origin(settings().public_url)
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data: {sources}; sandbox allow-popups "
        "allow-popups-to-escape-sandbox; frame-ancestors 'self'"
    )


def pictures_of(html: str) -> Pictures:
    """The pictures of a mail that are not ours, as its page tells of them."""
    own = settings().public_url
    found = pictures.foreign(html, own)
    return Pictures(found.hosts, found.digest, found.is_plain and own.startswith("https:"))
