"""The one translator of errors into HTTP: problem+json (RFC 9457), a fragment, or the page with the typed values."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from eventmail.db import sqlite
from eventmail.errors import CsrfFailed, DomainError, FieldError, NotFound, NotSignedIn, TooLarge
from eventmail.value_parsing import CONTROLS
from eventmail.web.core import refusals
from eventmail.web.core.respond import as_json, see_other, wants_fragment, wants_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """A refusal for the templates and the JSON answer. `error` is None when HTTP itself refuses."""

    status: int
    code: str
    title: str
    detail: str
    fields: tuple[FieldError, ...]
    error: DomainError | None
    request_id: str = field(default_factory=lambda: g.get("request_id", ""))

    def message(self, field: str) -> str | None:
        return next((error.message for error in self.fields if error.field == field), None)

    def as_json(self) -> dict[str, Any]:
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": request.path,
            "code": self.code,
            "request_id": self.request_id,
            "errors": [{"field": e.field, "code": e.code, "message": e.message} for e in self.fields],
            **(self.error.members if self.error else {}),
        }


def shown_by(page: Callable[..., Response]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For a form's POST: a refusal shows `page(problem=…, **url values)` again, with the typed values."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapped(**values: Any) -> Any:
            g.form_again = lambda problem: page(problem=problem, **values)
            return view(**values)

        return wrapped

    return decorate


def register(app: Flask) -> None:
    """Handle every error of `app` here and nowhere else."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(CSRFError, lambda error: _refused(CsrfFailed(_CSRF.get(error.description, ""))))
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(HTTPException, _http)
    app.after_request(_without_host)


# by what flask-wtf says
_CSRF = {
    "The CSRF session token is missing.": (
        "Your browser did not send its cookie. Allow cookies for this site, reload the page and press the button "
        "again. Nothing was changed."
    ),
    "The CSRF token is missing.": (
        "The form came without its mark. Reload the page and press the button again. Nothing was changed."
    ),
}


MOST_COMPLAINTS = 200
_LONGEST_NAME = 300  # characters of a field's name
_LONGEST = 10_000  # characters of a sentence


def _refused(error: DomainError) -> Any:
    refusals.tell(error)
    fields = tuple(
        replace(wrong, field=wrong.field[:_LONGEST_NAME], message=_readable(wrong.message))
        for wrong in error.fields[:MOST_COMPLAINTS]
    )
    answer = _show(Problem(error.status, error.code, error.title, _readable(error.detail), fields, error))
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _readable(sentence: str) -> str:
    """The sentence, which may repeat typed text, cut and without control characters, which may turn words around."""
    return CONTROLS.sub("\ufffd", sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST] + " …")


def _without_host(answer: Response) -> Response:
    """Redirects a doubled slash without naming a host; werkzeug would name the one in the request."""
    routed = request.routing_exception
    if not isinstance(routed, RequestRedirect) or answer.status_code != routed.code:
        return answer
    return cast(Response, redirect(urlsplit(routed.new_url)._replace(scheme="", netloc="").geturl(), routed.code))


def _database(error: OperationalError) -> Any:
    """The database is locked, full or read-only. Every write is one transaction, so nothing was changed."""
    kind = sqlite.refusal(error)
    if kind is None:
        log.error("a statement failed", exc_info=error)
        return _http(InternalServerError())
    log.error("the database refused: %s", error.orig, extra={"code": kind.code})
    try:
        return _refused(kind())
    except OperationalError:  # the page around the problem can't be read either
        g.user = g.event = None
        return _refused(kind())


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    if status == 404:
        return _refused(NotFound())
    if status == 413:
        g.pop("form_again", None)  # the typed values can't be read
        return _refused(TooLarge())
    name = error.name or "Error"
    detail = _WORDS.get(status, "The request could not be understood. Nothing was changed.")
    answer = _show(Problem(status, name.upper().replace(" ", "_"), name, detail, (), None))
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return answer


_WORDS = {
    405: "This address does not take that kind of request. Nothing was changed.",
    500: "Something broke on our side. If you were saving or sending, look at the page again before you repeat it.",
}


def _show(problem: Problem) -> Any:
    if wants_json():
        asks_for = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
        answer = as_json(problem.as_json(), problem.status, asks_for)
        answer.mimetype = "application/problem+json"
        return answer
    form_again = g.pop("form_again", None)
    if problem.code == NotSignedIn.code:
        return _to_sign_in(problem)
    if wants_fragment():
        return _fragment(problem)
    if form_again and problem.status != NotFound.status:  # a missing thing has no form either
        try:
            answer = make_response(form_again(problem))
        except DomainError as error:  # the form's thing is missing
            return _refused(error)
        except Exception:
            if problem.status != InternalServerError.code:
                raise  # flask brings it back here as an InternalServerError
            log.exception("the form met what broke its request")  # raised again, it would get no page at all
        else:
            answer.status_code = problem.status
            return answer
    return make_response(render_template("error.html", problem=problem), problem.status)


def _fragment(problem: Problem) -> Response:
    page = render_template("_problem.html", problem=problem, warning_test=g.get("warning_test"))
    return make_response(page, problem.status, {"HX-Retarget": "#warning", "HX-Reswap": "innerHTML"})


_SIGNED_OUT = (
    "Your session ended, so what you wrote since is on this page alone. Copy it, then sign in again: this page can’t "
    "save it any more."
)


def _to_sign_in(problem: Problem) -> Any:
    if wants_fragment() and "page_mark" in request.form:  # somebody writes: another page would take the words away
        return _fragment(replace(problem, detail=_SIGNED_OUT))
    if wants_fragment():
        answer = _fragment(problem)
        answer.headers["HX-Redirect"] = url_for("account.sign_in")
        return answer
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return see_other(url_for("account.sign_in", next=back))
