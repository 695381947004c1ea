"""The signed addresses of an event's calendar file and of its page "Add to your calendar" (K3).

A guest's address holds the guest's number, and answers what the event's own does: nothing in it is about the guest.
"""

import re
from dataclasses import dataclass
from typing import Self

from sqlalchemy import bindparam, select

from eventmail import ids, records, signing
from eventmail.db import fresh, transaction
from eventmail.domain.terms import SendingTerms
from eventmail.errors import BadSignature, LinkReplaced, NotFound, NothingToDo
from eventmail.models import Event

# What a signature is valid for. A page is no file with its end cut off.
_FILE, _PAGE = "calendar", "calendar page"
# The one spelling of an address: no percent-encoding, no parameters, nothing around it.
_ADDRESS = re.compile(r"/calendar/([1-9][0-9]{0,18})(?:\.([1-9][0-9]{0,18}))?-([A-Za-z0-9_-]{22})(\.ics)?")
_OF_GUEST = re.compile(r"https?://[^\s\"'<>()/]+/calendar/[0-9]+\.[0-9]+-[A-Za-z0-9_-]{22}(\.ics)?")  # in a mail
_OF_EVENT = re.compile(r"/calendar/([1-9][0-9]{0,18})(?![0-9])")
# Built once: each group of mails runs the first, each request the second.
_SECRET = select(Event.ics_secret).where(Event.id == bindparam("event"))
_SECRETS = select(Event.ics_secret, Event.retired_secrets, Event.sender_name).where(Event.id == bindparam("event"))


@dataclass(frozen=True, slots=True)
class CalendarAddresses:
    """The addresses under one secret of an event: those of a guest, and the event's own for None."""

    base_url: str
    secret: bytes  # of the installation
    event_id: int
    event_secret: str

    @classmethod
    def of(cls, event: Event, terms: SendingTerms) -> Self:
        """Returns those of an event that is loaded."""
        return cls(terms.base_url, terms.secret, event.id, event.ics_secret)

    @classmethod
    def now(cls, event_id: int, terms: SendingTerms) -> Self:
        """Returns those under the secret that the event has by now, in 1 query."""
        found = fresh().connection().execute(_SECRET, {"event": event_id}).scalar_one()
        return cls(terms.base_url, terms.secret, event_id, found)

    def file(self, guest_id: int | None = None) -> str:
        """Returns the address of the calendar file."""
        return f"{self._signed(_FILE, guest_id)}.ics"

    def page(self, guest_id: int | None = None) -> str:
        """Returns the address of the page that offers the event to every calendar."""
        return self._signed(_PAGE, guest_id)

    def _signed(self, purpose: str, guest_id: int | None) -> str:
        whose = f"{self.event_id}.{guest_id}" if guest_id else str(self.event_id)
        signature = signing.sign(self.secret, purpose, *_parts(self.event_id, guest_id, self.event_secret))
        return f"{self.base_url}/calendar/{whose}-{signature}"


def without_guest(text: str, addresses: CalendarAddresses) -> str:
    """Returns the text of a mail with the event's own addresses instead of a guest's, for others to read (E2)."""
    own = {True: addresses.file(), False: addresses.page()}
    return _OF_GUEST.sub(lambda found: own[bool(found[1])], text)


@dataclass(frozen=True)
class Opened:
    """What a signed address leads to: an event, for a guest or for nobody in particular, as a file or a page."""

    event_id: int
    event_secret: str
    guest_id: int | None
    is_file: bool


def opened(target: str, secret: bytes) -> Opened:
    """Returns what the address `target` leads to, which is a path with all that follows, exactly as it was asked for.

    The event's state makes no difference. Raises BadSignature, NotFound for an event that does not exist, and
    LinkReplaced for an address under a secret that was replaced.
    """
    found = _ADDRESS.fullmatch(target)
    named = found or _OF_EVENT.match(target)
    event_id = _number(named[1]) if named else None
    event = fresh().connection().execute(_SECRETS, {"event": event_id}).one_or_none() if event_id else None
    if event_id is None or event is None:
        raise NotFound
    if found is None or (found[2] and not _number(found[2])):
        raise BadSignature
    guest_id, purpose = _number(found[2]), _FILE if found[4] else _PAGE

    def signed(event_secret: str) -> bool:
        return signing.verify(secret, found[3], purpose, *_parts(event_id, guest_id, event_secret))

    if signed(event.ics_secret):
        return Opened(event_id, event.ics_secret, guest_id, is_file=purpose == _FILE)
    if any(map(signed, event.retired_secrets)):
        who = event.sender_name.strip() or "the organizers"
        raise LinkReplaced(f"This link was replaced. Ask {who} for the new one, or look for it in a newer mail.")
    raise BadSignature


def replace(event_id: int, by: records.Acting, *, replaced_before: int | None = None) -> None:
    """Give the event a new secret: every address made until now says that it was replaced.

    The file stays the same, and so do the entries in calendars. What waits to be sent gets the new addresses.
    `replaced_before` is how often that was done when the person looked. Raises NothingToDo when it was done since, so
    that a double click does it once.
    """
    with transaction() as tx:
        event = tx.get_one(Event, event_id)
        if replaced_before not in (None, len(event.retired_secrets)):
            raise NothingToDo("The calendar links of this event were replaced a moment ago. Nothing was changed now.")
        event.retired_secrets = [*event.retired_secrets, event.ics_secret]
        event.ics_secret = signing.new_token()
        records.audit(tx, by, "event.calendar_links_replaced", f"event:{event_id}", event_id=event_id)


def _parts(event_id: int, guest_id: int | None, event_secret: str) -> tuple[object, ...]:
    return (event_id, guest_id, event_secret) if guest_id else (event_id, event_secret)


def _number(text: str | None) -> int | None:
    return ids.row_id(text) if text else None
