"""Colleagues, and the invitations and links that let them in."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from eventmail.domain.people.account_mails import Asked
from eventmail.domain.people.colleagues import Colleague
from eventmail.domain.people.invitations import Pending
from eventmail.models.account import Role
from eventmail.states import AccountMailState
from eventmail.web.core.answer_parts import Id, Instant, RoleWord, one_of
from eventmail.web.core.context import instant
from eventmail.web.core.intake import Body


class Way(StrEnum):
    """How a link reaches its reader: by mail, or handed over by the owner who made it."""

    MAIL = "mail"
    LINK = "link"


class Invite(Body):
    email: str = Field(max_length=320)
    role: Role
    by: Way = Way.LINK


class NewLink(Body):
    by: Way = Way.LINK


class NewRole(Body):
    role: Role


class AccountMailOut(TypedDict):
    """What became of the newest mail with a link, and since when; `error` says why not, or not yet."""

    state: Annotated[str, one_of(AccountMailState)]
    at: Instant
    error: str | None


class ColleagueOut(TypedDict):
    """Somebody who may sign in. `mail` is about a sign-in link, until they are here again."""

    id: Id
    name: str
    email: str
    role: RoleWord
    created_at: Instant
    seen_at: Instant | None
    mail: AccountMailOut | None


class InvitationOut(TypedDict):
    """An invitation nobody opened yet."""

    id: Id
    email: str
    role: RoleWord
    invited_by: str
    created_at: Instant
    expires_at: Instant
    mail: AccountMailOut | None


def colleague_out(row: Colleague) -> ColleagueOut:
    """The colleague's JSON."""
    return {
        "id": str(row.id),
        "name": row.name,
        "email": row.email,
        "role": row.role,
        "created_at": instant(row.created_at),
        "seen_at": instant(row.seen_at) or None,
        "mail": _mail_out(row.mail),
    }


def invitation_out(row: Pending) -> InvitationOut:
    """The invitation's JSON, without its link."""
    return {
        "id": str(row.id),
        "email": row.email,
        "role": row.role,
        "invited_by": row.inviter,
        "created_at": instant(row.created_at),
        "expires_at": instant(row.expires_at),
        "mail": _mail_out(row.mail),
    }


def _mail_out(mail: Asked | None) -> AccountMailOut | None:
    return {"state": mail.state, "at": instant(mail.at), "error": mail.words} if mail else None
