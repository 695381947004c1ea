"""Owners manage colleagues: list, change a role, remove, make or mail a sign-in link."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from eventmail import records
from eventmail.db import fresh, paging, transaction
from eventmail.domain.people import account_mails, sessions, sign_in_links
from eventmail.domain.terms import SendingTerms
from eventmail.errors import InvalidInput, LastOwner, NotFound, RoleTooLow
from eventmail.models import AccountMail, ApiToken, EventMember, Invitation, LoginSession, User
from eventmail.models.account import Role
from eventmail.records import Acting

NOT_FOR_ONESELF = (
    "A link for yourself would stand in for your password. No link was made. Forgotten it? Sign out and press “Forgot "
    "your password?”, ask another owner, or run “eventmail signin ADDRESS” on the box."
)


@dataclass(frozen=True)
class Colleague:
    """One row of the list."""

    id: int
    name: str
    email: str
    role: str
    created_at: datetime
    seen_at: datetime | None  # their last request in a browser
    mail: account_mails.Asked | None = None  # the newest with a sign-in link, unless they were here after it


def listed(*, page: int, size: int) -> paging.Page[Colleague]:
    """The colleagues by name, owners first. 3 queries."""
    seen = select(func.max(LoginSession.seen_at)).where(LoginSession.user_id == User.id).scalar_subquery()
    statement = (
        select(User.id, User.name, User.email, User.role, User.created_at, seen.label("seen_at"))
        .where(User.removed_at.is_(None))
        .order_by(User.role != Role.OWNER, func.lower(User.name), User.id)
    )
    found: paging.Page[Colleague] = paging.paginate(
        statement, page=page, size=size, row=lambda row: Colleague(**row._mapping)
    )
    mails = account_mails.newest(AccountMail.user_id, [row.id for row in found.items])
    return replace(found, items=[replace(row, mail=_news(row, mails.get(row.id))) for row in found.items])


def _news(row: Colleague, mail: account_mails.Asked | None) -> account_mails.Asked | None:
    return mail if mail and (mail.waits or row.seen_at is None or row.seen_at < mail.at) else None


def find(user_id: int) -> User:
    """One colleague. Raises NotFound."""
    return _find(fresh(), user_id)


def _find(session: Session, user_id: int) -> User:
    found = session.scalars(select(User).where(User.id == user_id, User.removed_at.is_(None))).one_or_none()
    if found is None:
        raise NotFound
    return found


def change_role(user_id: int, role: Role, by: Acting) -> None:
    """Make a colleague an owner or an organizer, and end their sessions: the next one begins with the new role.

    Raises RoleTooLow for anybody but an owner, LastOwner, NotFound.
    """
    with transaction() as tx:
        owner_acts(tx, by)
        before = _find(tx, user_id).role
        if before == role:
            return
        _change(tx, user_id, role=role)
        sessions.end_all(tx, user_id, by)
        records.audit(tx, by, "user.role_changed", f"user:{user_id}", before=before, after=role)


def remove(user_id: int, by: Acting) -> None:
    """Take a colleague's access away: sessions, tokens, links and the invitations they sent end at once.

    Their texts stay, under their name. Raises RoleTooLow for anybody but an owner, LastOwner, NotFound.
    """
    with transaction() as tx:
        owner_acts(tx, by)
        user = _find(tx, user_id)
        _change(tx, user_id, removed_at=by.now, password_hash=None)
        ended = sessions.end_all(tx, user_id, by)
        sign_in_links.end_all(tx, user_id, by)
        tokens = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        revoked = len(tx.scalars(tokens.values(revoked_at=by.now).returning(ApiToken.id)).all())
        tx.execute(delete(EventMember).where(EventMember.user_id == user_id))
        end_invitations(tx, by, Invitation.invited_by == user_id)
        records.audit(
            tx, by, "user.removed", f"user:{user_id}", name=user.name, email=user.email, role=user.role,
            sessions=ended, tokens=revoked,
        )  # fmt: skip


def issue_link(user_id: int, by: Acting) -> str:
    """Make a one-time sign-in token for a colleague who forgot the password. Raises RoleTooLow, NotFound.

    Raises InvalidInput for oneself: in a browser that somebody left, the link would replace the password.
    """
    if user_id == by.user_id:
        raise InvalidInput(NOT_FOR_ONESELF)
    with transaction() as tx:
        owner_acts(tx, by)
        return sign_in_links.add(tx, _find(tx, user_id).id, by)


def mail_link(user_id: int, terms: SendingTerms, by: Acting) -> bool:
    """Mail a colleague a one-time sign-in link; returns False when such a mail waits already.

    Raises RoleTooLow, NotFound, and NoRecipients while no mail can leave, or none to this address.
    """
    account_mails.refuse_unless_can_mail(terms)
    with transaction() as tx:
        owner_acts(tx, by)
        user = _find(tx, user_id)
        account_mails.refuse_listed(tx, user.email)
        return account_mails.ask(tx, by, user.email, user_id=user_id)


def owner_acts(tx: Session, by: Acting) -> None:
    """Raises RoleTooLow unless `by` is an owner now; the role may have changed since their request began."""
    here = select(User.id).where(User.id == by.user_id, User.role == Role.OWNER, User.removed_at.is_(None))
    if tx.scalar(here) is None:
        raise RoleTooLow


def end_invitations(tx: Session, by: Acting, where: ColumnElement[bool]) -> int:
    """Take invitations back; returns how many. Runs in the caller's transaction."""
    ended = tx.execute(delete(Invitation).where(where).returning(Invitation.id, Invitation.email)).all()
    for row in ended:
        records.audit(tx, by, "invitation.revoked", f"invitation:{row.id}", email=row.email)
    return len(ended)


def _change(tx: Session, user_id: int, **values: object) -> None:
    """Change a colleague. Raises LastOwner when no owner would be left: the statement itself checks."""
    other = aliased(User)
    another = exists().where(other.id != User.id, other.role == Role.OWNER, other.removed_at.is_(None))
    changed = (
        update(User)
        .where(User.id == user_id, User.removed_at.is_(None), or_(User.role != Role.OWNER, another))
        .values(**values)
        .returning(User.id)
    )
    if tx.scalar(changed, execution_options={"synchronize_session": False}) is None:
        raise LastOwner
