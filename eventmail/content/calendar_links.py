"""Links that add an event to Google, Outlook, Yahoo and other calendars (K1). None has a specification.

Measured: Outlook reads "+" literally and a time without Z in the viewer's zone; Yahoo has no zone and ignores Z; Google
ignores a `ctz` that it cannot resolve; all take the end of an all-day event as exclusive.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from eventmail import wall_time
from eventmail.content.calendar_facts import CalendarFacts, Span, is_region, span
from eventmail.value_parsing import clean_value

PROVIDERS = ("google", "outlook", "office365", "yahoo")
LINK_LENGTH = 2000
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_LEAST = 300  # characters for title and location, however long the address of the event's page is
_CUT = "The description is cut, since these links hold about 2,000 characters. The address of the event's page is kept."

Encoder = Callable[[str], str]


class LinkParts(NamedTuple):
    """What a link says: its host, and its decoded parameters in their order."""

    host: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ProviderLink:
    """A link to one calendar service. `inexact` says in sentences where it cannot be exact, () where it is."""

    url: str
    inexact: tuple[str, ...] = ()


class _Names(NamedTuple):
    title: str
    body: str
    location: str


def links(facts: CalendarFacts, ics_url: str) -> Mapping[str, str]:
    """Returns the links to PROVIDERS and to the ics file by name; {} without a start. Raises InvalidTimezone."""
    made = provider_links(facts)
    return {**{name: link.url for name, link in made.items()}, "ics": ics_url} if made else {}


def provider_links(facts: CalendarFacts) -> Mapping[str, ProviderLink]:
    """Returns the link to each of PROVIDERS by name; {} without a start. Raises InvalidTimezone.

    Each has at most 2000 characters: the description is cut first, then the location, then the title. The address of
    the event's page is never cut; only where it leaves no room is the link longer.
    """
    if (when := span(facts)) is None:
        return {}
    return {
        "google": _google(facts, when),
        "outlook": _outlook("outlook.live.com/calendar/0/deeplink/compose", facts, when),
        "office365": _outlook("outlook.office.com/calendar/deeplink/compose", facts, when),
        "yahoo": _yahoo(facts, when),
    }


def calendar_values(links: Mapping[str, str]) -> Mapping[str, str | None]:
    """Returns the links as merge values, `calendar.google` and so on, each None without links."""
    return {f"calendar.{name}": links.get(name) for name in (*PROVIDERS, "ics")}


def link_parts(url: str) -> LinkParts:
    """Returns a link's host and decoded parameters, as a page shows them."""
    split = urlsplit(url)
    return LinkParts(split.netloc, tuple(parse_qsl(split.query, keep_blank_values=True)))


def _google(facts: CalendarFacts, when: Span) -> ProviderLink:
    if facts.all_day:
        first, after = when.days
        # With ctz, Google's Android app would take it for a timed event.
        dates = f"{first:%Y%m%d}/{after:%Y%m%d}"
    elif when.certain and (is_region(facts.timezone) or facts.timezone == "UTC"):
        dates = f"{when.starts:%Y%m%dT%H%M%S}/{when.ends:%Y%m%dT%H%M%S}&ctz={quote(facts.timezone)}"
    else:
        dates = f"{_utc(when.starts):%Y%m%dT%H%M%SZ}/{_utc(when.ends):%Y%m%dT%H%M%SZ}"
    base = f"https://calendar.google.com/calendar/render?action=TEMPLATE&dates={dates}"
    return _fitted(base, facts, _Names("text", "details", "location"))


def _outlook(address: str, facts: CalendarFacts, when: Span) -> ProviderLink:
    if facts.all_day:
        first, after = when.days
        times = f"startdt={first:%Y-%m-%d}&enddt={after:%Y-%m-%d}&allday=true"
    else:
        times = f"startdt={_utc(when.starts):%Y-%m-%dT%H:%M:%SZ}&enddt={_utc(when.ends):%Y-%m-%dT%H:%M:%SZ}"
    base = f"https://{address}?path=/calendar/action/compose&rru=addevent&{times}"
    return _fitted(base, facts, _Names("subject", "body", "location"), encode=_html)


