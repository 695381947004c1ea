"""Scheduled messages in plain words: the groups, the time of a draft, what has changed since one was scheduled."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from eventmail.domain.mail_services import named
from eventmail.domain.mailings import send_time
from eventmail.domain.mailings.changes_since import Changed
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import DomainError
from eventmail.models import Event
from eventmail.web.words import when

GROUPS: Mapping[Group, str] = {
    Group.NEEDS_YOU: "Needs you",
    Group.UPCOMING: "Upcoming",
    Group.LOCKED: "Locked",
    Group.DONE: "Done",
}
_CHANGED = Markup("{} is now {} (was {})")
_ANSWERS = Markup("{} {} now (was {})")  # its label is a verb
_QUOTED, _NOTHING = Markup("<bdi>“{}”</bdi>"), {"reply_to": "the address that mail comes from"}


def changed(change: Changed) -> Markup:
    """One line of “since you scheduled this”, such as “Event title is now “B” (was “A”)”."""
    told = (_told(change.name, text) for text in (change.after, change.before))
    return (_ANSWERS if change.name == "reply_to" else _CHANGED).format(change.label, *told)


def other_people(now: int, scheduled: int) -> Markup:
    """The line about another number of guests."""
    return Markup("{} would get it now (was {})").format(guests(now), _number(scheduled))


def _told(name: str, text: str) -> str:
    if name == "service":
        return named(text)
    return _QUOTED.format(text) if text else _NOTHING.get(name, "empty")


def planned(plan: Plan, event: Event) -> str:
    """The time of a draft, such as “Fri 4 Dec 2026, 18:00 CET”; a relative one with its rule."""
    try:
        at = when.full(send_time.computed(plan, event).at, event.zone)
        return f"{when.relative(send_time.relative(plan.relative))}: {at}" if plan.relative else at
    except DomainError:
        return f"{plan.wall.replace('T', ' ')} ({plan.timezone or event.timezone})" if plan.wall else "a time to choose"


def scheduled(at: datetime, people: int, cutoff: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Such as “Scheduled for Fri 4 Dec 2026, 18:00 CET, 6 guests. You can change it until 17:45 CET.”."""
    said = f"Scheduled for {when.full(at, zone)}, {guests(people)}."
    if cutoff <= now:
        return f"{said} It can be cancelled, not changed."
    return f"{said} You can change it until {when.beside(cutoff, at, zone)}."


def cancelling(places: int) -> str:
    """What a press on Cancel does, such as “Cancel 312 emails, 312 sends go back to your quota”."""
    if not places:
        return "Nothing of it waits; it moves to Done"
    emails, go = ("email", "send goes") if places == 1 else ("emails", "sends go")
    return f"Cancel {_number(places)} {emails}, {_number(places)} {go} back to your quota"


def cancelled(places: int) -> str:
    """What a cancellation did."""
    if not places:
        return "Cancelled. Nothing of it was waiting."
    emails, went = ("email", "send went") if places == 1 else ("emails", "sends went")
    return f"Cancelled. {_number(places)} {emails} won’t leave, {_number(places)} {went} back to your quota."


def guests(count: int) -> str:
    """Such as “1 guest” or “312 guests”."""
    return f"{_number(count)} {'guest' if count == 1 else 'guests'}"


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\u2009")
