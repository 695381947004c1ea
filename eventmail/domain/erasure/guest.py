"""Erasing a guest: every personal value goes; counts, facts and the guest's wishes stay.

A pseudonym (`eventmail.erased`) replaces the address, in the do-not-mail list too, so that another import does not mail
an erased guest who left the list. When somebody else has the same address, only the erased guest's rows lose it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from eventmail import addresses, erased, records, value_parsing
from eventmail.db import fresh, sql, transaction
from eventmail.domain.erasure import traces
from eventmail.domain.guests import address_change
from eventmail.errors import InvalidInput, MailUnderWay, NotFound
from eventmail.models import (
    Attempt,
    AuditEntry,
    EmailEvent,
    Erasure,
    Exclusion,
    Guest,
    Mailing,
    Recipient,
    Snapshot,
    Suppression,
    User,
)
from eventmail.records import Acting
from eventmail.states import RecipientState

WHY = "guest erased"
_MANY = 500
_QUIET = {"synchronize_session": False}


@dataclass(frozen=True)
class Person:
    """A person to erase."""

    ids: frozenset[int]  # of the guest, or of guests who were removed
    own: frozenset[str]  # addresses that no other guest or colleague has
    shared: frozenset[str]  # the other addresses
    emails: frozenset[str]
    names: frozenset[str]  # of two parts

    def mails(self) -> ColumnElement[bool]:
        """The condition for this person's recipient rows."""
        return or_(Recipient.guest_id.in_(self.ids), Recipient.address.in_(self.own))


def to_type(guest: Guest) -> str:
    """The words an owner types to confirm: the address, or the name of a guest without one."""
    return guest.email or guest.full_name


@dataclass(frozen=True)
class Outlook:
    """The effect of an erasure."""

    to_type: str
    waiting: int  # mails that would be cancelled
    mails: int  # that would keep a row without a name
    wishes: int  # entries of the do-not-mail list that stay
    sharers: int  # other guests with the same address
    elsewhere: int  # other events with such a guest


def outlook(event_id: int, guest_id: int) -> Outlook:
    """The effect of erasing this guest. Raises NotFound."""
    session = fresh()
    guest = on_list(session, event_id, guest_id)
    who = person(session, guest)
    mails = select(func.count()).select_from(Recipient).where(who.mails())
    others = (Guest.address == guest.address, Guest.id != guest_id)
    counts = (
        mails.where(Recipient.state == RecipientState.QUEUED),
        mails,
        select(func.count()).select_from(Suppression).where(Suppression.address.in_(who.own)),
        select(func.count()).select_from(Guest).where(*others, Guest.event_id == event_id),
        select(func.count(Guest.event_id.distinct())).where(*others, Guest.event_id != event_id),
    )
    return Outlook(to_type(guest), *(session.scalar(count) or 0 for count in counts))


def erase(event_id: int, guest_id: int, typed: str, by: Acting) -> int:
    """Erase a guest for good; `typed` has to be `Outlook.to_type`. Returns how many waiting mails were cancelled.

    It is one transaction, except for files, which `forgetting.finish` deletes after it. Raises NotFound, InvalidInput
    for other words, and MailUnderWay while a mail to the guest is being handed over; then nothing is changed.
    """
    with transaction() as tx:
        guest = on_list(tx, event_id, guest_id)
        who = person(tx, guest)
        _confirmed(guest, typed)
        address_change.pass_on(tx, guest)
        tests = [Mailing.as_guest_id == guest_id]  # a test that is read as this guest holds their values too
        cancelled, entries = forget(tx, who, tests, {event_id}, by)
        traces.picked(tx, event_id, guest_id)
        records.audit(tx, by, "guest.erased", f"guest:{guest_id}", event_id=event_id, cancelled=cancelled,
                      log_entries=entries)  # fmt: skip
        tx.delete(guest)
        return cancelled


def forget(
    tx: Session, who: Person, tests: Sequence[ColumnElement[bool]], event_ids: Collection[int], by: Acting, *,
    alone: Collection[str] = (),
) -> tuple[int, int]:  # fmt: skip
    """Take a person out of all data, except their row in a guest list. Runs in the caller's transaction.

    `tests` is the condition for tests that were read as them, `alone` are further subjects of the log about nobody
    else. Returns (mails cancelled, entries of the log changed). Raises MailUnderWay.
    """
    theirs = or_(who.mails(), Recipient.mailing_id.in_(select(Mailing.id).where(*tests)))
    if tx.scalar(select(exists().where(theirs, Recipient.state == RecipientState.SENDING))):
        raise MailUnderWay
    cancelled = records.leave_queue(tx, [theirs], RecipientState.CANCELLED, WHY, by.now)
    keys = [*_unwrite_mails(tx, who), *tx.scalars(select(Mailing.key).where(*tests))]
    _unwrite_records(tx, who)
    alone = {*alone, *traces.changes(tx, who.ids), *(f"guest:{guest_id}" for guest_id in who.ids)}
    words = _words(who)
    entries = traces.log(tx, alone, who.own, words)
    traces.answers(tx, words)
    pseudonyms = [tx.scalar(select(sql.erased_form(address))) or "" for address in sorted(who.own)]
    tx.add_all(
        Erasure(event_id=event_id, guest_id=min(who.ids, default=0), keys=keys, addresses=pseudonyms, created_at=by.now)
        for event_id in event_ids
    )
    return len(cancelled), entries


def handed_out(event_id: int, guest_id: int, by: Acting) -> None:
    """Record in the log that somebody got all data about this guest."""
    with transaction() as tx:
        records.audit(tx, by, "guest.handed_out", f"guest:{guest_id}", event_id=event_id)


