"""People: the first owner, signing in, one's own name, address and password."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from eventmail import addresses, records, value_parsing
from eventmail.db import fresh, transaction
from eventmail.domain.people import account_mails, api_tokens, passwords, sessions, sign_in_links, throttle, users
from eventmail.domain.terms import SendingTerms
from eventmail.errors import AlreadyRegistered, BadCredentials, FieldError, InvalidInput, NotSignedIn, WrongPassword
from eventmail.models import LoginSession, User
from eventmail.models.account import Role
from eventmail.records import Acting

BY_LINK_FOR = timedelta(hours=1)  # so long after a one-time link nothing asks for the password


def become_owner(
    token: str, *, name: str, email: str, password: str, by: Acting, caller: sessions.Caller = sessions.NOWHERE
) -> str:
    """Spend the set-up link, unless the form has mistakes, and make the first owner; returns their session's token."""
    if not sign_in_links.is_first(token, by):  # before the hash, which is expensive
        raise sign_in_links.unknown(caller, by)
    email = addresses.checked(email, field="email")
    name = checked_person(name, email, password)
    hashed = passwords.hashed(password)
    with transaction() as tx:
        if users.has_owner(tx):
            raise AlreadyRegistered
        sign_in_links.spend(tx, token, by, first=True)
        user = users.add(tx, name=name, email=email, role=Role.OWNER, password_hash=hashed, by=by)
        return sessions.begin(tx, user.id, by, caller)


def sign_in(email: str, password: str, by: Acting, caller: sessions.Caller = sessions.NOWHERE) -> str:
    """Sign in; returns the token of the new session. Raises BadCredentials, for an unknown address in the same time.

    Raises RateLimited, by address and network; a browser that has signed in with the address has a limit of its own.
    """
    address, user = addresses.normalized(email.strip()), users.find(email)
    browser = caller.known_to(user.id) if user else ""
    tries = (
        {throttle.BROWSER: f"{browser} {address}"} if browser
        else {throttle.ACCOUNT: address, throttle.NETWORK: caller.network}
    )  # fmt: skip
    throttle.take(tries, by)
    stored = user.password_hash if user else None
    if not passwords.matches(stored, password) or user is None:
        raise BadCredentials
    with transaction() as tx:
        if tx.scalar(select(User.id).where(_unchanged(user.id, stored))) is None:
            raise BadCredentials
        throttle.succeeded(tx, tries)
        return sessions.begin(tx, user.id, by, caller)


def change_password(
    session_id: int, old: str, new: str, by: Acting, caller: sessions.Caller = sessions.NOWHERE, *,
    end_tokens: Sequence[int] = (),
) -> str:  # fmt: skip
    """Change one's own password; returns the token of the one session that is left.

    `old` is needed as `proven` says. All other sessions and sign-in links end, and the API tokens named by id. Raises
    InvalidInput, RateLimited, and NotFound for a token of somebody else.
    """
    user = fresh().get_one(User, by.user_id)
    user_id = user.id
    if wrong := passwords.complaints(new, own=(user.name, user.email)):
        raise InvalidInput(fields=wrong)
    stored = proven(session_id, old, by, field="old_password")
    hashed = passwords.hashed(new)
    with transaction() as tx:
        changed = update(User).where(_unchanged(user_id, stored)).values(password_hash=hashed).returning(User.id)
        if tx.scalar(changed, execution_options={"synchronize_session": False}) is None:
            raise NotSignedIn
        sessions.end_all(tx, user_id, by)
        sign_in_links.end_all(tx, user_id, by)
        for token_id in end_tokens:
            api_tokens.end(tx, user_id, token_id, by)
        records.audit(tx, by, "password.changed", f"user:{user_id}")
        return sessions.begin(tx, user_id, by, caller)


def proven(session_id: int, password: str, by: Acting, *, field: str = "current_password") -> str | None:
    """Check the password, in case somebody else uses a browser that was left; returns the hash that it fits.

    Checks nothing while `needs_no_password`. Raises WrongPassword, and RateLimited after too many in one session, where
    the tries of strangers do not count.
    """
    stored = fresh().get_one(User, by.user_id).password_hash
    if needs_no_password(fresh().get_one(LoginSession, session_id), by):
        return stored
    tries = {throttle.CONFIRM: f"{session_id} {by.user_id}"}
    throttle.take(tries, by)
    if not passwords.matches(stored, password):
        message = "This is not your password. Nothing was changed." if password else (
            "Type your password, so that nobody else changes this. Nothing was changed."
        )  # fmt: skip
        raise WrongPassword.at(field, "WRONG", message)
    with transaction() as tx:
        throttle.succeeded(tx, tries)
    return stored


def needs_no_password(session: LoginSession, by: Acting) -> bool:
    """Whether this session began with a one-time link just now: that is how a forgotten password is replaced."""
    return session.by_link and session.created_at > by.now - BY_LINK_FOR


def edit(
    session_id: int, name: str, email: str, by: Acting, *, password: str = "", terms: SendingTerms | None = None
) -> bool | None:
    """Change one's own name and address; a new address needs the password as `proven` says.

    Returns whether a mail tells the old address, or None when the address stays. Links that were mailed to the old
    address end. Raises InvalidInput, RateLimited, and AlreadyRegistered when a colleague has the address.
    """
    email, name = addresses.checked(email, field="email"), _checked_name(name)
    address = addresses.normalized(email)
    moves = fresh().get_one(User, by.user_id).address != address
    stored = proven(session_id, password, by) if moves else None
    with transaction() as tx:
        user = tx.get_one(User, by.user_id)
        before, after, old = {"name": user.name, "email": user.email}, {"name": name, "email": email}, user.address
        if after == before:
            return None
        if old != address and (not moves or user.password_hash != stored):
            raise NotSignedIn
        user.name, user.email, user.address = name, email, address
        try:
            tx.flush()
        except IntegrityError:
            raise users.taken(email) from None
        records.audit(tx, by, "user.edited", f"user:{user.id}", before=before, after=after)
        if old == address:
            return None
        sign_in_links.end_unspent(tx, user.id, by)
        return terms is not None and account_mails.tell_old_address(tx, by, before["email"], user.id, terms)


def add_token(
    session_id: int, name: str, by: Acting, *, password: str = "", days: int | None = None, read_only: bool = False
) -> tuple[int, str]:
    """Add an API token of one's own; returns (id, token), the token for this once. Needs the password like `edit`."""
    name = api_tokens.checked(name)
    stored = proven(session_id, password, by)
    with transaction() as tx:
        if tx.scalar(select(User.id).where(_unchanged(by.user_id or 0, stored))) is None:
            raise NotSignedIn
        return api_tokens.add(tx, by.user_id or 0, name, by, days=days, read_only=read_only)


def checked_person(name: str, email: str, password: str) -> str:
    """Returns the name of a newcomer as it is stored. Raises InvalidInput for name and password."""
    return _checked_name(name, passwords.complaints(password, own=(name, email)))


def _checked_name(name: str, others: Sequence[FieldError] = ()) -> str:
    if wrong := [*users.name_complaints(name), *others]:
        raise InvalidInput(fields=wrong)
    return value_parsing.clean_value(name)


def _unchanged(user_id: int, stored: str | None) -> ColumnElement[bool]:
    return (User.id == user_id) & User.password_hash.is_not_distinct_from(stored) & User.removed_at.is_(None)
