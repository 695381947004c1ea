"""The demo: a gala to try everything on, its organizer, and an event of another team that the organizer must not see.

Loading is one transaction, mails nobody, and adds nothing when it is repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from eventmail import ids, records
from eventmail.db import fresh, sql, transaction
from eventmail.domain.audience import segments
from eventmail.domain.events import edit
from eventmail.domain.guests import fields
from eventmail.domain.guests import values as guest_values
from eventmail.domain.instance import demo_designs, demo_guests, demo_messages
from eventmail.domain.people import api_tokens, passwords, sign_in_links, users
from eventmail.domain.terms import SendingTerms
from eventmail.models import (
    EVERYWHERE,
    PRACTICE,
    AuditEntry,
    EmailEvent,
    Event,
    EventMember,
    Guest,
    Segment,
    Suppression,
    User,
)
from eventmail.models.account import Role
from eventmail.records import Acting
from eventmail.states import GuestStatus, SuppressionReason

ORGANIZER = "demo@example.com"
TITLE = "Fixture Gala"
DAYS_AHEAD = 60

# a segment with guests, and one without
SEGMENTS = {"VIP": demo_guests.VIP, "Nobody": "nobody"}

_LOADED = "demo.loaded"
_OTHER_TEAM = "board@example.com"
_GUESTS: Any = Guest.__table__
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Loaded:
    """The demo event, the credentials of its organizer, and how many guests this call added."""

    event_id: int
    email: str
    password: str
    token: str
    link: str
    added: int


def load(by: Acting, terms: SendingTerms, *, guests: int = 0) -> Loaded:
    """Load what is missing of the demo and up to `guests` more confirmed guests; makes a new password, token, link."""
    password = ids.token(16)
    hashed = passwords.hashed(password)
    with transaction() as tx:
        organizer = _person(tx, "Dana Reyes", ORGANIZER, hashed, by)
        event, added = _gala(tx, organizer, by)
        _group(tx, event.id, by)
        demo_designs.add(tx, event, by)
        if added:  # else it was here before, and people may have sent, changed or cancelled what they liked
            _schedule(tx, event, terms, by)
        added += _crowd(tx, event.id, guests, by)
        _, token = api_tokens.add(tx, organizer.id, "demo", by)
        records.audit(tx, by, _LOADED, f"event:{event.id}", event_id=event.id, guests=added)
    return Loaded(event.id, ORGANIZER, password, token, sign_in_links.issue(ORGANIZER, by), added)


def guide() -> str | None:
    """The address of the person that a start signs in: the demo's organizer, else the first owner, if any."""
    owners = select(User.email).where(User.role == Role.OWNER, User.removed_at.is_(None)).order_by(User.id).limit(1)
    organizer = users.find(ORGANIZER)
    return organizer.email if organizer else fresh().scalar(owners)


def _person(tx: Session, name: str, email: str, password_hash: str, by: Acting) -> User:
    user = users.find(email, tx)
    if user is None:
        return users.add(tx, name=name, email=email, role=Role.ORGANIZER, password_hash=password_hash, by=by)
    user.password_hash = password_hash
    return user


def _gala(tx: Session, organizer: User, by: Acting) -> tuple[Event, int]:
    """The event and how many guests were added. An earlier one is found in the log, since it may have been renamed."""
    earlier = select(AuditEntry.event_id).where(AuditEntry.action == _LOADED, AuditEntry.event_id.is_not(None))
    if known := tx.scalar(earlier.order_by(AuditEntry.id).limit(1)):
        return tx.get_one(Event, known), 0
    event = edit.add(tx, _gala_values(by.now), by)
    event.created_by = organizer.id
    added = _invite(tx, event.id, demo_guests.GALA, by)
    _list_unreachable(tx, event.id, organizer.id, by)
    _add_other_team(tx, by)
    return event, added


def _group(tx: Session, event_id: int, by: Acting) -> None:
    """Make each segment of the event once. The log tells which were made, since one may be renamed or removed."""
    made = select(AuditEntry.detail).where(AuditEntry.action == "segment.created", AuditEntry.event_id == event_id)
    known = {detail["after"]["name"] for detail in tx.scalars(made)}
    for name, tag in SEGMENTS.items():
        if name not in known:
            rule = {"all": [{"field": "tag", "op": "is", "value": tag}]}
            segments.add(tx, event_id, {"name": name, "rule": rule}, by)


