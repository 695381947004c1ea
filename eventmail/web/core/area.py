"""Describes an area of the site: its pages, its entries and tabs in the navigation, its rows of the API's document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flask import Blueprint

from eventmail.db import Rows
from eventmail.errors import DomainError

CSV = "text/csv"
NOTHING = None  # an answer without a body
Refusals = tuple[type[DomainError], ...]


class Section(StrEnum):
    """A section of the API's document; the document has them in this order."""

    EVENTS = "Events"
    GUESTS = "Guests"
    SEGMENTS = "Segments"
    DESIGNS = "Designs"
    MESSAGES = "Messages"
    LIST = "Do-not-mail list"
    RECORDS = "Records"
    INSTALLATION = "Installation"


@dataclass(frozen=True)
class Query:
    """A parameter of the URL's query. `words`: all its possible values; `many`: it may come repeatedly."""

    name: str
    says: str
    words: tuple[str, ...] = ()
    type: str = "string"
    many: bool = False


@dataclass(frozen=True)
class Operation:
    """One request: its method and endpoint (`asks`), its answers by status, its body (`takes`) with an `example`."""

    asks: str
    does: str
    answers: Mapping[int, Any]
    takes: Any = None  # a model, or several (JSON), or the media type of a file
    example: Any = None
    query: tuple[Query, ...] = ()
    refusals: Refusals = ()  # its own; the document adds those that every request has
    keyed: bool = False  # needs an Idempotency-Key
    csv: bool = False  # `format=csv` downloads all of it

    @property
    def method(self) -> str:
        return self.asks.partition(" ")[0]

    @property
    def endpoint(self) -> str:
        return self.asks.partition(" ")[2]


def words(enum: Any) -> tuple[str, ...]:
    """The values of an enum, for a `Query`."""
    return tuple(str(word) for word in enum)


PAGING = (
    Query("page", "Which page; past the end it is the last.", type="integer"),
    Query("per_page", "Rows of a page, 1 to 200, usually 50.", type="integer"),
)
Q = Query("q", "What to search for.")
FORMAT = Query("format", "`csv` downloads all of it.", ("csv",))


@dataclass(frozen=True)
class Entry:
    """An entry of the navigation. Entries follow the order of the areas."""

    label: str
    icon: str
    endpoint: str
    owners: bool = False  # only they see it
    exact: bool = False  # current on its page alone, not on those below as well
    tabbed: bool = False  # current on the pages of the tabs of messages, too
    last: bool = False  # behind all others


@dataclass(frozen=True)
class Tab:
    """One list of an event's messages. Tabs follow the order of the areas."""

    label: str
    endpoint: str
    counted: Callable[[int], Rows] | None = None  # the rows of an event whose number the tab shows
    practice: bool = False  # in practice mode alone


@dataclass(frozen=True)
class Area:
    blueprints: tuple[Blueprint, ...]
    operations: Mapping[Section, tuple[Operation, ...]] = field(default_factory=dict)
    of_event: tuple[Entry, ...] = ()
    of_site: tuple[Entry, ...] = ()
    of_messages: tuple[Tab, ...] = ()


def sections(areas: Sequence[Area]) -> dict[Section, tuple[Operation, ...]]:
    """Every request that is answered with JSON, by section."""
    return {section: sum((area.operations.get(section, ()) for area in areas), ()) for section in Section}
