"""Colleagues, for owners: list, invite, roles, sign-in links, removal."""

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for

from eventmail import tasks
from eventmail.domain.people import account_mails, invitations, sign_in_links
from eventmail.domain.people import colleagues as people_colleagues
from eventmail.models.account import Role
from eventmail.sending import heartbeat
from eventmail.web.composer import fragments
from eventmail.web.core import access, intake, one_time_reveal
from eventmail.web.core.context import instant, settings
from eventmail.web.core.problems import Problem, shown_by
from eventmail.web.core.respond import as_json, page_out, respond, see_other, wants_json
from eventmail.web.people.schemas import Invite, NewLink, NewRole, Way, colleague_out, invitation_out

bp = Blueprint("people", __name__, url_prefix="/admin/people")


@bp.get("")
def listing(problem: Problem | None = None, **_values: int) -> Response:
    access.owner()
    colleagues = people_colleagues.listed(**intake.paging())
    if wants_json():
        return as_json(page_out(colleagues, colleague_out))
    pending, terms = invitations.pending(), fragments.terms()
    mails = [*(row.mail for row in pending), *(row.mail for row in colleagues.items)]
    return respond(
        page="people/list.html",
        problem=problem,
        colleagues=colleagues,
        pending=pending,
        can_mail=account_mails.can_mail(terms),
        hindrances=terms.hindrances if terms.connected else (),
        waits=any(mail and mail.waits for mail in mails),
        worker_alive=heartbeat.alive(g.now),
        waiting=heartbeat.waiting(g.now),
        worker_command=heartbeat.WORKER_COMMAND,
        typed=request.form if request.endpoint == "people.invite" else {},
        roles=[(role.value, role.capitalize()) for role in (Role.ORGANIZER, Role.OWNER)],
        now=g.now,
        invitation_days=invitations.LIFETIME.days,
        link_minutes=int(sign_in_links.LIFETIME.total_seconds() // 60),
        secret=one_time_reveal.take("link"),
    )


@bp.get("/invitations")
def pending() -> Any:
    """The invitations as JSON. The page shows them below the colleagues."""
    access.owner()
    if not wants_json():
        return see_other(url_for("people.listing", _anchor="invitations"))
    items = [invitation_out(row) for row in invitations.pending()]
    return as_json({"items": items, "page": 1, "pages": 1, "total": len(items)})


@bp.post("/invitations")
@shown_by(listing)
def invite() -> Any:
    """Invite by mail, or by a link to hand over. A second invitation to an address ends the link of the first."""
    _allowed()
    form = intake.parse(Invite)
    if form.by == Way.MAIL:
        mailed = invitations.mail(form.email, form.role, fragments.terms(), access.acting())
        return _mailing(mailed.email, mailed.anew, _invited_out(mailed))
    made = invitations.invite(form.email, form.role, access.acting())
    url = sign_in_links.url(settings().public_url, made.token)
    if wants_json():
        return as_json({**_invited_out(made), "url": url}, 201)
    one_time_reveal.keep("link", email=made.email, text=url, purpose="invitation")
    return see_other(url_for("people.listing"))


def _invited_out(made: invitations.Invited | invitations.Mailed) -> dict[str, str]:
    return {"id": str(made.id), "email": made.email, "role": made.role, "expires_at": instant(made.expires_at)}


@bp.post("/invitations/<id:invitation_id>/revocation")
@shown_by(listing)
def revoke(invitation_id: int) -> Any:
    _allowed()
    invitations.revoke(invitation_id, access.acting())
    return _done("The invitation is taken back. Its link no longer works.")


@bp.post("/<id:user_id>/role")
@shown_by(listing)
def change_role(user_id: int) -> Any:
    _allowed()
    role = intake.parse(NewRole).role
    name = people_colleagues.find(user_id).name
    people_colleagues.change_role(user_id, role, access.acting())
    return _done(f"{name} is now {'an owner' if role == Role.OWNER else 'an organizer'} and signs in again.")


@bp.post("/<id:user_id>/sign-in-links")
@shown_by(listing)
def issue_link(user_id: int) -> Any:
    _allowed()
    email = people_colleagues.find(user_id).email
    if intake.parse(NewLink).by == Way.MAIL:
        anew = people_colleagues.mail_link(user_id, fragments.terms(), access.acting())
        return _mailing(email, anew, {"email": email})
    token = people_colleagues.issue_link(user_id, access.acting())
    url = sign_in_links.url(settings().public_url, token, url_for("me.page"))
    if wants_json():
        return as_json({"url": url, "expires_at": instant(g.now + sign_in_links.LIFETIME)}, 201)
    one_time_reveal.keep("link", email=email, text=url, purpose="sign-in")
    return see_other(url_for("people.listing"))


@bp.get("/<id:user_id>/removal")
def removal(user_id: int, problem: Problem | None = None) -> Response:
    access.owner()
    return respond(page="people/removal.html", problem=problem, colleague=people_colleagues.find(user_id))


@bp.post("/<id:user_id>/removal")
@shown_by(removal)
def remove(user_id: int) -> Any:
    _allowed()
    name = people_colleagues.find(user_id).name
    people_colleagues.remove(user_id, access.acting())
    return _done(f"{name} is removed and out at once. Invite them again to bring them back.")


def _allowed() -> None:
    access.in_person()
    access.owner()


def _mailing(email: str, anew: bool, value: dict[str, str]) -> Any:
    """The answer after the commit that queued a mail (`anew`) or found one that waits."""
    tasks.ring_account_mails()
    if wants_json():
        return as_json(value, 202)
    if anew:
        flash(f"The mail to {email} leaves in a moment. Reload this page to see what became of it.")
    else:
        flash(f"A mail to {email} waits already. It leaves once.")
    return see_other(url_for("people.listing"))


def _done(words: str) -> Any:
    if wants_json():
        return "", 204
    flash(words)
    return see_other(url_for("people.listing"))
