"""One page that a composer stands on. The fragments take their URLs and the begin of their data-test from it."""

from dataclasses import dataclass
from enum import StrEnum


class Prefix(StrEnum):
    """Begins every data-test of a composer or tracker; the pages' stable attributes are made of it."""

    MESSAGE = "guest-message"


@dataclass(frozen=True)
class Urls:
    """The endpoints of the page, each below an event."""

    preview: str  # what changes while somebody writes
    mail: str  # a kept text as a guest reads it
    review: str
    send: str
    save: str
    copy: str  # keeps a text that met another one
    watch: str  # a draft, or what became of it
    fields: str
    fallbacks: str
    dead_links: str
    exclusions: str
    test: str
    tested: str


@dataclass(frozen=True)
class Composer:
    """A page with its own attributes, addresses and template around the one composer."""

    prefix: Prefix
    urls: Urls
    page: str
