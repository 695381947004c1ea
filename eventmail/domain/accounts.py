"""People and what lets them in: sign-in links, passwords, sessions, API tokens (product 3)."""

from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from eventmail import records, signing
from eventmail.db import fresh, transaction
from eventmail.domain import addresses
from eventmail.errors import AlreadyRegistered, BadCredentials, FieldError, InvalidInput, LinkExpired, NotFound
from eventmail.models import ApiToken, LoginSession, SignInLink, User
from eventmail.models.account import Role
from eventmail.records import Acting

LINK_LIFETIME = timedelta(hours=1)
SESSION_LIFETIME = timedelta(days=30)
SHORTEST_PASSWORD = 12

_hasher = PasswordHasher()


def issue_link(email: str, by: Acting) -> str:
    """A new one-time sign-in token for the colleague at `email`; earlier unused ones end. NotFound for a stranger."""
    with transaction() as tx:
        user = _by_address(tx, email)
        if user is None:
            raise NotFound(f"Nobody here has the address {email}.")
        tx.execute(
            update(SignInLink).where(SignInLink.user_id == user.id, SignInLink.used_at.is_(None)).values(used_at=by.now)
        )
        records.audit(tx, by, "sign_in_link.issued", f"user:{user.id}")
        return _add_link(tx, user.id, by)


def issue_first_link(by: Acting) -> str | None:
    """The set-up token whose opener becomes the owner, or None once there is one."""
    with transaction() as tx:
        return None if _has_owner(tx) else _add_link(tx, None, by)


def open_link(token: str, by: Acting) -> str:
    """Spend a colleague's sign-in link: the token of the new session. Raises LinkExpired when it is spent or old."""
    with transaction() as tx:
        link = _spend(tx, token, by, first=False)
        return _add_session(tx, link.user_id or 0, by)


def is_first_link(token: str, by: Acting) -> bool:
    """Whether `token` is the unspent set-up link, so that the page asks for name, address and password."""
    return fresh().scalar(select(SignInLink.id).where(*_usable(token, by, first=True))) is not None


def become_owner(token: str, *, name: str, email: str, password: str, by: Acting) -> str:
    """Spend the set-up link: the first owner, signed in. The link stays good when the form needs a correction."""
    email = addresses.checked(email, field="email")
    _check_person(name, password)
    hashed = _hasher.hash(password)
    with transaction() as tx:
        if _has_owner(tx):
            raise AlreadyRegistered("This instance has an owner already. Ask them to invite you.")
        _spend(tx, token, by, first=True)
        user = add_user(tx, name=name.strip(), email=email, role=Role.OWNER, password_hash=hashed, by=by)
        return _add_session(tx, user.id, by)


