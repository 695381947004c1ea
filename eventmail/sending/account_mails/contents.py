"""What each kind of mail to a colleague says, until when it is useful, and what makes it useless before."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from eventmail import signing
from eventmail.content import account_mail, result_mail
from eventmail.content.plain_mail import Frame
from eventmail.domain.people import result_mails, sign_in_links
from eventmail.models import AccountMail, Invitation, User
from eventmail.records import Acting
from eventmail.states import WITH_LINK, AccountMailKind

NEWS_LIFETIME = timedelta(days=7)
_TOO_LATE = "It waited so long that its link would be over"
_NO_NEWS = "It waited so long that it would be no news any more"
_GONE = "There is nobody any more to mail it to"
_ELSEWHERE = "They have another address since it was asked for"
_K = AccountMailKind


def in_the_way(tx: Session, mail: AccountMail, now: datetime) -> str:
    """Why a waiting mail is of no use any more, or ""."""
    if mail.kind == _K.SIGN_IN:
        address = tx.scalar(select(User.address).where(User.id == mail.user_id, User.removed_at.is_(None)))
        if address != mail.address:  # the link must not reach another mailbox
            return _ELSEWHERE if address else _GONE
    if mail.kind == _K.RESULT and (words := result_mails.in_the_way(tx, mail)):
        return words
    if over_at(tx, mail) > now:
        return ""
    return _TOO_LATE if mail.kind in WITH_LINK else _NO_NEWS


def over_at(tx: Session, mail: AccountMail) -> datetime:
    """When a mail stops being useful: its link is over, or its news is old."""
    if mail.kind == _K.INVITATION:
        return tx.get_one(Invitation, mail.invitation_id).expires_at
    return mail.created_at + (sign_in_links.LIFETIME if mail.kind == _K.SIGN_IN else NEWS_LIFETIME)


def made(tx: Session, mail: AccountMail, site: str, by: Acting) -> Callable[[Frame], bytes]:
    """Returns what writes the mail, with the token of its link made now; no row or queue holds that.

    Runs in the transaction that marks the mail `sending`.
    """
    asker = tx.get(User, mail.asked_by) if mail.asked_by else None
    asked_by = asker.name if asker else ""
    if mail.kind == _K.INVITATION:
        token = signing.new_token()
        invited = tx.scalars(
            update(Invitation)
            .where(Invitation.id == mail.invitation_id)
            .values(token_hash=signing.hashed(token))
            .returning(Invitation)
        ).one()
        link, until = sign_in_links.url(site, token), invited.expires_at
        return partial(account_mail.invitation, link=link, until=until, inviter=asked_by, role=invited.role)
    user = tx.get_one(User, mail.user_id)
    if mail.kind == _K.SIGN_IN:
        token = sign_in_links.mailed(tx, user.id, by)
        link, until = sign_in_links.url(site, token, "/admin/account"), by.now + sign_in_links.LIFETIME
        return partial(account_mail.sign_in, link=link, until=until, name=user.name, asked_by=asked_by)
    if mail.kind == _K.ADDRESS_CHANGED:
        return partial(account_mail.address_changed, name=user.name)
    return partial(result_mail.result, link=result_mails.url(tx, mail, site), news=result_mails.news(tx, mail))
