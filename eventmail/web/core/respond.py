"""Chooses between three answers, here and nowhere else: a page, its fragment for htmx, or JSON."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Response, g, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from eventmail.web.core.answer_parts import Listed

T = TypeVar("T")
VARY = ("Accept", "HX-Request", "HX-Request-Type")


def wants_json() -> bool:
    """Whether the caller wants JSON. A program with a token, or with a JSON body, need not ask for it."""
    accept = request.accept_mimetypes
    if not accept or accept.best == "*/*":
        return g.get("by_token", False) or request.is_json
    return accept["application/json"] > accept["text/html"]


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request-Type") == "partial"


def respond(
    *, page: str, fragment: str | None = None, json: Callable[[], Any] | None = None, status: int = 200, **context: Any
) -> Response:
    """Answer with `page`, with `fragment` (a file that the page includes) or with `json()`."""
    if json is not None and wants_json():
        return as_json(json(), status)
    template = fragment if fragment and wants_fragment() else page
    return make_response(render_template(template, **context), status)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return make_response(jsonify(value), status, headers or {})


def page_out(page: Any, item: Callable[[Any], T]) -> Listed[T]:
    """One page of a list as JSON."""
    return {"items": [item(row) for row in page.items], "page": page.number, "pages": page.pages, "total": page.total}


def go_to(url: str) -> BaseResponse:
    """Lead to another page after a POST, for htmx by a header, so that the browser's address changes, too."""
    return make_response("", 200, {"HX-Redirect": url}) if "HX-Request" in request.headers else see_other(url)


def see_other(url: str) -> BaseResponse:
    """The answer to a POST: 303, so that reload and Back do not repeat it. htmx follows and swaps the final body."""
    return redirect(url, 303)
