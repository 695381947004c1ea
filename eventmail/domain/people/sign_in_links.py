"""One-time sign-in links: for a forgotten password, for a colleague, and for the very first start."""

from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from eventmail import addresses, records, signing
from eventmail.db import fresh, transaction
from eventmail.domain.people import account_mails, sessions, throttle, users
from eventmail.domain.terms import SendingTerms
from eventmail.errors import LinkExpired
from eventmail.models import LoginSession, SignInLink, User
from eventmail.records import Acting

LIFETIME = timedelta(hours=1)
PRESSED_AGAIN = timedelta(minutes=1)  # a second press of the button in the same browser works this long
OVERTAKEN = "It was overtaken: another link was made, or the password was changed"


def issue(email: str, by: Acting) -> str:
    """Make a one-time sign-in token for the colleague at `email`; earlier unused ones end. Raises NotFound."""
    with transaction() as tx:
        return add(tx, users.colleague(tx, email).id, by)


def issue_first(by: Acting) -> str | None:
    """Make the set-up token, by which somebody becomes the first owner; None once there is one."""
    with transaction() as tx:
        return None if users.has_owner(tx) else _add(tx, None, by)


def add(tx: Session, user_id: int, by: Acting) -> str:
    """Make a token for one colleague; earlier unused ones end. Runs in the caller's transaction."""
    end_all(tx, user_id, by)
    records.audit(tx, by, "sign_in_link.issued", f"user:{user_id}")
    return _add(tx, user_id, by)


def end_all(tx: Session, user_id: int, by: Acting) -> None:
    """End every unused link of one person, and a waiting mail. Runs in the caller's transaction."""
    end_unspent(tx, user_id, by)
    account_mails.withdraw(tx, by, OVERTAKEN, user_id=user_id)


def mailed(tx: Session, user_id: int, by: Acting) -> str:
    """Make a token for a mail; earlier unused ones end. Runs in the transaction that marks the mail `sending`."""
    end_unspent(tx, user_id, by)
    return _add(tx, user_id, by)


def ask(email: str, terms: SendingTerms, by: Acting, caller: sessions.Caller = sessions.NOWHERE) -> None:
    """Queue a mail with a sign-in link for the colleague at `email`, without telling whether there is one.

    Raises InvalidInput for what is no address, RateLimited, and NoRecipients while no mail can leave.
    """
    account_mails.refuse_unless_can_mail(terms)
    address = addresses.normalized(addresses.checked(email))
    known = users.find(address)
    browser = caller.known_to(known.id) if known else ""
    tries = (
        {throttle.FORGOTTEN_BROWSER: f"{browser} {address}"} if browser
        else {throttle.FORGOTTEN: address, throttle.FORGOTTEN_NETWORK: caller.network}
    )  # fmt: skip
    throttle.refuse_used_up(tries, by)
    with transaction() as tx:  # one commit for a stranger's address, too: it takes as long
        throttle.count(tx, tries, by.now)
        if user := users.find(address, tx):
            account_mails.ask(tx, by, user.email, user_id=user.id)


def url(base_url: str, token: str, next_: str = "") -> str:
    """The URL of a link; `next_` is the path of the page after it."""
    return f"{base_url}/sign-in/{token}" + (f"?next={next_}" if next_ else "")


def open_(token: str, by: Acting, caller: sessions.Caller = sessions.NOWHERE, *, browser: str = "") -> str:
    """Spend a colleague's sign-in link; returns the token of the new session. Raises LinkExpired, RateLimited.

    `browser` is a secret of the browser that shows the button. A double click sends two requests, and the browser shows
    only the answer to the second one, so that one ends the first one's session and begins another.
    """
    if fresh().scalar(select(SignInLink.id).where(*_usable(token, by, first=False, browser=browser))) is None:
        raise unknown(caller, by)
    with transaction() as tx:
        link = tx.scalars(select(SignInLink).where(*_usable(token, by, first=False, browser=browser))).one_or_none()
        if link is None:
            raise LinkExpired
        if link.used_at is not None:
            sessions.end_begun(tx, link.user_id or 0, link.used_at, by)
        link.used_at, link.used_by = by.now, signing.hashed(browser) if browser else None
        return sessions.begin(tx, link.user_id or 0, by, caller, by_link=True)


def holder(token: str, by: Acting) -> User | None:
    """The colleague that a good link signs in."""
    here = select(User).join(SignInLink, SignInLink.user_id == User.id)
    return fresh().scalars(here.where(*_usable(token, by, first=False))).one_or_none()


def began(token: str, session_id: int) -> bool:
    """Whether this session began by this link; then Back and a late second click are not refused."""
    both = (SignInLink.user_id == LoginSession.user_id) & (SignInLink.used_at == LoginSession.created_at)
    found = select(LoginSession.id).join(SignInLink, both)
    where = LoginSession.id == session_id, LoginSession.by_link, SignInLink.token_hash == signing.hashed(token)
    return fresh().scalar(found.where(*where)) is not None


def is_first(token: str, by: Acting) -> bool:
    """Whether `token` is the unspent set-up link, whose page asks for name, address and password."""
    return fresh().scalar(select(SignInLink.id).where(*_usable(token, by, first=True))) is not None


def spend(tx: Session, token: str, by: Acting, *, first: bool) -> SignInLink:
    """Use a link up. Runs in the caller's transaction. Raises LinkExpired for a second use."""
    usable = _usable(token, by, first=first)
    link = tx.scalars(update(SignInLink).where(*usable).values(used_at=by.now).returning(SignInLink)).one_or_none()
    if link is None:
        raise LinkExpired
    return link


def unknown(caller: sessions.Caller, by: Acting) -> LinkExpired:
    """The refusal of a link that nobody can use. Raises RateLimited when one network tries too many.

    Only wrong links count, so a stranger on the same network cannot keep out somebody with a good one. A link has 256
    random bits: nobody guesses one.
    """
    throttle.take({throttle.LINK: caller.network}, by)
    return LinkExpired()


def _add(tx: Session, user_id: int | None, by: Acting) -> str:
    token, until = signing.new_token(), by.now + LIFETIME
    tx.add(SignInLink(user_id=user_id, token_hash=signing.hashed(token), created_at=by.now, expires_at=until))
    return token


def end_unspent(tx: Session, user_id: int, by: Acting) -> None:
    """End the links of one person, and without `used_by` also a second press. Runs in the caller's transaction."""
    used_at = func.coalesce(SignInLink.used_at, by.now, type_=SignInLink.used_at.type)
    tx.execute(update(SignInLink).where(SignInLink.user_id == user_id).values(used_at=used_at, used_by=None))


def _usable(token: str, by: Acting, *, first: bool, browser: str = "") -> list[ColumnElement[bool]]:
    here = select(User.id).where(User.removed_at.is_(None))
    again = (SignInLink.used_by == signing.hashed(browser)) & (SignInLink.used_at > by.now - PRESSED_AGAIN)
    unused = SignInLink.used_at.is_(None)
    return [
        SignInLink.token_hash == signing.hashed(token),
        unused | again if browser else unused,
        SignInLink.expires_at > by.now,
        SignInLink.user_id.is_(None) if first else SignInLink.user_id.in_(here),
    ]