def sign_in(email: str, password: str, by: Acting) -> str:
    """The token of a new session. Raises BadCredentials, in the same time whether or not the address is known."""
    user = _by_address(fresh(), email)
    stored = user.password_hash if user else None
    try:
        _hasher.verify(stored or _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        raise BadCredentials from None
    if user is None or stored is None:
        raise BadCredentials
    with transaction() as tx:
        return _add_session(tx, user.id, by)


def sign_out(token: str, by: Acting) -> None:
    """End the session behind `token`; ending it twice is fine."""
    with transaction() as tx:
        tx.execute(
            update(LoginSession)
            .where(LoginSession.token_hash == signing.hashed(token), LoginSession.revoked_at.is_(None))
            .values(revoked_at=by.now)
        )


def session_user(token: str, by: Acting) -> User | None:
    """Who is signed in with this session, if it is still good."""
    found = fresh().scalars(
        select(LoginSession).where(
            LoginSession.token_hash == signing.hashed(token),
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > by.now,
        )
    )
    session = found.one_or_none()
    return session.user if session else None


def token_user(token: str) -> User | None:
    """Who an API token acts for, if it is still good."""
    found = fresh().scalars(
        select(ApiToken).where(ApiToken.token_hash == signing.hashed(token), ApiToken.revoked_at.is_(None))
    )
    row = found.one_or_none()
    return row.user if row else None


def find(email: str) -> User | None:
    """The colleague at this address."""
    return _by_address(fresh(), email)


def has_people() -> bool:
    """Whether anybody was set up yet; false only before the very first start is finished."""
    return fresh().scalar(select(User.id).limit(1)) is not None


def add_user(tx: Session, *, name: str, email: str, role: Role, password_hash: str, by: Acting) -> User:
    """Add a colleague in somebody's transaction; `password_hash` was made before it began."""
    user = User(
        name=name, email=email, address=email.lower(), role=role, password_hash=password_hash, created_at=by.now
    )
    tx.add(user)
    tx.flush()
    records.audit(tx, by, "user.added", f"user:{user.id}", email=email, role=role)
    return user


def hashed_password(password: str) -> str:
    """The Argon2id hash to store; slow on purpose, so never inside a transaction."""
    return _hasher.hash(password)


def issue_api_token(email: str, name: str, by: Acting) -> str:
    """A new API token for the colleague at `email`, shown this once. NotFound for a stranger."""
    with transaction() as tx:
        user = _by_address(tx, email)
        if user is None:
            raise NotFound(f"Nobody here has the address {email}.")
        return add_api_token(tx, user.id, name, by)


def add_api_token(tx: Session, user_id: int, name: str, by: Acting) -> str:
    """A new API token in somebody's transaction, shown this once."""
    token = "em_" + signing.new_token()
    tx.add(ApiToken(user_id=user_id, name=name, token_hash=signing.hashed(token), created_at=by.now))
    records.audit(tx, by, "api_token.added", f"user:{user_id}", name=name)
    return token


# A hash nobody's password has, so that an unknown address costs the same time as a wrong password. Written down,
# since making one takes longer than all the rest of a start; its parameters are those of `_hasher`.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$tKRkcyvNJq0OWzPhMDSCCg$6Ig+MfDVNrZOZxrezFN9l+V9Kqi1aTXmzAtN/Cwr79U"


def _check_person(name: str, password: str) -> None:
    wrong = []
    if not name.strip():
        wrong.append(FieldError("name", "REQUIRED", "Please tell us your name."))
    if len(password) < SHORTEST_PASSWORD:
        wrong.append(FieldError("password", "TOO_SHORT", f"Use at least {SHORTEST_PASSWORD} characters."))
    if wrong:
        raise InvalidInput(" ".join(error.message for error in wrong), fields=wrong)


def _by_address(session: Session, email: str) -> User | None:
    return session.scalars(select(User).where(User.address == email.strip().lower())).one_or_none()


def _has_owner(session: Session) -> bool:
    return session.scalar(select(User.id).where(User.role == Role.OWNER).limit(1)) is not None


def _add_link(tx: Session, user_id: int | None, by: Acting) -> str:
    token = signing.new_token()
    tx.add(
        SignInLink(
            user_id=user_id, token_hash=signing.hashed(token), created_at=by.now, expires_at=by.now + LINK_LIFETIME
        )
    )
    return token


def _usable(token: str, by: Acting, *, first: bool) -> list[ColumnElement[bool]]:
    return [
        SignInLink.token_hash == signing.hashed(token),
        SignInLink.used_at.is_(None),
        SignInLink.expires_at > by.now,
        SignInLink.user_id.is_(None) if first else SignInLink.user_id.is_not(None),
    ]


def _spend(tx: Session, token: str, by: Acting, *, first: bool) -> SignInLink:
    spent = tx.scalars(
        update(SignInLink).where(*_usable(token, by, first=first)).values(used_at=by.now).returning(SignInLink)
    ).one_or_none()
    if spent is None:
        raise LinkExpired
    return spent


def _add_session(tx: Session, user_id: int, by: Acting) -> str:
    token = signing.new_token()
    tx.add(
        LoginSession(
            user_id=user_id, token_hash=signing.hashed(token), created_at=by.now, expires_at=by.now + SESSION_LIFETIME
        )
    )
    records.audit(tx, by, "session.began", f"user:{user_id}")
    return token
