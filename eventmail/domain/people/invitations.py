"""Invitations: an owner makes a link or has it mailed; one person joins by it, with a name and a password."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.orm import Session

from eventmail import addresses, records, signing
from eventmail.db import fresh, sql, transaction
from eventmail.domain.people import account_mails, accounts, colleagues, passwords, sessions, sign_in_links, users
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadyRegistered, LinkExpired, NotFound
from eventmail.models import AccountMail, Invitation, User
from eventmail.models.account import Role
from eventmail.records import Acting

LIFETIME = timedelta(days=7)
HANDED_OVER = "A link was made to hand over instead"


@dataclass(frozen=True)
class Pending:
    """An open invitation; `inviter` is a name, `mail` its newest mail, if any."""

    id: int
    email: str
    role: str
    inviter: str
    created_at: datetime
    expires_at: datetime
    mail: account_mails.Asked | None


@dataclass(frozen=True)
class Invited:
    """A new invitation and its token, which is shown this once."""

    id: int
    email: str
    role: str
    expires_at: datetime
    token: str


@dataclass(frozen=True)
class Mailed:
    """An invitation that is mailed. `anew` is false when a mail waited already."""

    id: int
    email: str
    role: str
    expires_at: datetime
    anew: bool


def invite(email: str, role: Role, by: Acting) -> Invited:
    """Invite somebody by a link to hand over. An earlier link to the address ends, and so does a waiting mail.

    Raises InvalidInput, AlreadyRegistered for a colleague's address, RoleTooLow for anybody but an owner.
    """
    email, token = addresses.checked(email, field="email"), signing.new_token()
    with transaction() as tx:
        made = _kept(tx, email, role, token, by)
        tx.execute(update(Invitation).where(Invitation.id == made).values(token_hash=signing.hashed(token)))
        account_mails.withdraw(tx, by, HANDED_OVER, invitation_id=made)
    return Invited(made, email, role, by.now + LIFETIME, token)


def mail(email: str, role: Role, terms: SendingTerms, by: Acting) -> Mailed:
    """Invite somebody by a mail; while one waits, no second one is queued.

    An earlier link stays good until the mail leaves. Raises like `invite`, and NoRecipients while no mail can leave, or
    none to this address.
    """
    account_mails.refuse_unless_can_mail(terms)
    email = addresses.checked(email, field="email")
    with transaction() as tx:
        account_mails.refuse_listed(tx, email)
        made = _kept(tx, email, role, signing.new_token(), by)  # nobody learns this token
        anew = account_mails.ask(tx, by, email, invitation_id=made)
    return Mailed(made, email, role, by.now + LIFETIME, anew)


def _kept(tx: Session, email: str, role: Role, token: str, by: Acting) -> int:
    """Make or renew the invitation to this address; returns its id. `token` is for one that is new or was too old."""
    colleagues.owner_acts(tx, by)
    address = addresses.normalized(email)
    if tx.scalar(select(User.id).where(User.address == address, User.removed_at.is_(None))) is not None:
        message = f"{email} is the address of a colleague already. Nobody was invited."
        raise AlreadyRegistered.at("email", "TAKEN", message)
    values = {
        "email": email, "role": role, "invited_by": by.user_id, "created_at": by.now, "expires_at": by.now + LIFETIME,
    }  # fmt: skip
    hashed = signing.hashed(token)
    good = case((Invitation.expires_at > by.now, Invitation.token_hash), else_=hashed)
    row, changed = {**values, "address": address, "token_hash": hashed}, {**values, "token_hash": good}
    upsert = sql.insert_or_change(Invitation, ["address"], row, changed).returning(Invitation.id)
    made: int = tx.execute(upsert).scalar_one()
    records.audit(tx, by, "invitation.made", f"invitation:{made}", email=email, role=role)
    return made


def pending() -> Sequence[Pending]:
    """All open invitations, newest first, expired ones included."""
    everyone = select(Invitation, User.name).join(User, User.id == Invitation.invited_by)
    rows = fresh().execute(everyone.order_by(Invitation.id.desc())).all()
    mails = account_mails.newest(AccountMail.invitation_id, [row.id for row, _ in rows])
    return [
        Pending(row.id, row.email, row.role, name, row.created_at, row.expires_at, mails.get(row.id))
        for row, name in rows
    ]


def find(token: str, by: Acting) -> Invitation | None:
    """The invitation of a good `token`."""
    return fresh().scalars(select(Invitation).where(*_good(token, by))).one_or_none()


def accept(token: str, *, name: str, password: str, by: Acting, caller: sessions.Caller = sessions.NOWHERE) -> str:
    """Join by an invitation; returns the token of the new session. The link stays good when the form has mistakes.

    Raises InvalidInput, LinkExpired for a link that was used, taken back or is too old.
    """
    invited = find(token, by)
    if invited is None:  # before the hash, which is expensive
        raise sign_in_links.unknown(caller, by)
    name = accounts.checked_person(name, invited.email, password)
    hashed = passwords.hashed(password)
    with transaction() as tx:
        taken = tx.scalars(delete(Invitation).where(*_good(token, by)).returning(Invitation)).one_or_none()
        if taken is None:
            raise LinkExpired
        user = users.add(tx, name=name, email=taken.email, role=Role(taken.role), password_hash=hashed, by=by)
        return sessions.begin(tx, user.id, by, caller)


def revoke(invitation_id: int, by: Acting) -> None:
    """Take an invitation back. Raises NotFound when somebody joined by it or it was taken back before."""
    with transaction() as tx:
        colleagues.owner_acts(tx, by)
        if colleagues.end_invitations(tx, by, Invitation.id == invitation_id) == 0:
            raise NotFound("This invitation is not there any more: it was opened or taken back.")


def _good(token: str, by: Acting) -> list[ColumnElement[bool]]:
    return [Invitation.token_hash == signing.hashed(token), Invitation.expires_at > by.now]
