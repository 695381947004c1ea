"""Mails that tell the author of a scheduled message how it went (S14).

They are mails to a colleague like those about accounts, outside quota and audience. Their numbers are read when they
leave.
"""

from datetime import timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from eventmail import records
from eventmail.content.result_mail import News, Numbers
from eventmail.db import sql, transaction
from eventmail.domain import mail_services
from eventmail.domain.people import account_mails
from eventmail.models import AccountMail, Content, Event, EventMember, Job, Mailing, Schedule, User
from eventmail.models.account import OF_MAILING, Role
from eventmail.records import Acting
from eventmail.states import AccountMailKind, MailingResult, NotSent, RecipientState

IN_TIME = timedelta(minutes=1)  # a message that begins later than this began late
GONE = "Its author is gone, sees the event no more, or wants no such mails"
DECIDED = "Somebody had decided how the message goes on"


def tell(tx: Session, mailing_id: int, result: MailingResult, by: Acting) -> None:
    """Queue the mail to the author of a scheduled message, once for each mailing and result. The worker's sweep rings.

    Does nothing for a message that was never scheduled, or for an author who is gone, sees the event no more or wants
    no such mails. Runs in the caller's transaction.
    """
    if author := _author(tx, mailing_id):
        about = {"kind": AccountMailKind.RESULT, "user_id": author.id, "mailing_id": mailing_id, "result": result}
        values = {**about, **account_mails.queued(author.email, by)}
        tx.execute(sql.insert_new(AccountMail, ["mailing_id", "result"], OF_MAILING, **values))


def follow(tx: Session, mail: AccountMail) -> None:
    """Send a waiting mail to the address that its author has now. Runs in the caller's transaction."""
    if mail.mailing_id and (author := _author(tx, mail.mailing_id)):
        mail.email, mail.address = author.email, author.address


def in_the_way(tx: Session, mail: AccountMail) -> str:
    """Why a waiting mail would be no news any more, or ""."""
    mailing = tx.get_one(Mailing, mail.mailing_id)
    if _author(tx, mailing.id) is None:
        return GONE
    return DECIDED if mail.result not in (MailingResult.ENDED, mailing.state) else ""


def news(tx: Session, mail: AccountMail) -> News:
    """What the mail says, as of now."""
    row = tx.execute(
        select(Mailing, Mailing.send_at, Schedule, Content.subject, Event.title, User.name, Job.started_at)
        .join(Schedule, Schedule.mailing_id == Mailing.id)
        .join(Content, Content.id == Mailing.content_id)
        .join(Event, Event.id == Mailing.event_id)
        .join(User, User.id == mail.user_id)
        .outerjoin(Job, (Job.mailing_id == Mailing.id) & (Job.run == 1))
        .where(Mailing.id == mail.mailing_id)
    ).one()
    shares = mail_services.shares(row.Mailing)
    others = {str(state): number for state, number in row.Mailing.counts.items() if state != RecipientState.SENT}
    return News(
        result=MailingResult(mail.result or ""),
        name=row.name,
        title=row.subject,
        event=row.title,
        numbers=Numbers(sent=shares.sent, kept=shares.kept, **others),
        due=row.send_at,
        zone=row.Schedule.zone,
        began=row.started_at if row.started_at and row.started_at - row.send_at > IN_TIME else None,
        practice=shares.only_practice,
        why=NotSent(row.Schedule.not_sent) if row.Schedule.not_sent else None,
    )


def url(tx: Session, mail: AccountMail, base_url: str) -> str:
    """The address of the message's page: the one with its outcomes and its log, or with the buttons that decide."""
    mailing = tx.get_one(Mailing, mail.mailing_id)
    page = "mailings" if mail.result == MailingResult.ENDED else "scheduled"
    return f"{base_url}/admin/events/{mailing.event_id}/{page}/{mailing.id}"


def switch(by: Acting, *, on: bool) -> None:
    """Choose whether one hears how one's own scheduled messages went."""
    with transaction() as tx:
        user = tx.get_one(User, by.user_id)
        if user.result_mails != on:
            before, user.result_mails = user.result_mails, on
            records.audit(tx, by, "user.mails_chosen", f"user:{user.id}", before={"result_mails": before},
                          after={"result_mails": on})  # fmt: skip


def _author(tx: Session, mailing_id: int) -> User | None:
    member = exists().where(EventMember.event_id == Event.id, EventMember.user_id == User.id)
    return tx.scalars(
        select(User)
        .join(Mailing, Mailing.created_by == User.id)
        .join(Event, Event.id == Mailing.event_id)
        .where(Mailing.id == mailing_id, Mailing.send_at.is_not(None), User.removed_at.is_(None), User.result_mails)
        .where(or_(Event.restricted.is_(False), User.role == Role.OWNER, member))
    ).one_or_none()
