"""Signing in and out, the very first start, joining, and forgotten passwords."""

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, session, url_for

from eventmail import signing, tasks
from eventmail.domain.people import account_mails, accounts, invitations, sessions, sign_in_links
from eventmail.errors import CsrfFailed, LinkExpired
from eventmail.web.account.schemas import Forgotten, Newcomer, SignIn
from eventmail.web.composer import fragments
from eventmail.web.core import access, browser_cookie, intake, one_time_reveal
from eventmail.web.core.access import SESSION, acting, csrf, open_to_everyone
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import see_other

bp = Blueprint("account", __name__)
_LOOKED = "looked_at_links"  # the session keeps a secret under it, by which a double click on a link is recognised


@bp.get("/sign-in")
@open_to_everyone
def sign_in(problem: Problem | None = None) -> Response:
    values, errors = request.form, _errors(problem)
    return _page("account/sign_in.html", problem=problem, values=values, errors=errors, next=_next())


@bp.post("/sign-in")
@open_to_everyone
@shown_by(sign_in)
def begin_session() -> Any:
    csrf.protect()
    form = intake.parse(SignIn)
    g.typed_address = form.email
    keep(accounts.sign_in(form.email, form.password, acting(), access.caller()))
    return see_other(_next())


@bp.get("/sign-in/<link:token>")
@open_to_everyone
def open_link(token: str) -> Any:
    """The page with the button or the form of a one-time link.

    A GET never spends the link: mail and chat programs open links before people do.
    """
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", "")):
        return "", 204
    if _brought_here(token):
        return see_other(_next())
    if (
        sign_in_links.holder(token, acting())
        or sign_in_links.is_first(token, acting())
        or invitations.find(token, acting())
    ):
        return _link_page(token=token)
    sign_in_links.unknown(access.caller(), acting())
    raise _expired()


def _link_page(problem: Problem | None = None, *, token: str) -> Response:
    if holder := sign_in_links.holder(token, acting()):
        session.setdefault(_LOOKED, signing.new_token())
        return _page("account/link.html", problem=problem, holder=holder)
    invited = invitations.find(token, acting())
    if problem and invited is None and not sign_in_links.is_first(token, acting()):  # no form can help with it
        return _page("error.html", problem=problem)
    values = {**request.form, "email": invited.email} if invited else request.form
    return _page("account/welcome.html", problem=problem, values=values, errors=_errors(problem), invited=invited)


def _page(template: str, **context: Any) -> Response:
    return make_response(render_template(template, **context))


def _brought_here(token: str) -> bool:
    """Whether the session of this request began with `token`."""
    return g.session_id is not None and sign_in_links.began(token, g.session_id)


def _expired() -> LinkExpired:
    """The refusal of a link. A person who is signed in reads that, too."""
    words = f"You are signed in as {g.user.name} already, and nothing changed that." if g.user else ""
    return LinkExpired(f"A sign-in link works once and only for a short time. {words}" if words else "")


def _errors(problem: Problem | None) -> dict[str, str]:
    return {error.field: error.message for error in problem.fields} if problem else {}


@bp.post("/sign-in/<link:token>")
@open_to_everyone
@shown_by(_link_page)
def join(token: str) -> Any:
    """Sign in the holder of a link, or make the first owner, or accept an invitation."""
    if _brought_here(token):  # a second click, or Back: there is nothing left to check or to do
        return see_other(_next())
    csrf.protect()
    by, caller = acting(), access.caller()
    is_first = sign_in_links.is_first(token, by)
    if not is_first and invitations.find(token, by) is None:
        try:
            keep(sign_in_links.open_(token, by, caller, browser=session.get(_LOOKED, "")))
        except LinkExpired:
            raise _expired() from None
        return see_other(_next())
    form = intake.parse(Newcomer)
    if is_first:
        keep(
            accounts.become_owner(token, name=form.name, email=form.email, password=form.password, by=by, caller=caller)
        )
    else:
        keep(invitations.accept(token, name=form.name, password=form.password, by=by, caller=caller))
    return see_other(url_for("events.listing"))


@bp.get("/forgotten")
@open_to_everyone
def forgotten(problem: Problem | None = None) -> Response:
    return _page(
        "account/forgotten.html",
        problem=problem,
        values=request.form,
        can_mail=account_mails.can_mail(fragments.terms()),
        asked=one_time_reveal.take("forgotten"),
        minutes=int(sign_in_links.LIFETIME.total_seconds() // 60),
    )


@bp.post("/forgotten")
@open_to_everyone
@shown_by(forgotten)
def ask_for_link() -> Any:
    """Ask for a mailed sign-in link. The answer does not tell whether a colleague has the address."""
    csrf.protect()
    g.typed_address = email = intake.parse(Forgotten).email
    sign_in_links.ask(email, fragments.terms(), acting(), access.caller())
    tasks.ring_account_mails()  # for an unknown address, too, so that both answers take as long
    one_time_reveal.keep("forgotten", text=email)
    return see_other(url_for("account.forgotten"))


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
    """Sign this browser in with the session `token`, and end the session it had."""
    if SESSION in session:
        sessions.sign_out(session[SESSION], acting())
    session.clear()  # no value that was set before signing in survives it
    session[SESSION] = token
    session.permanent = True
    if present := sessions.find(token, g.now):
        browser_cookie.remember(present.user.id)


def _next() -> str:
    """The path to go to after signing in, never another host."""
    target = request.values.get("next", "")
    if request.view_args:  # `next` ends the address of a link in a mail
        target = signing.bare(target)
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe else url_for("events.listing")
