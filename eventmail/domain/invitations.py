"""Invitations: an owner makes a link, whoever opens it joins with a name and a password, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql.elements import ColumnElement

from eventmail import records, signing
from eventmail.db import fresh, transaction
from eventmail.domain import accounts, addresses, links, passwords, people, sessions, users
from eventmail.domain.sessions import NOWHERE, Caller
from eventmail.errors import AlreadyRegistered, FieldError, LinkExpired, NotFound
from eventmail.models import Invitation, User
from eventmail.models.account import Role
from eventmail.records import Acting

LIFETIME = timedelta(days=7)


@dataclass(frozen=True)
class Pending:
    """An invitation nobody opened yet; `inviter` is a name. A new one to the same address replaces its link."""

    id: int
    email: str
    role: str
    inviter: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Invited:
    """A new invitation and its token, shown this once."""

    id: int
    email: str
    role: str
    expires_at: datetime
    token: str


def invite(email: str, role: Role, by: Acting) -> Invited:
    """Invite somebody; an earlier invitation to the address ends.

    Raises InvalidInput, AlreadyRegistered for a colleague's address, RoleTooLow for anybody but an owner.
    """
    email = addresses.checked(email, field="email")
    address, token, expires_at = addresses.normalized(email), signing.new_token(), by.now + LIFETIME
    values = {
        "email": email, "role": role, "token_hash": signing.hashed(token), "invited_by": by.user_id,
        "created_at": by.now, "expires_at": expires_at,
    }  # fmt: skip
    with transaction() as tx:
        people.owner_acts(tx, by)
        if tx.scalar(select(User.id).where(User.address == address, User.removed_at.is_(None))) is not None:
            message = f"{email} is the address of a colleague already. Nobody was invited."
            raise AlreadyRegistered(message, fields=[FieldError("email", "TAKEN", message)])
        row = insert(Invitation).values(address=address, **values)
        upsert = row.on_conflict_do_update(index_elements=["address"], set_=values).returning(Invitation.id)
        made = tx.execute(upsert).scalar_one()
        records.audit(tx, by, "invitation.made", f"invitation:{made}", email=email, role=role)
    return Invited(made, email, role, expires_at, token)


def pending() -> Sequence[Pending]:
    """All invitations nobody opened or took back yet, newest first; those that are too old among them."""
    rows = fresh().execute(
        select(Invitation, User.name).join(User, User.id == Invitation.invited_by).order_by(Invitation.id.desc())
    )
    return [Pending(row.id, row.email, row.role, name, row.created_at, row.expires_at) for row, name in rows]


def find(token: str, by: Acting) -> Invitation | None:
    """The invitation behind `token`, while it is good."""
    return fresh().scalars(select(Invitation).where(*_good(token, by))).one_or_none()


def accept(token: str, *, name: str, password: str, by: Acting, caller: Caller = NOWHERE) -> str:
    """Join: the token of the new colleague's session. The link stays good when the form needs a correction.

    Raises InvalidInput, LinkExpired for a link that was used, taken back or is too old.
    """
    name = accounts.checked_person(name, password)
    if find(token, by) is None:  # before the hash, which is dear
        raise links.unknown(caller, by)
    hashed = passwords.hashed(password)
    with transaction() as tx:
        taken = tx.scalars(delete(Invitation).where(*_good(token, by)).returning(Invitation)).one_or_none()
        if taken is None:
            raise LinkExpired
        user = users.add(tx, name=name, email=taken.email, role=Role(taken.role), password_hash=hashed, by=by)
        return sessions.begin(tx, user.id, by, caller)


def revoke(invitation_id: int, by: Acting) -> None:
    """Take an invitation back. NotFound when somebody joined with it or it was taken back before."""
    with transaction() as tx:
        people.owner_acts(tx, by)
        if people.end_invitations(tx, by, Invitation.id == invitation_id) == 0:
            raise NotFound("This invitation is not there any more: it was opened or taken back.")


def _good(token: str, by: Acting) -> list[ColumnElement[bool]]:
    return [Invitation.token_hash == signing.hashed(token), Invitation.expires_at > by.now]