def _schedule(tx: Session, event: Event, terms: SendingTerms, by: Acting) -> None:
    vip = select(Segment.id).where(Segment.event_id == event.id, Segment.name == "VIP")
    demo_messages.add(tx, event, tx.scalars(vip).one(), terms, by)


def _gala_values(now: datetime) -> dict[str, Any]:
    berlin = ZoneInfo("Europe/Berlin")
    day = now.astimezone(berlin).date() + timedelta(days=DAYS_AHEAD)
    return {
        "title": TITLE, "url": "https://gala.example.com/", "sender_name": "Fixture Gala Team", "reply_to": ORGANIZER,
        "description": "An evening for everybody who made this year possible: dinner, music, and the fixture draw.",
        "location": "Altes Stadthaus, Klosterstraße 47, 10179 Berlin", "timezone": berlin.key,
        "starts_wall": datetime.combine(day, time(18, 0)), "ends_wall": datetime.combine(day, time(23, 0)),
    }  # fmt: skip


def _add_other_team(tx: Session, by: Acting) -> None:
    member = users.find(_OTHER_TEAM, tx) or users.add(  # without a password: only a sign-in link lets them in
        tx, name="Bruno Castellani", email=_OTHER_TEAM, role=Role.ORGANIZER, password_hash=None, by=by
    )
    values = {"title": "Board Retreat", "timezone": "Europe/Lisbon", "location": "Quinta da Serra, Sintra"}
    event = edit.add(tx, values, by, restricted=True)
    event.created_by = member.id
    tx.add(EventMember(event_id=event.id, user_id=member.id))
    _invite(tx, event.id, demo_guests.OTHER_TEAM, by)


def _invite(tx: Session, event_id: int, sketches: Sequence[demo_guests.Sketch], by: Acting) -> int:
    guest_values.record_columns(tx, event_id, demo_guests.COLUMNS)
    for sketch in sketches:
        guest = Guest(event_id=event_id, attributes={}, created_at=by.now, updated_at=by.now)
        guest_values.apply(tx, guest, sketch.values())
        tx.add(guest)
    tx.flush()
    return len(sketches)


def _list_unreachable(tx: Session, event_id: int, user_id: int, by: Acting) -> None:
    """Fill the do-not-mail list: dead addresses, each with a report, and two guests who asked."""
    listed = set(tx.scalars(select(Suppression.address).where(Suppression.scope.in_([EVERYWHERE, PRACTICE]))))
    tx.add_all(
        EmailEvent(
            provider="outbox", provider_event_id=f"demo:{event_id}:{address}", kind="bounce", address=address,
            event_id=event_id, recipient_id=None, practice=True, code="550 5.1.1", detail="No such user here",
            at=by.now,
        )
        for address in demo_guests.BOUNCED
    )  # fmt: skip
    tx.add_all(
        Suppression(address=address, scope=scope, reason=reason, source=source, created_by=user,
                    created_at=by.now)
        for addresses, scope, reason, source, user in (
            (demo_guests.BOUNCED, PRACTICE, SuppressionReason.HARD_BOUNCE, "outbox", None),
            (demo_guests.SUPPRESSED, EVERYWHERE, SuppressionReason.MANUAL, "demo", user_id),
        )
        for address in addresses
        if address not in listed
    )  # fmt: skip


def _crowd(tx: Session, event_id: int, wanted: int, by: Acting) -> int:
    """Add the missing ones of guest1@example.com to guest<wanted>@example.com, confirmed; returns how many."""
    here = select(Guest.address).where(Guest.event_id == event_id, Guest.address.like("guest%@example.com"))
    known = set(tx.scalars(here)) if wanted else set()
    missing = [n for n in range(1, wanted + 1) if f"guest{n}@example.com" not in known]
    for part in sql.chunks(missing, _AT_ONCE):
        tx.execute(insert(_GUESTS), [_row(event_id, n, by) for n in part])
    return len(missing)


def _row(event_id: int, number: int, by: Acting) -> dict[str, Any]:
    email, (first, last) = f"guest{number}@example.com", demo_guests.name_of(number)
    return {
        "event_id": event_id, "email": email, "address": email, "reserved": True, "first_name": first,
        "last_name": last, "status": GuestStatus.CONFIRMED, "attributes": {},
        "search_key": fields.search_key(first, last, email), "created_at": by.now, "updated_at": by.now,
    }  # fmt: skip
