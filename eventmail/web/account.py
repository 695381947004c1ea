"""Signing in and out, and the very first start."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for

from eventmail.domain import accounts
from eventmail.errors import CsrfFailed
from eventmail.web import intake
from eventmail.web.access import SESSION, acting, csrf, open_to_everyone
from eventmail.web.problems import Problem, shown_by
from eventmail.web.respond import see_other
from eventmail.web.schemas.account import Owner, SignIn

bp = Blueprint("account", __name__)


def _sign_in_page(problem: Problem | None = None) -> Response:
    return make_response(
        render_template(
            "account/sign_in.html",
            problem=problem,
            values=request.form,
            errors=_errors(problem),
            next=_next(),
        )
    )


@bp.get("/sign-in")
@open_to_everyone
def sign_in() -> Response:
    return _sign_in_page()


@bp.post("/sign-in")
@open_to_everyone
@shown_by(_sign_in_page)
def begin_session() -> Any:
    csrf.protect()
    form = intake.parse(SignIn)
    target = _next()
    _keep(accounts.sign_in(form.email, form.password, acting()))
    return see_other(target)


@bp.get("/sign-in/<token>")
@open_to_everyone
def open_link(token: str) -> Any:
    """A one-time link. Only a real GET spends it: a HEAD or a prefetch, as chat programs send them, does not."""
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
        return "", 204
    if accounts.is_first_link(token, acting()):
        return _welcome_page()
    _keep(accounts.open_link(token, acting()))
    return see_other(_next())


def _welcome_page(problem: Problem | None = None, **_token: str) -> Response:
    return make_response(
        render_template("account/welcome.html", problem=problem, values=request.form, errors=_errors(problem))
    )


def _errors(problem: Problem | None) -> dict[str, str]:
    return {error.field: error.message for error in problem.fields} if problem else {}


@bp.post("/sign-in/<token>")
@open_to_everyone
@shown_by(_welcome_page)
def become_owner(token: str) -> Any:
    csrf.protect()
    form = intake.parse(Owner)
    _keep(
        accounts.become_owner(token, name=form.name, email=form.email, password=form.password, by=acting()),
    )
    return see_other(url_for("events.listing"))


@bp.post("/sign-out")
def sign_out() -> Any:
    if SESSION not in session:
        raise CsrfFailed
    accounts.sign_out(session[SESSION], acting())
    session.clear()
    return see_other(url_for("account.sign_in"))


@bp.get("/")
@open_to_everyone
def home() -> Any:
    return redirect(url_for("events.listing"))


def _keep(token: str) -> None:
    session.clear()  # nothing that was set before signing in survives it
    session[SESSION] = token
    session.permanent = True


def _next() -> str:
    """Where to go after signing in: a path on this site, never another host."""
    target = request.values.get("next", "")
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe else url_for("events.listing")
