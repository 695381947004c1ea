"""What an area of the site brings: its pages, its entries in the navigation, its rows of the API's document."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flask import Blueprint

from eventmail.errors import DomainError

CSV = "text/csv"
NOTHING = None  # an answer without a body
Refusals = tuple[type[DomainError], ...]


class Section(StrEnum):
    """A section of the API's document; they stand in this order."""

    EVENTS = "Events"
    GUESTS = "Guests"
    SEGMENTS = "Segments"
    MESSAGES = "Messages"
    LIST = "Do-not-mail list"
    RECORDS = "Records"
    INSTALLATION = "Installation"


@dataclass(frozen=True)
class Query:
    """A parameter of the URL's query; `words` are all it may be, `many` says that it may come repeatedly."""

    name: str
    says: str
    words: tuple[str, ...] = ()
    type: str = "string"
    many: bool = False


@dataclass(frozen=True)
class Operation:
    """One request: its method and endpoint, its answers by status, and what it takes.

    `example` is a body as people would send it. `refusals` are its own; those that every request has are added.
    """

    asks: str
    does: str
    answers: Mapping[int, Any]
    takes: Any = None  # a model, or several (JSON), or the media type of a file
    example: Any = None
    query: tuple[Query, ...] = ()
    refusals: Refusals = ()
    keyed: bool = False  # needs an Idempotency-Key
    csv: bool = False  # `format=csv` downloads all of it

    @property
    def method(self) -> str:
        return self.asks.partition(" ")[0]

    @property
    def endpoint(self) -> str:
        return self.asks.partition(" ")[2]


def words(enum: Any) -> tuple[str, ...]:
    """The words of an enum, for a `Query`."""
    return tuple(str(word) for word in enum)


PAGING = (
    Query("page", "Which page; past the end it is the last.", type="integer"),
    Query("per_page", "Rows of a page, 1 to 200, usually 50.", type="integer"),
)
Q = Query("q", "What to search for.")
FORMAT = Query("format", "`csv` downloads all of it.", ("csv",))


@dataclass(frozen=True)
class Entry:
    """An entry of the navigation: current on its page and those below it, or with `exact` on its page alone.

    Entries stand in the order of the areas; `last` puts one behind all others.
    """

    label: str
    icon: str
    endpoint: str
    owners: bool = False
    exact: bool = False
    last: bool = False


@dataclass(frozen=True)
class Area:
    """One area of the site; its entries inside an event, and those outside."""

    blueprints: tuple[Blueprint, ...]
    operations: Mapping[Section, tuple[Operation, ...]] = field(default_factory=dict)
    of_event: tuple[Entry, ...] = ()
    of_site: tuple[Entry, ...] = ()


def sections(areas: Iterable[Area]) -> dict[Section, tuple[Operation, ...]]:
    """Every request that is answered with JSON, by section."""
    areas = tuple(areas)
    return {section: sum((area.operations.get(section, ()) for area in areas), ()) for section in Section}
