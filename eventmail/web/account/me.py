"""My account: name, address, password, the browsers I am signed in with, my API tokens."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import ids
from eventmail.content.result_mail import SWITCH
from eventmail.domain.people import accounts, api_tokens, result_mails, sessions
from eventmail.models.account import Role
from eventmail.web.account.schemas import MailsToMe, NewPassword, NewToken, Profile, me_out, session_out, token_out
from eventmail.web.account.sign_in import keep
from eventmail.web.composer import fragments
from eventmail.web.core import access, intake, one_time_reveal
from eventmail.web.core.devices import device
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, respond, see_other, wants_json

bp = Blueprint("me", __name__, url_prefix="/admin/account")


@bp.get("")
def page(problem: Problem | None = None, **_values: int) -> Response:
    signed_in = sessions.listed(g.user.id, g.now)
    here = next((row for row in signed_in if row.id == g.session_id), None)
    tokens = api_tokens.listed(g.user.id)
    return respond(
        page="account/account.html",
        problem=problem,
        typed=request.form if request.endpoint == "me.edit" else {"name": g.user.name, "email": g.user.email},
        sessions=signed_in,
        here=here,
        no_password=here is not None and accounts.needs_no_password(here, access.acting()),
        tokens=tokens,
        now=g.now,
        new_token=request.form if request.endpoint == "me.add_token" else {},
        token_days=[(days, f"{days} days") for days in (30, 90, 365)],
        idle="12 hours" if g.user.role == Role.OWNER else "7 days",
        device=device,
        switch=SWITCH,
        secret=one_time_reveal.take("token"),
        json=lambda: {
            **me_out(g.user),
            "sessions": [session_out(row, g.session_id) for row in signed_in],
            "tokens": [token_out(row) for row in tokens],
        },
    )


@bp.post("")
@shown_by(page)
def edit() -> Any:
    session_id, before = access.in_person(), g.user.email
    form = intake.parse(Profile)
    told = accounts.edit(
        session_id, form.name, form.email, access.acting(), password=form.current_password, terms=fragments.terms()
    )
    news = {
        None: "",
        True: f" A mail tells {before}.",
        False: f" {before} is not told by mail, since none can leave from here now; the log has it.",
    }[told]
    return _done(f"Your name and address are saved.{news}", me_out(g.user))


@bp.post("/mails")
@shown_by(page)
def choose_mails() -> Any:
    access.in_person()
    wanted = intake.parse(MailsToMe).result_mails
    result_mails.switch(access.acting(), on=wanted)
    said = "A mail tells you" if wanted else "No mail tells you any more"
    return _done(f"{said} how your scheduled messages went.", me_out(g.user))


@bp.post("/password")
@shown_by(page)
def change_password() -> Any:
    session_id = access.in_person()
    form = intake.parse(NewPassword, lists=frozenset({"end_tokens"}))
    token_ids = [ids.row_id(token) or 0 for token in form.end_tokens]
    by, caller = access.acting(), access.caller()
    keep(accounts.change_password(session_id, form.old_password, form.password, by, caller, end_tokens=token_ids))
    taken = {0: "", 1: " 1 token is taken back."}.get(len(token_ids), f" {len(token_ids)} tokens are taken back.")
    return _done(f"Your password is changed. You are signed out everywhere else.{taken}", me_out(g.user))


@bp.post("/sessions/<id:session_id>/end")
@shown_by(page)
def end_session(session_id: int) -> Any:
    access.in_person()
    sessions.end_one(g.user.id, session_id, access.acting())
    return _done("That browser is signed out.")


@bp.post("/sessions/end-others")
@shown_by(page)
def end_others() -> Any:
    ended = sessions.end_others(g.user.id, access.in_person(), access.acting())
    others = "1 other browser" if ended == 1 else f"{ended} other browsers"
    return _done(f"Signed out of {others}." if ended else "No other browser was signed in.", {"ended": ended})


@bp.post("/tokens")
@shown_by(page)
def add_token() -> Any:
    session_id = access.in_person()
    form = intake.parse(NewToken)
    token_id, token = accounts.add_token(
        session_id, form.name, access.acting(), password=form.current_password, days=form.days, read_only=form.read_only
    )
    if wants_json():
        return as_json({"id": str(token_id), "name": form.name, "token": token}, 201)
    one_time_reveal.keep("token", name=form.name, text=token)
    return see_other(url_for("me.page", _anchor="tokens"))


@bp.post("/tokens/<id:token_id>/revocation")
@shown_by(page)
def revoke_token(token_id: int) -> Any:
    access.in_person()
    api_tokens.revoke(g.user.id, token_id, access.acting())
    return _done("The token is taken back. Programs that use it are refused from now on.")


def _done(words: str, value: Any = None) -> Any:
    if wants_json():
        return as_json(value) if value is not None else ("", 204)
    flash(words)
    return see_other(url_for("me.page"))
