"""Erasing an address that is on no guest list any more. The log knows the removed guests who had it."""

from collections.abc import Collection

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from eventmail import addresses, records
from eventmail.db import transaction
from eventmail.domain.erasure import guest, traces
from eventmail.domain.people import colleagues
from eventmail.errors import InvalidInput, NothingToDo
from eventmail.models import AuditEntry, EmailEvent, Event, Exclusion, Guest, Mailing, Recipient, Suppression, User
from eventmail.records import Acting
from eventmail.states import MailingState


def erase(typed: str, by: Acting) -> int:
    """Erase an address and the removed guests who had it; returns how many waiting mails were cancelled.

    Raises RoleTooLow for anybody but an owner, InvalidInput when a guest or a colleague has the address, NothingToDo
    when it is unknown, and MailUnderWay; then nothing is changed.
    """
    email = " ".join(typed.split())
    address = addresses.normalized(email)
    with transaction() as tx:
        colleagues.owner_acts(tx, by)
        _is_nobodys(tx, address)
        who = _person(tx, email, address)
        event_ids = _events(tx, who)
        if not (who.ids or event_ids or _elsewhere(tx, address)):
            raise NothingToDo(f"Nothing is known about “{email}”. Nothing was erased.")
        # a test does not tell any more which removed guest it was read as, so all such tests of the events go
        nobodys = (Mailing.as_guest_id.is_(None), Mailing.state == MailingState.FINISHED)
        tests = [and_(Mailing.is_test, Mailing.event_id.in_(event_ids), *nobodys)]
        cancelled, entries = guest.forget(tx, who, tests, event_ids or {0}, by, alone=traces.orphans(tx, event_ids))
        records.audit(tx, by, "address.erased", "nobody:", cancelled=cancelled, log_entries=entries)
        return cancelled


def _is_nobodys(tx: Session, address: str) -> None:
    titles = tx.scalars(
        select(Event.title).join(Guest, Guest.event_id == Event.id).where(Guest.address == address).distinct()
    ).all()
    if titles:
        message = f"Somebody with this address is on the guest list of “{titles[0]}”. Erase them there first."
    elif tx.scalar(select(User.id).where(User.address == address)) is not None:
        message = "This is the address of a colleague."
    else:
        return
    raise InvalidInput.at("address", "STILL_HERE", f"{message} Nothing was erased.")


def _person(tx: Session, email: str, address: str) -> guest.Person:
    named = select(AuditEntry.subject, AuditEntry.detail).where(
        AuditEntry.subject.startswith("guest:"), traces.mentions(AuditEntry.detail, [email, address])
    )
    ids = {
        int(subject.removeprefix("guest:"))
        for subject, detail in tx.execute(named)
        if any(_is(detail.get(when), address) for when in ("before", "after"))
    }
    ids -= set(tx.scalars(select(Guest.id).where(Guest.id.in_(ids))))
    emails, names = {email, address}, set()
    for side in guest.sides(tx, ids):
        emails.add(side.get("email") or address)
        if side.get("first_name") and side.get("last_name"):
            names.add(f"{side['first_name']} {side['last_name']}")
    return guest.made(tx, ids, emails, names)


def _is(side: object, address: str) -> bool:
    return isinstance(side, dict) and bool(side.get("email")) and addresses.normalized(side["email"]) == address


def _events(tx: Session, who: guest.Person) -> Collection[int]:
    """The events with any trace of the person."""
    subjects = [*(f"guest:{guest_id}" for guest_id in who.ids), *(f"address:{address}" for address in who.own)]
    sent = select(Mailing.event_id).join(Recipient, Recipient.mailing_id == Mailing.id).where(who.mails())
    left_out = select(Mailing.event_id).join(Exclusion, Exclusion.mailing_id == Mailing.id)
    logged = select(AuditEntry.event_id).where(AuditEntry.subject.in_(subjects), AuditEntry.event_id.is_not(None))
    out = or_(Exclusion.guest_id.in_(who.ids), Exclusion.email.in_(who.emails))
    return {*tx.scalars(sent), *tx.scalars(left_out.where(out)), *(event_id or 0 for event_id in tx.scalars(logged))}


def _elsewhere(tx: Session, address: str) -> bool:
    """Whether the do-not-mail list or a report of a mail service has the address."""
    found = (select(model.id).where(model.address == address).limit(1) for model in (Suppression, EmailEvent))
    return any(tx.scalar(one) is not None for one in found)