def on_list(session: Session, event_id: int, guest_id: int) -> Guest:
    """The guest. Raises NotFound."""
    guest = session.scalars(select(Guest).where(Guest.event_id == event_id, Guest.id == guest_id)).one_or_none()
    if guest is None:
        raise NotFound
    return guest


def person(session: Session, guest: Guest) -> Person:
    """The guest with every address they ever had here, as far as mails and the log tell."""
    mailed = session.scalars(select(Recipient.email).where(Recipient.guest_id == guest.id))
    emails = {guest.email, *mailed, *(side.get("email") for side in sides(session, {guest.id}))}
    names = {guest.full_name} if guest.first_name and guest.last_name else set()
    return made(session, {guest.id}, {email for email in emails if email}, names)


def sides(session: Session, guest_ids: Collection[int]) -> Iterator[Mapping[str, Any]]:
    """The values of these guests in the log, before and after each change."""
    log = select(AuditEntry.detail).where(AuditEntry.subject.in_([f"guest:{guest_id}" for guest_id in guest_ids]))
    for detail in session.scalars(log):
        yield from (side for side in (detail.get("before"), detail.get("after")) if isinstance(side, dict))


def made(session: Session, ids: Collection[int], emails: Collection[str], names: Collection[str]) -> Person:
    """The person of these ids, addresses and names."""
    written = frozenset(emails) - {erased.WORD}
    theirs = {addresses.normalized(email) for email in written}
    another = select(Guest.address).where(Guest.address.in_(theirs), Guest.id.not_in(ids))
    shared = set(session.scalars(another)) | set(session.scalars(select(User.address).where(User.address.in_(theirs))))
    return Person(frozenset(ids), frozenset(theirs - shared), frozenset(theirs & shared), written, frozenset(names))


def _confirmed(guest: Guest, typed: str) -> None:
    wanted = to_type(guest)
    if _plain(typed) != _plain(wanted):
        raise InvalidInput.at("confirm", "NOT_CONFIRMED", f"Type “{wanted}” to confirm. Nothing was erased.")


def _plain(text: str) -> str:
    return value_parsing.name_key(" ".join(text.split()))


def _words(person: Person) -> list[str]:
    """The words to erase from texts that are about others too: addresses nobody else has, and full names."""
    own = {email for email in person.emails if addresses.normalized(email) in person.own} | person.own
    longest = (*sorted(own, key=len, reverse=True), *sorted(person.names, key=len, reverse=True))
    return [form for word in longest for form in value_parsing.spellings(word)]


def _unwrite_mails(tx: Session, person: Person) -> list[str]:
    """Take addresses and a mail service's words out of recipients and attempts; returns the keys of the mail files."""
    rows = tx.execute(
        select(Recipient.id, Mailing.key, Mailing.id.label("mailing"), Recipient.last_error)
        .join(Mailing, Mailing.id == Recipient.mailing_id)
        .where(person.mails())
    ).all()
    keys = [f"{row.key}-{row.id}" for row in rows]
    for some in sql.chunks([row.id for row in rows], _MANY):
        stays = or_(Recipient.last_error.is_(None), Recipient.last_error == WHY)
        values = {
            "address": sql.erased_form(Recipient.address),
            "email": erased.WORD,
            "last_error": case((stays, Recipient.last_error), else_=erased.WORD),
        }
        tx.execute(update(Recipient).where(Recipient.id.in_(some)).values(values), execution_options=_QUIET)
        tried = update(Attempt).where(Attempt.recipient_id.in_(some))
        tx.execute(tried.values(detail=erased.WORD), execution_options=_QUIET)
    for mailing, said in {(row.mailing, row.last_error) for row in rows if row.last_error}:
        same = (Mailing.id == mailing, Mailing.last_error == said)
        tx.execute(update(Mailing).where(*same).values(last_error=erased.WORD), execution_options=_QUIET)
    _unwrite_reports(tx, person, [row.id for row in rows])
    return keys


def _unwrite_reports(tx: Session, person: Person, recipient_ids: Sequence[int]) -> None:
    mails = (EmailEvent.recipient_id.in_(some) for some in sql.chunks(recipient_ids, _MANY))
    reports = {
        report.id: report
        for where in (EmailEvent.address.in_(person.own), *mails)
        for report in tx.scalars(select(EmailEvent).where(where))
    }
    words = [word.lower() for word in person.emails | person.own]
    for report in reports.values():
        told = report.provider_event_id
        values: dict[str, Any] = {"address": sql.erased_form(EmailEvent.address), "detail": erased.WORD}
        if any(word in told.lower() for word in words):
            values["provider_event_id"] = sql.erased_form(told)
        tx.execute(update(EmailEvent).where(EmailEvent.id == report.id).values(values), execution_options=_QUIET)


def _unwrite_records(tx: Session, person: Person) -> None:
    """Take addresses out of the do-not-mail list, whose entries stay, and out of exclusions; delete reviewed lists."""
    listed = update(Suppression).where(Suppression.address.in_(person.own))
    tx.execute(listed.values(address=sql.erased_form(Suppression.address)), execution_options=_QUIET)
    at_own = and_(Exclusion.email.is_not(None), func.lower(Exclusion.email).in_(person.own))
    mine = update(Exclusion).where(or_(Exclusion.guest_id.in_(person.ids), at_own), Exclusion.email.is_not(None))
    tx.execute(mine.values(email=erased.WORD), execution_options=_QUIET)
    for guest_id in person.ids:
        tx.execute(delete(Snapshot).where(sql.json_has(Snapshot.people, str(guest_id))), execution_options=_QUIET)
