"""Test sends: a mailing of kind `test` to its author or to a few typed addresses, read as one guest (E1).

A test goes the way of every mailing, so that it shows what guests will get. Counts of messages leave it out.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from eventmail import addresses, ids, records
from eventmail.db import fresh, transaction
from eventmail.domain.events import edit
from eventmail.domain.mailings import calendar_mails, contents, preview_steps, query
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.origin import Origin, check
from eventmail.domain.suppressions import erased_addresses, reasons
from eventmail.domain.terms import NothingLeaves, SendingTerms
from eventmail.errors import FieldError, InvalidInput, NoRecipients, NotFound
from eventmail.models import Exclusion, Guest, Job, Mailing, Recipient, Suppression, User
from eventmail.records import Acting, Keyed
from eventmail.states import MailingKind, MailingState, Reason, RecipientState

MOST = 5  # typed addresses
PREFIX = "[Test]"  # begins the subject
_PLAIN = re.compile(r"(?!account[0-9])[A-Za-z0-9_-]{1,64}")  # no key of an account mail


@dataclass(frozen=True)
class Wanted:
    """A test to send."""

    text: contents.Text
    to: Sequence[str] = ()  # else to the person who asks
    guest: str = ""  # whose values it shows, else those of the first by name
    criteria: Mapping[str, list[str]] = field(default_factory=dict)  # for the composer, when it is shown again
    origin: Origin | None = None  # of the test of a design
    asked: Mapping[str, Any] | None = None  # the request of a program: what the key covers then
    of: MailingKind = MailingKind.ONE_TIME  # what it is a test of

    def as_json(self, to: Collection[str]) -> dict[str, Any]:
        """What an idempotency key stands for."""
        written = {**asdict(self.text), "to": sorted(to), "guest": self.guest}
        return {**written, **(self.origin.as_json() if self.origin else {})} if self.asked is None else dict(self.asked)


def send(event_id: int, wanted: Wanted, *, key: str, terms: SendingTerms, by: Acting) -> mailing_send.Sent:
    """Send a test now, once per `key` and person, in one transaction (S1). It cannot be undone (S7).

    Raises UnresolvedToken, InvalidInput, of a calendar mail MissingEventTime and InvalidTimezone (400), NoRecipients
    when no address is left, QuotaExceeded (409), and IdempotencyKeyReused; then nothing was sent.
    """
    to = _addressed(wanted.to or [fresh().get_one(User, by.user_id).email])
    keyed = _keyed(event_id, wanted.as_json(to), key, by)
    if replay := records.replayable(fresh(), keyed):
        return mailing_send.replayed(fresh(), replay)
    if terms.hindrances:
        raise NothingLeaves(" ".join(terms.hindrances))
    edit.refuse_archived(fresh(), event_id)
    calendar_mails.check_for(fresh(), event_id, wanted.of)
    compiled = contents.checked(event_id, wanted.text)
    with transaction() as tx:
        if replay := records.replayable(tx, keyed):  # a second click was faster
            return mailing_send.replayed(tx, replay)
        check(tx, wanted.origin)
        text = contents.kept(tx, event_id, wanted.text, compiled, by)
        mailing = mailing_send.store(
            tx, MailingKind.TEST, MailingState.SENDING, text, wanted.criteria, terms=terms, by=by,
            origin=wanted.origin, key=_root(key),
        )  # fmt: skip
        guest = _guest(event_id, wanted.guest)
        mailing.as_guest_id = guest.id if guest else None
        _add_recipients(tx, mailing, to, terms, by)
        job = mailing_send.add_run(tx, mailing, mailing.recipient_count, terms, by)
        answer = described(mailing, recipients(mailing.id), job)
        records.audit(tx, by, "mailing.test_sent", f"mailing:{mailing.id}", event_id=event_id, to=answer["to"])
        records.remember(tx, keyed, mailing.id, answer, by)
    return mailing_send.Sent(mailing.id, 202, answer, job.id)


def replay(event_id: int, asked: Mapping[str, Any], *, key: str, by: Acting) -> mailing_send.Sent | None:
    """The earlier answer to what a program `asked`, or None. Raises IdempotencyKeyReused, AlreadyCancelled."""
    found = records.replayable(fresh(), _keyed(event_id, asked, key, by))
    return mailing_send.replayed(fresh(), found) if found else None


def _keyed(event_id: int, asked: Mapping[str, Any], key: str, by: Acting) -> Keyed:
    return Keyed(f"user:{by.user_id}:test-sends:{event_id}", key, records.body_hash(asked))


def _root(key: str) -> str:
    """The root of the keys of a test's recipients: the key of the request, so that it reaches the mail service (E1).

    The random end tells apart two people with one key. A key that cannot stand in a Message-ID gives way to its hash.
    """
    plain = key if _PLAIN.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{plain}-{ids.token(8)}"


def find(event_id: int, mailing_id: int) -> Mailing:
    """One test of this event. Raises NotFound."""
    found = query.find(event_id, mailing_id)
    if not found.is_test:
        raise NotFound
    return found


def recipients(mailing_id: int) -> Sequence[Recipient]:
    """The few recipients of a test, in the order they were typed."""
    return fresh().scalars(select(Recipient).where(Recipient.mailing_id == mailing_id).order_by(Recipient.id)).all()


def left_out(mailing_id: int) -> Sequence[Exclusion]:
    """The typed addresses that a test does not go to."""
    return fresh().scalars(select(Exclusion).where(Exclusion.mailing_id == mailing_id).order_by(Exclusion.id)).all()


def described(mailing: Mailing, to: Sequence[Recipient], job: Job | None) -> dict[str, Any]:
    """A test as answers show it."""
    return {
        "id": str(mailing.id),
        "to": [recipient.email for recipient in to],
        "state": mailing.state,
        "request_id": job.request_id if job else "",
    }


def read_as(mailing: Mailing) -> Mapping[str, str] | None:
    """The values for every mail of a test, none without its guest; None for a message to guests, who read their own."""
    if not mailing.is_test:
        return None
    return contents.guest_values(fresh().get(Guest, mailing.as_guest_id) if mailing.as_guest_id else None)


def _addressed(typed: Sequence[str]) -> dict[str, str]:
    """The typed addresses, each once, by their normalized form. Raises InvalidInput that names every wrong one."""
    wrong: list[FieldError] = []
    to: dict[str, str] = {}
    flood = len(typed) > 10 * MOST  # too many to check each
    for email in () if flood else typed:
        try:
            checked = addresses.checked(email, field="to")
        except InvalidInput as error:
            wrong += error.fields
        else:
            to.setdefault(addresses.normalized(checked), checked)
    many = list(typed if flood else to.values())[MOST:]
    if many:
        named = f"“{many[0][:80]}”" + (f" and {len(many) - 1} more are" if len(many) > 1 else " is")
        wrong.append(FieldError("to", "TOO_MANY", f"A test goes to at most {MOST} addresses: {named} too many."))
    if wrong:
        raise InvalidInput(" ".join(error.message for error in wrong) + " Nothing was sent.", fields=wrong)
    return to


def _guest(event_id: int, named: str) -> Guest | None:
    found = preview_steps.step(None, event_id, ids.row_id(named)).guest
    if named and (found is None or str(found.id) != named):
        raise InvalidInput.at("guest", "UNKNOWN_GUEST", f"There is no guest “{named[:80]}” in this event.")
    return found


def _add_recipients(tx: Session, mailing: Mailing, to: Mapping[str, str], terms: SendingTerms, by: Acting) -> None:
    """Write one row per address that gets the test, and one per address that must not. Raises NoRecipients."""
    erased_addresses.recall(tx, to)
    here = Suppression.scope.in_(reasons.scopes_of(mailing.event_id))
    listed = set(tx.scalars(select(Suppression.address).where(Suppression.address.in_(to), here)))
    reserved = {address for address in to if terms.outside and addresses.is_reserved(address)} - listed
    going = {address: email for address, email in to.items() if address not in listed | reserved}
    if not going:
        raise NoRecipients(_nobody([to[address] for address in to if address in listed], list(to.values())))
    tx.add_all(
        Recipient(mailing_id=mailing.id, address=address, email=email, state=RecipientState.QUEUED, updated_at=by.now)
        for address, email in going.items()
    )
    for reason, held in ((Reason.SUPPRESSED, listed), (Reason.RESERVED_ADDRESS, reserved)):
        tx.add_all(Exclusion(mailing_id=mailing.id, reason=reason, email=to[a]) for a in to if a in held)
        if held:
            mailing.excluded = {**mailing.excluded, str(reason): len(held)}
    mailing.recipient_count = mailing.n_queued = len(going)
    tx.flush()


def _nobody(listed: Sequence[str], everyone: Sequence[str]) -> str:
    if len(listed) < len(everyone):
        return "Nobody can have any of these addresses, or they are on the do-not-mail list. No test was sent."
    return f"{', '.join(listed)} {'is' if len(listed) == 1 else 'are'} on the do-not-mail list. No test was sent."
