"""The rows of people: find, add, check a name. A removed colleague is not found."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail import addresses, records, value_parsing
from eventmail.db import fresh
from eventmail.errors import AlreadyRegistered, FieldError, NotFound
from eventmail.models import User
from eventmail.models.account import Role
from eventmail.records import Acting

LONGEST_NAME = 100


def find(email: str, session: Session | None = None) -> User | None:
    """The colleague at this address."""
    here = select(User).where(User.address == addresses.normalized(email.strip()), User.removed_at.is_(None))
    return (session or fresh()).scalars(here).one_or_none()


def colleague(session: Session, email: str) -> User:
    """The colleague at this address. Raises NotFound."""
    user = find(email, session)
    if user is None:
        raise NotFound(f"Nobody here has the address {email}.")
    return user


def has_people() -> bool:
    """Whether there is any account; there is none only until the first start is finished."""
    return fresh().scalar(select(User.id).limit(1)) is not None


def add(tx: Session, *, name: str, email: str, role: Role, password_hash: str | None, by: Acting) -> User:
    """Add a colleague; a removed one comes back in the same row.

    Runs in the caller's transaction, so the caller has made `password_hash` before. Raises AlreadyRegistered for the
    address of a colleague.
    """
    address = addresses.normalized(email)
    user = tx.scalars(select(User).where(User.address == address)).one_or_none()
    if user is not None and user.removed_at is None:
        raise taken(email)
    if user is None:
        user = User(address=address, created_at=by.now)
        tx.add(user)
    user.name, user.email, user.role, user.password_hash, user.removed_at = name, email, role, password_hash, None
    tx.flush()
    records.audit(tx, by, "user.added", f"user:{user.id}", email=email, role=role)
    return user


def has_owner(session: Session) -> bool:
    """Whether anybody is an owner."""
    owners = select(User.id).where(User.role == Role.OWNER, User.removed_at.is_(None)).limit(1)
    return session.scalar(owners) is not None


def taken(email: str) -> AlreadyRegistered:
    """The refusal of an address that a colleague has."""
    return AlreadyRegistered.at("email", "TAKEN", f"A colleague has the address {email} already. Nothing was changed.")


def name_complaints(name: str) -> list[FieldError]:
    """The faults of a person's name."""
    name = value_parsing.clean_value(name)
    if not name:
        return [FieldError("name", "REQUIRED", "Please tell us your name.")]
    if len(name) > LONGEST_NAME:
        return [FieldError("name", "TOO_LONG", f"Please keep the name below {LONGEST_NAME} characters.")]
    return []
