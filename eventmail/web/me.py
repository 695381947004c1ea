"""My account: name, address, password, the browsers I am signed in with, my API tokens."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail.domain import accounts, api_tokens, sessions
from eventmail.models import LoginSession
from eventmail.web import access, intake, once
from eventmail.web.account import keep
from eventmail.web.devices import device
from eventmail.web.problems import Problem, shown_by
from eventmail.web.respond import as_json, respond, see_other, wants_json
from eventmail.web.schemas.account import NewPassword, Profile, TokenName, me_out, session_out, token_out

bp = Blueprint("me", __name__, url_prefix="/admin/account")


def _page(problem: Problem | None = None, **_values: int) -> Response:
    signed_in = sessions.listed(g.user.id, g.now)
    here: LoginSession | None = next((row for row in signed_in if row.id == g.session_id), None)
    tokens = api_tokens.listed(g.user.id)
    return respond(
        page="account/account.html",
        problem=problem,
        typed=request.form if request.endpoint == "me.edit" else {"name": g.user.name, "email": g.user.email},
        sessions=signed_in,
        here=here,
        no_old=here is not None and accounts.needs_no_old(here, access.acting()),
        tokens=tokens,
        token_name=request.form.get("name", "") if request.endpoint == "me.add_token" else "",
        device=device,
        secret=once.take("token"),
        json=lambda: {
            **me_out(g.user),
            "sessions": [session_out(row, g.session_id) for row in signed_in],
            "tokens": [token_out(row) for row in tokens],
        },
    )


@bp.get("")
def page() -> Response:
    return _page()


@bp.post("")
@shown_by(_page)
def edit() -> Any:
    access.in_person()
    form = intake.parse(Profile)
    accounts.edit(form.name, form.email, access.acting())
    return _done("Your name and address are saved.", me_out(g.user))


@bp.post("/password")
@shown_by(_page)
def change_password() -> Any:
    session_id = access.in_person()
    form = intake.parse(NewPassword)
    keep(
        accounts.change_password(session_id, form.old_password, form.password, access.acting(), access.caller()),
    )
    return _done("Your password is changed. You are signed out everywhere else.", me_out(g.user))


@bp.post("/sessions/<id:session_id>/end")
@shown_by(_page)
def end_session(session_id: int) -> Any:
    access.in_person()
    sessions.end_one(g.user.id, session_id, access.acting())
    return _done("That browser is signed out.")


@bp.post("/sessions/end-others")
@shown_by(_page)
def end_others() -> Any:
    ended = sessions.end_others(g.user.id, access.in_person(), access.acting())
    others = "1 other browser" if ended == 1 else f"{ended} other browsers"
    return _done(f"Signed out of {others}." if ended else "No other browser was signed in.", {"ended": ended})


@bp.post("/tokens")
@shown_by(_page)
def add_token() -> Any:
    access.in_person()
    form = intake.parse(TokenName)
    token_id, token = api_tokens.issue(g.user.id, form.name, access.acting())
    if wants_json():
        return as_json({"id": str(token_id), "name": form.name, "token": token}, 201)
    once.keep("token", name=form.name, text=token)
    return see_other(url_for("me.page", _anchor="tokens"))


@bp.post("/tokens/<id:token_id>/revocation")
@shown_by(_page)
def revoke_token(token_id: int) -> Any:
    access.in_person()
    api_tokens.revoke(g.user.id, token_id, access.acting())
    return _done("The token is taken back. Programs that use it are refused from now on.")


def _done(words: str, value: Any = None) -> Any:
    if wants_json():
        return as_json(value) if value is not None else ("", 204)
    flash(words)
    return see_other(url_for("me.page"))
