"""People: the first owner, signing in, one's own name, address and password (product 3)."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from eventmail import records
from eventmail.content import tokens
from eventmail.db import fresh, transaction
from eventmail.domain import addresses, links, passwords, sessions, throttle, users
from eventmail.domain.sessions import NOWHERE, Caller
from eventmail.errors import AlreadyRegistered, BadCredentials, FieldError, InvalidInput, NotSignedIn
from eventmail.models import LoginSession, User
from eventmail.models.account import Role
from eventmail.records import Acting

BY_LINK_FOR = timedelta(hours=1)  # so long after a one-time link a new password needs no old one


def become_owner(token: str, *, name: str, email: str, password: str, by: Acting, caller: Caller = NOWHERE) -> str:
    """Spend the set-up link: the first owner, signed in. The link stays good when the form needs a correction."""
    email = addresses.checked(email, field="email")
    name = checked_person(name, password)
    if not links.is_first(token, by):  # before the hash, which is dear
        raise links.unknown(caller, by)
    hashed = passwords.hashed(password)
    with transaction() as tx:
        if users.has_owner(tx):
            raise AlreadyRegistered("This instance has an owner already. Ask them to invite you.")
        links.spend(tx, token, by, first=True)
        user = users.add(tx, name=name, email=email, role=Role.OWNER, password_hash=hashed, by=by)
        return sessions.begin(tx, user.id, by, caller)


def sign_in(email: str, password: str, by: Acting, caller: Caller = NOWHERE) -> str:
    """The token of a new session. Raises BadCredentials, in the same time whether or not the address is known.

    Raises RateLimited after too many wrong tries for the address or from the network.
    """
    tries = {throttle.ACCOUNT: addresses.normalized(email.strip()), throttle.NETWORK: caller.network}
    throttle.take(tries, by.now)
    user = users.find(email)
    stored = user.password_hash if user else None
    if not passwords.matches(stored, password) or user is None:
        raise BadCredentials
    with transaction() as tx:
        if tx.scalar(select(User.id).where(_unchanged(user.id, stored))) is None:
            raise BadCredentials
        throttle.succeeded(tx, tries)
        return sessions.begin(tx, user.id, by, caller)


def change_password(session_id: int, old: str, new: str, by: Acting, caller: Caller = NOWHERE) -> str:
    """A new password for whom `by` is: the token of the one session they have from now on.

    `old` is asked, but for an hour in a session that began with a one-time link. Every other session and every
    sign-in link ends. Raises InvalidInput, RateLimited.
    """
    user = fresh().get_one(User, by.user_id)
    user_id, stored, tries = user.id, user.password_hash, {}
    wrong = passwords.complaints(new)
    if not wrong and not needs_no_old(fresh().get_one(LoginSession, session_id), by):
        tries = {throttle.ACCOUNT: user.address, throttle.NETWORK: caller.network}
        throttle.take(tries, by.now)
        if not passwords.matches(stored, old):
            wrong = [FieldError("old_password", "WRONG", "This is not your password. It was not changed.")]
    if wrong:
        raise InvalidInput(" ".join(error.message for error in wrong), fields=wrong)
    hashed = passwords.hashed(new)
    with transaction() as tx:
        changed = update(User).where(_unchanged(user_id, stored)).values(password_hash=hashed).returning(User.id)
        if tx.scalar(changed, execution_options={"synchronize_session": False}) is None:
            raise NotSignedIn
        throttle.succeeded(tx, tries)
        sessions.end_all(tx, user_id, by)
        links.end_all(tx, user_id, by)
        records.audit(tx, by, "password.changed", f"user:{user_id}")
        return sessions.begin(tx, user_id, by, caller)


def needs_no_old(session: LoginSession, by: Acting) -> bool:
    """Whether a new password may be chosen without the old one: one-time links are how a forgotten one is replaced."""
    return session.by_link and session.created_at > by.now - BY_LINK_FOR


def edit(name: str, email: str, by: Acting) -> None:
    """One's own name and address. Raises InvalidInput, AlreadyRegistered when a colleague has the address."""
    email = addresses.checked(email, field="email")
    name = _checked_name(name)
    with transaction() as tx:
        user = tx.get_one(User, by.user_id)
        before = {"name": user.name, "email": user.email}
        after = {"name": name, "email": email}
        if after == before:
            return
        user.name, user.email, user.address = name, email, addresses.normalized(email)
        try:
            tx.flush()
        except IntegrityError:
            raise users.taken(email) from None
        records.audit(tx, by, "user.edited", f"user:{user.id}", before=before, after=after)


def checked_person(name: str, password: str) -> str:
    """The name as it is kept. Raises InvalidInput for what a newcomer has to correct."""
    wrong = [*users.name_complaints(name), *passwords.complaints(password)]
    if wrong:
        raise InvalidInput(" ".join(error.message for error in wrong), fields=wrong)
    return tokens.clean_value(name)


def _checked_name(name: str) -> str:
    wrong = users.name_complaints(name)
    if wrong:
        raise InvalidInput(wrong[0].message, fields=wrong)
    return tokens.clean_value(name)


def _unchanged(user_id: int, stored: str | None) -> ColumnElement[bool]:
    return (User.id == user_id) & User.password_hash.is_not_distinct_from(stored) & User.removed_at.is_(None)
