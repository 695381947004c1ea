"""Adding guests from pasted addresses, and the check before it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from eventmail import addresses, records
from eventmail.db import fresh, transaction
from eventmail.db.sql import chunks
from eventmail.domain.guests import fields, paste_text
from eventmail.errors import FieldError, InvalidInput, ListChanged
from eventmail.models import Guest, GuestTag
from eventmail.models.guest import NO_NAME, full_name
from eventmail.states import GuestStatus

LONGEST_TEXT = 1_000_000
MOST = 5000
_CHUNK = 500


@dataclass(frozen=True)
class Rejected:
    """A text that can't become a guest; `code` and `message` say why."""

    line: int
    text: str
    code: str
    message: str


@dataclass(frozen=True)
class There:
    """An address that was on the list already, as `name`, or further up in the same text."""

    line: int
    email: str
    guest_id: int | None
    name: str


@dataclass(frozen=True)
class Given:
    """The status and tags of everybody who is added. "" means invited."""

    status: str = ""
    tags: tuple[str, ...] = ()


@dataclass
class PasteReport:
    """The result of a pasted text. `new` are the added guests, in the order of the text."""

    new: list[paste_text.Entry] = field(default_factory=list)
    there: list[There] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def check(event_id: int, text: str) -> PasteReport:
    """Report what `add` would do."""
    return _report(fresh(), event_id, *_read(text))


def add(event_id: int, text: str, given: Given, by: records.Acting, expected: int | None = None) -> PasteReport:
    """Add everybody in `text` whose address is not on the list yet.

    Known addresses are reported and not changed. When two people paste the same text at once, each guest is added
    once. Raises InvalidInput, and ListChanged when the number to add is not `expected`.
    """
    given = _checked(given)
    good, rejected = _read(text)
    with transaction() as tx:
        report = _report(tx, event_id, good, rejected)
        if expected not in (None, len(report.new)):
            raise ListChanged(
                f"You saw that {expected} would be added, now it is {len(report.new)}. Nobody was added. Look again."
            )
        if report.new:
            _insert(tx, event_id, report.new, given, by)
            numbers = {"added": len(report.new), "there": len(report.there), "rejected": len(report.rejected)}
            records.audit(tx, by, "guests.pasted", f"event:{event_id}", event_id=event_id, **numbers,
                          status=given.status, tags=list(given.tags))  # fmt: skip
        return report


def _checked(given: Given) -> Given:
    wrong = []
    if given.status and given.status not in tuple(GuestStatus):
        wrong.append(FieldError("status", "INVALID_STATUS", f"“{given.status[:40]}” {fields.STATUS_COMPLAINT}"))
    if complaint := fields.tags_complaint(given.tags):
        wrong.append(FieldError("tags", "INVALID_TAGS", complaint))
    if wrong:
        raise InvalidInput(fields=wrong)
    return Given(given.status or GuestStatus.INVITED.value, given.tags)


def _read(text: str) -> tuple[list[paste_text.Entry], list[Rejected]]:
    """(good entries, rejected ones). Raises InvalidInput for an empty text and for too much."""
    if len(text) > LONGEST_TEXT:
        raise InvalidInput.at("addresses", "REQUIRED", "This is too much text to paste. Import it as a CSV file.")
    found = list(paste_text.entries(text))
    if not found:
        raise InvalidInput.at("addresses", "REQUIRED", "Paste some addresses first.")
    if len(found) > MOST:
        message = f"These are {len(found)} addresses; at most {MOST} can be pasted at once. Import them as a CSV file."
        raise InvalidInput.at("addresses", "TOO_MANY", message)
    addresses.few_foreign(entry.email for entry in found)
    judged = [(entry, _complaint(entry)) for entry in found]
    rejected = [Rejected(entry.line, entry.text, wrong.code, wrong.message) for entry, wrong in judged if wrong]
    return [entry for entry, wrong in judged if not wrong], rejected


def _complaint(entry: paste_text.Entry) -> FieldError | None:
    if not entry.email:
        several = entry.text.count("@") > 1
        message = "Unclear which address is meant: put a comma between two." if several else "No address found here."
        return FieldError("addresses", "INVALID_EMAIL", message)
    if max(len(entry.first_name), len(entry.last_name)) > fields.LONGEST_NAME:
        return FieldError("addresses", "TOO_LONG", f"The name is longer than {fields.LONGEST_NAME} characters.")
    try:
        addresses.checked(entry.email)
    except InvalidInput as error:
        return error.fields[0]
    return None


def _report(session: Session, event_id: int, good: Sequence[paste_text.Entry], rejected: list[Rejected]) -> PasteReport:
    report = PasteReport(rejected=rejected)
    known = _known(session, event_id, [addresses.normalized(entry.email) for entry in good])
    for entry in good:
        address = addresses.normalized(entry.email)
        if address in known:
            report.there.append(There(entry.line, entry.email, *known[address]))
        else:
            known[address] = (None, full_name(entry.first_name, entry.last_name) or NO_NAME)
            report.new.append(entry)
    return report


def _known(session: Session, event_id: int, wanted: Sequence[str]) -> dict[str, tuple[int | None, str]]:
    """By address, the id and name of its oldest guest."""
    known: dict[str, tuple[int | None, str]] = {}
    for some in chunks(wanted, _CHUNK):
        found = select(Guest.address, Guest.id, Guest.first_name, Guest.last_name).where(
            Guest.event_id == event_id, Guest.address.in_(some)
        )
        for address, guest_id, first, last in session.execute(found.order_by(Guest.id)):
            known.setdefault(address or "", (guest_id, full_name(first, last) or NO_NAME))
    return known


def _insert(tx: Session, event_id: int, new: Sequence[paste_text.Entry], given: Given, by: records.Acting) -> None:
    made = tx.scalars(insert(Guest).returning(Guest.id), list(_rows(event_id, new, given.status, by))).all()
    tags: list[Mapping[str, Any]] = [{"guest_id": guest_id, "tag": tag} for guest_id in made for tag in given.tags]
    if tags:
        tx.execute(insert(GuestTag), tags)


def _rows(event_id: int, new: Sequence[paste_text.Entry], status: str, by: records.Acting) -> Iterator[dict[str, Any]]:
    for entry in new:
        email = addresses.checked(entry.email)
        address = addresses.normalized(email)
        yield {
            "event_id": event_id, "email": email, "address": address, "reserved": addresses.is_reserved(address),
            "first_name": entry.first_name, "last_name": entry.last_name, "status": status, "attributes": {},
            "search_key": fields.search_key(entry.first_name, entry.last_name, email),
            "created_at": by.now, "updated_at": by.now,
        }  # fmt: skip
