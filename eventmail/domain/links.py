"""One-time sign-in links: for who forgot the password, for a colleague, and the very first start's."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from eventmail import records, signing
from eventmail.db import fresh, transaction
from eventmail.domain import sessions, throttle, users
from eventmail.domain.sessions import NOWHERE, Caller
from eventmail.errors import LinkExpired
from eventmail.models import SignInLink, User
from eventmail.records import Acting

LIFETIME = timedelta(hours=1)


def issue(email: str, by: Acting) -> str:
    """A new one-time sign-in token for the colleague at `email`; earlier unused ones end. NotFound for a stranger."""
    with transaction() as tx:
        return add(tx, users.colleague(tx, email).id, by)


def issue_first(by: Acting) -> str | None:
    """The set-up token whose opener becomes the owner, or None once there is one."""
    with transaction() as tx:
        return None if users.has_owner(tx) else _add(tx, None, by)


def add(tx: Session, user_id: int, by: Acting) -> str:
    """A new token for one colleague in somebody's transaction; earlier unused ones end."""
    end_all(tx, user_id, by)
    records.audit(tx, by, "sign_in_link.issued", f"user:{user_id}")
    return _add(tx, user_id, by)


def end_all(tx: Session, user_id: int, by: Acting) -> None:
    """End every unused link of one person, in somebody's transaction."""
    unused = SignInLink.user_id == user_id, SignInLink.used_at.is_(None)
    tx.execute(update(SignInLink).where(*unused).values(used_at=by.now))


def open_(token: str, by: Acting, caller: Caller = NOWHERE) -> str:
    """Spend a colleague's sign-in link: the token of the new session. Raises LinkExpired when it is spent or old."""
    if fresh().scalar(select(SignInLink.id).where(*_usable(token, by, first=False))) is None:
        raise unknown(caller, by)
    with transaction() as tx:
        link = spend(tx, token, by, first=False)
        return sessions.begin(tx, link.user_id or 0, by, caller, by_link=True)


def is_first(token: str, by: Acting) -> bool:
    """Whether `token` is the unspent set-up link, so that the page asks for name, address and password."""
    return fresh().scalar(select(SignInLink.id).where(*_usable(token, by, first=True))) is not None


def spend(tx: Session, token: str, by: Acting, *, first: bool) -> SignInLink:
    """Use a link up in somebody's transaction. Raises LinkExpired for who comes second."""
    spent = tx.scalars(
        update(SignInLink).where(*_usable(token, by, first=first)).values(used_at=by.now).returning(SignInLink)
    ).one_or_none()
    if spent is None:
        raise LinkExpired
    return spent


def unknown(caller: Caller, by: Acting) -> LinkExpired:
    """The refusal of a link that nobody can use. Raises RateLimited when one network tries too many.

    Only wrong ones count: whoever holds a good link gets in whatever a stranger on the same network does, and with
    256 random bits nobody guesses one.
    """
    throttle.take({throttle.LINK: caller.network}, by.now)
    return LinkExpired()


def _add(tx: Session, user_id: int | None, by: Acting) -> str:
    token = signing.new_token()
    tx.add(
        SignInLink(user_id=user_id, token_hash=signing.hashed(token), created_at=by.now, expires_at=by.now + LIFETIME)
    )
    return token


def _usable(token: str, by: Acting, *, first: bool) -> list[ColumnElement[bool]]:
    here = select(User.id).where(User.removed_at.is_(None))
    return [
        SignInLink.token_hash == signing.hashed(token),
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > by.now,
        SignInLink.user_id.is_(None) if first else SignInLink.user_id.in_(here),
    ]
