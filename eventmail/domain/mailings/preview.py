"""A text as one guest reads it, with the merged values highlighted (A3, C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventmail.content import highlights, personalise, tokens
from eventmail.content.compiled import Compiled
from eventmail.content.pieces import CALENDAR_NAMES, Mode, Slot
from eventmail.db import fresh
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.mailings import contents, merge_values
from eventmail.domain.terms import SendingTerms, inert_unsubscribe_url
from eventmail.models import Content, Event, Guest, Mailing, User
from eventmail.value_parsing import clean_value


@dataclass(frozen=True)
class Value:
    """The words a guest reads for one field of a text; `why` explains a fallback and is empty for a value."""

    name: str
    label: str
    text: str
    why: str


@dataclass(frozen=True)
class Reading:
    """A text as one guest reads it: its parts, cut where values begin and end, and each merged field once."""

    subject: Sequence[highlights.Piece]
    preheader: Sequence[highlights.Piece]
    text: Sequence[highlights.Piece]
    values: Sequence[Value]


def reading(compiled: Compiled, event: Event, guest: Guest | None, author: User, terms: SendingTerms) -> Reading:
    """`compiled` as `guest` would read it; None has no value for any field."""
    fields = merge_values.fields(event.id)
    values = contents.values(event, guest, author, terms)
    subject, preheader, text = (
        highlights.pieces(part, values, fields) for part in (compiled.subject, compiled.preheader, compiled.text)
    )
    whole = "".join(piece.text for piece in subject)
    if whole != (short := personalise.shortened(whole)):
        subject = [highlights.Piece(short)]  # the mail cuts a value of hundreds of characters
    return Reading(subject, preheader, text, _values(compiled, fields, values, guest))


def html(compiled: Compiled, event: Event, guest: Guest | None, author: User, terms: SendingTerms) -> str:
    """The HTML part as `guest` would read it."""
    values = contents.values(event, guest, author, terms)
    return personalise.render(compiled, values, merge_values.fields(event.id)).html


def highlighted(content: Content, event: Event, guest: Guest | None, author: User, terms: SendingTerms) -> str:
    """The HTML part of `contents.rendered`, with every value in it highlighted."""
    fields = merge_values.fields(event.id)

    def why(name: str, fallback: bool) -> str:
        return because(name, fields, guest) if fallback else label(name, fields)

    values = contents.values(event, guest, author, terms)
    return highlights.highlighted(Compiled.load(content.compiled), values, fields, why)


def as_sent(mailing: Mailing, content: Content, terms: SendingTerms) -> str:
    """The HTML of a sent message with the values of that time; no guest's values. A test shows those of its guest.

    The unsubscribe link is inert, and calendar links are the event's own (E2), under the secret it has now.
    """
    guest = fresh().get(Guest, mailing.as_guest_id) if mailing.as_guest_id else None
    values = {**mailing.constants, **contents.guest_values(guest), "unsubscribe.url": inert_unsubscribe_url(terms)}
    if mailing.constants.get("calendar.google"):
        values |= merge_values.addressed(CalendarAddresses.now(mailing.event_id, terms), None)
    return personalise.render(Compiled.load(content.compiled), values, tokens.known_fields(mailing.defaults)).html


def examples(event: Event, guest: Guest | None, author: User, terms: SendingTerms) -> dict[str, str]:
    """The value of `guest` for each field; "" where a fallback would be read."""
    data = _read(contents.values(event, guest, author, terms))
    return {name: data.get(name, "") for name in merge_values.fields(event.id)}


def label(name: str, fields: Mapping[str, tokens.Field]) -> str:
    """A field in words; the name of one that is gone."""
    return fields[name].label if name in fields else name


def because(name: str, fields: Mapping[str, tokens.Field], guest: Guest | None) -> str:
    """The second half of a sentence about a fallback, such as “fallback, because Anna has no first name”."""
    scope, words = name.partition(".")[0], label(name, fields)
    if scope == "calendar":
        return "fallback, because the event has no date yet"
    if scope != "guest":
        return f"fallback, because “{words}” is not set for this event"
    if guest is None:
        return "fallback, because there is no guest to read it as"
    who = guest.first_name or guest.full_name or guest.email or "this guest"
    return f"fallback, because {who} has no {words.lower() if name in tokens.FIELDS else f'“{words}”'}"


def _values(
    compiled: Compiled, fields: Mapping[str, tokens.Field], values: Mapping[str, str | None], guest: Guest | None
) -> list[Value]:
    data = _read(values)
    used: dict[str, Slot] = {}
    for part in (compiled.subject, compiled.preheader, compiled.text):
        for slot in personalise.slots(part):
            used.setdefault(slot.field, Slot(slot.field, slot.fallback, Mode.TEXT))

    def value(name: str) -> Value:
        text = personalise.filled(used.get(name) or Slot(name, None, Mode.TEXT), data, fields)
        return Value(name, label(name, fields), text, "" if data.get(name) else because(name, fields, guest))

    return [value(name) for name in compiled.merged]


def _read(values: Mapping[str, str | None]) -> dict[str, str]:
    """The values as guests read them; the value of all calendar links is the list of their names."""
    data = {name: clean_value(value) for name, value in values.items()}
    data["calendar.links"] = (
        ", ".join(CALENDAR_NAMES.values()) if data.get(personalise.decisive("calendar.links")) else ""
    )
    return data
