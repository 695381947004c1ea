"""The page “Calendar email”: the event as calendars get it, its links, and the composer below them (K1, K1a)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import g, url_for
from werkzeug.local import LocalProxy

from eventmail.content import calendar_links, calendar_words
from eventmail.content.calendar_facts import CalendarFacts
from eventmail.content.pieces import CALENDAR_NAMES
from eventmail.domain.events.calendar_address import CalendarAddresses
from eventmail.domain.mailings import calendar_mails, calendar_updates, merge_values
from eventmail.errors import InvalidTimezone, MissingEventTime
from eventmail.models import Event
from eventmail.states import MailingKind
from eventmail.web.composer import fragments
from eventmail.web.composer.page import Composer, Prefix, Urls


@dataclass(frozen=True)
class Fact:
    """One fact of the event in words, "" where it is missing, and the address where it is set."""

    label: str
    words: str
    missing: str  # what is said instead
    url: str
    note: str = ""


@dataclass(frozen=True)
class Link:
    """One way into a calendar: `parameters` are decoded, as the service reads them."""

    name: str
    label: str
    url: str
    host: str
    parameters: Sequence[tuple[str, str]] = ()
    inexact: Sequence[str] = ()


@dataclass(frozen=True)
class Shown:
    """What stands above the composer; `problem` says why there are no links."""

    facts: Sequence[Fact]
    links: Sequence[Link]
    page: str  # the address of the page that guests may get instead, as the event's own
    problem: MissingEventTime | InvalidTimezone | None


def shown(event: Event) -> Shown:
    """The event as calendars get it."""
    facts = merge_values.calendar_facts(event)
    try:
        calendar_mails.check(event)
    except (MissingEventTime, InvalidTimezone) as error:
        return Shown(list(_facts(event, facts, "", "")), (), "", error)
    words = calendar_words.when(facts), calendar_words.assumed_end(facts)
    own = CalendarAddresses.of(event, fragments.terms())
    return Shown(list(_facts(event, facts, *words)), list(_links(facts, own.file())), own.page(), None)


def links(event: Event) -> Mapping[str, str]:
    """The address of each link by name. Raises MissingEventTime, InvalidTimezone."""
    calendar_mails.check(event)
    facts = merge_values.calendar_facts(event)
    return calendar_links.links(facts, CalendarAddresses.of(event, fragments.terms()).file())


def _facts(event: Event, facts: CalendarFacts, when: str, assumed: str) -> Iterator[Fact]:
    def fact(label: str, words: str, missing: str, field: str, note: str = "") -> Fact:
        where = url_for("events.settings", event_id=event.id, _anchor=field)
        return Fact(label, words, missing, where, note)

    yield fact("Title", facts.shown_title, "", "title")
    yield fact("When", when, "No date is set.", "starts_at", assumed)
    yield fact("Time zone", event.timezone, "", "timezone")
    yield fact("Where", facts.location.strip(), "No place is set: calendars show none.", "location")
    yield fact("Description", facts.text, "None is set.", "description")
    yield fact("Web page", facts.page, "None is set.", "url")


def _links(facts: CalendarFacts, file: str) -> Iterator[Link]:
    for name, link in calendar_links.provider_links(facts).items():
        host, parameters = calendar_links.link_parts(link.url)
        yield Link(name, CALENDAR_NAMES[f"calendar.{name}"], link.url, host, parameters, link.inexact)
    yield Link("ics", CALENDAR_NAMES["calendar.ics"], file, calendar_links.link_parts(file).host)


def _around() -> dict[str, Any]:
    outdated = LocalProxy(cache(lambda: calendar_updates.outdated(g.event, g.now)))
    # the live parts of the page need none of these
    return {
        "calendar": LocalProxy(cache(lambda: shown(g.event))),
        "outdated": outdated,
        "is_quiet": LocalProxy(cache(lambda: calendar_updates.is_quiet(g.event))),
    }


COMPOSER = Composer(Prefix.CALENDAR, Urls.of("calendar"), "calendar/page.html", _around, kind=MailingKind.CALENDAR)