def _yahoo(facts: CalendarFacts, when: Span) -> ProviderLink:
    first, after = when.days
    note, inexact = "", ""
    if not facts.all_day:
        times, note = _yahoo_times(when), f"Times are in the zone {facts.timezone}{_spoken(facts, when)}."
        inexact = _yahoo_zone(facts, when)
    elif after - first == timedelta(days=1):
        times = f"ST={first:%Y%m%d}&DUR=allday"
    else:
        times = f"ST={first:%Y%m%d}&ET={after:%Y%m%d}"
        inexact = "Yahoo Calendar shows several whole days as one entry from midnight to midnight."
    base = f"https://calendar.yahoo.com/?v=60&{times}"
    return _fitted(base, facts, _Names("TITLE", "DESC", "in_loc"), note=note, inexact=inexact)


def _yahoo_zone(facts: CalendarFacts, when: Span) -> str:
    wrong = f"Yahoo Calendar knows no time zones: it shows {when.starts:%H:%M} wherever a guest's calendar is set to."
    advice = f"For guests outside {facts.timezone} that hour is wrong; the .ics file is right for everybody."
    twice = "" if when.certain else " It cannot tell which of two equal hours is meant, either."
    return f"{wrong}{twice} {advice}"


def _yahoo_times(when: Span) -> str:
    start = f"ST={when.starts:%Y%m%dT%H%M%S}"
    if when.ends > when.starts:  # on the wall
        return f"{start}&ET={when.ends:%Y%m%dT%H%M%S}"
    length = _utc(when.ends) - _utc(when.starts)  # the clocks go back in between
    return f"{start}&DUR={length // _HOUR:02}{length % _HOUR // _MINUTE:02}"


def _spoken(facts: CalendarFacts, when: Span) -> str:
    """Says which ones are meant of times that occur twice."""
    starts, ends = (wall_time.clock(moment, facts.zone) for moment in (when.starts, when.ends))
    return "" if when.certain else f": from {starts} to {ends}"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _plain(text: str) -> str:
    return quote(text, safe="")


def _html(text: str) -> str:
    """Outlook's body is HTML, in which a newline is a blank."""
    return quote(escape(text, quote=False).replace("\n", "<br>"), safe="")


def _fitted(
    base: str, facts: CalendarFacts, names: _Names, *, encode: Encoder = _plain, note: str = "", inexact: str = ""
) -> ProviderLink:
    """Returns the link within its length."""
    title, location, text, page = facts.shown_title, clean_value(facts.location), facts.text, facts.page
    body = _paragraphs(text, note, page if page not in text else "")
    url = _link(base, names, title, encode(body), location)
    said = (inexact,) if inexact else ()
    if len(url) <= LINK_LENGTH:
        return ProviderLink(url, said)
    always = _paragraphs(note, page)
    fixed = len(_link(base, names, "-", encode(f"\n\n{always}"), "-" if location else "")) - (2 if location else 1)
    room = max(LINK_LENGTH - fixed, _LEAST)
    location = _cut(location, max(room - len(_plain(title)), room // 3), _plain)
    title = _cut(title, room - len(_plain(location)), _plain)
    text = _cut(text, room - len(_plain(title)) - len(_plain(location)), encode)
    return ProviderLink(_link(base, names, title, encode(_paragraphs(text, always)), location), (*said, _CUT))


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(filter(None, texts))


def _link(base: str, names: _Names, title: str, encoded_body: str, location: str) -> str:
    encoded = {names.title: _plain(title), names.body: encoded_body, names.location: _plain(location)}
    return base + "".join(f"&{name}={value}" for name, value in encoded.items() if value)


def _cut(text: str, length: int, encode: Encoder) -> str:
    """Returns the text, cut between two characters so that its encoded form with "…" has at most `length`."""
    if len(encode(text)) <= length:
        return text
    room, kept = length - len(encode("…")), 0
    for character in text:
        room -= len(encode(character))
        if room < 0:
            break
        kept += 1
    return f"{text[:kept].rstrip()}…" if kept else ""
