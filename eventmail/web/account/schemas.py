"""Signing in, joining, and one's own account."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from eventmail.models import ApiToken, LoginSession, User
from eventmail.web.core.answer_parts import Id, Instant, RoleWord
from eventmail.web.core.context import instant
from eventmail.web.core.devices import device
from eventmail.web.core.intake import Body

Password = Annotated[str, Field(max_length=1000)]


class SignIn(Body):
    email: str = Field(max_length=320)
    password: Password


class Newcomer(Body):
    """The form behind a set-up link or an invitation. An invitation has the address already."""

    name: str = Field(max_length=300)
    email: str = Field(default="", max_length=320)
    password: Password


class Profile(Body):
    """One's own name and address. A new address needs `current_password`."""

    name: str = Field(max_length=300)
    email: str = Field(max_length=320)
    current_password: Password = ""


class MailsToMe(Body):
    """Which mails one wants. A box that is not ticked is not in a form."""

    result_mails: bool = False


class NewPassword(Body):
    """A new password, and in `end_tokens` the ids of the API tokens to revoke."""

    old_password: Password = ""
    password: Password
    end_tokens: list[str] = Field(default=[], max_length=200)


class NewToken(Body):
    """A new API token. Without `days` it is valid until it is revoked."""

    name: str = Field(max_length=300)
    days: Annotated[int | None, BeforeValidator(lambda value: None if value == "" else value)] = Field(
        default=None, ge=1, le=3650
    )
    read_only: bool = False
    current_password: Password = ""


class Forgotten(Body):
    email: str = Field(max_length=320)


class MeOut(TypedDict):
    """Whose token it is."""

    id: Id
    name: str
    email: str
    role: RoleWord
    result_mails: Annotated[bool, Field(description="Whether a mail tells how one’s own scheduled messages went.")]


class SessionOut(TypedDict):
    """A browser that is signed in."""

    id: Id
    device: str
    created_at: Instant
    seen_at: Instant | None
    network: str
    current: bool


class TokenOut(TypedDict):
    """An API token without its secret."""

    id: Id
    name: str
    created_at: Instant
    used_at: Instant | None
    expires_at: Instant | None
    read_only: bool


class AccountOut(MeOut):
    """One's own account, with what lets one in."""

    sessions: list[SessionOut]
    tokens: list[TokenOut]


def me_out(user: User) -> MeOut:
    """The account's JSON."""
    return {
        "id": str(user.id),
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "result_mails": user.result_mails,
    }


def session_out(row: LoginSession, current: int | None) -> SessionOut:
    """`current` is the session of this request, None for a token."""
    return {
        "id": str(row.id),
        "device": device(row.user_agent),
        "created_at": instant(row.created_at),
        "seen_at": instant(row.seen_at) or None,
        "network": row.network,
        "current": row.id == current,
    }


def token_out(row: ApiToken) -> TokenOut:
    """The JSON of an API token, which holds no secret."""
    return {
        "id": str(row.id),
        "name": row.name,
        "created_at": instant(row.created_at),
        "used_at": instant(row.used_at) or None,
        "expires_at": instant(row.expires_at) or None,
        "read_only": row.read_only,
    }
