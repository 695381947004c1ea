"""Signing in and out, the very first start, joining, and forgotten passwords."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for

from eventmail.domain import accounts, invitations, links, sessions
from eventmail.errors import CsrfFailed
from eventmail.web import access, intake
from eventmail.web.access import SESSION, acting, csrf, open_to_everyone
from eventmail.web.problems import Problem, shown_by
from eventmail.web.respond import see_other
from eventmail.web.schemas.account import Newcomer, SignIn

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
    keep(accounts.sign_in(form.email, form.password, acting(), access.caller()))
    return see_other(target)


@bp.get("/sign-in/<token>")
@open_to_everyone
def open_link(token: str) -> Any:
    """A one-time link. Only a real GET spends it: a HEAD or a prefetch, as chat programs send them, does not."""
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
        return "", 204
    if links.is_first(token, acting()) or invitations.find(token, acting()):
        return _welcome_page(token=token)
    keep(links.open_(token, acting(), access.caller()))
    return see_other(_next())


def _welcome_page(problem: Problem | None = None, *, token: str) -> Response:
    invited = invitations.find(token, acting())
    values = {**request.form, "email": invited.email} if invited else request.form
    return make_response(
        render_template(
            "account/welcome.html", problem=problem, values=values, errors=_errors(problem), invited=invited
        )
    )


def _errors(problem: Problem | None) -> dict[str, str]:
    return {error.field: error.message for error in problem.fields} if problem else {}


@bp.post("/sign-in/<token>")
@open_to_everyone
@shown_by(_welcome_page)
def join(token: str) -> Any:
    """The first owner, or an invited colleague: nobody else's link has a form."""
    csrf.protect()
    form, by, caller = intake.parse(Newcomer), acting(), access.caller()
    if links.is_first(token, by):
        began = accounts.become_owner(
            token, name=form.name, email=form.email, password=form.password, by=by, caller=caller
        )
    else:
        began = invitations.accept(token, name=form.name, password=form.password, by=by, caller=caller)
    keep(began)
    return see_other(url_for("events.listing"))


@bp.post("/sign-out")
def sign_out() -> Any:
    if SESSION not in session:
        raise CsrfFailed
    sessions.sign_out(session[SESSION], acting())
    session.clear()
    return see_other(url_for("account.sign_in"))


@bp.get("/")
@open_to_everyone
def home() -> Any:
    return redirect(url_for("events.listing"))


def keep(token: str) -> None:
    """Let this browser be signed in with `token` and with nothing it had before."""
    if SESSION in session:
        sessions.sign_out(session[SESSION], acting())
    session.clear()  # nothing that was set before signing in survives it
    session[SESSION] = token
    session.permanent = True


def _next() -> str:
    """Where to go after signing in: a path on this site, never another host."""
    target = request.values.get("next", "")
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe else url_for("events.listing")
