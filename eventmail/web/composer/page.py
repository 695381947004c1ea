"""Describes a page with a composer; the fragments take their URLs and the prefix of their data-test from it."""

from dataclasses import dataclass
from enum import StrEnum


class Prefix(StrEnum):
    """The prefix of every data-test in a composer or tracker. These attributes stay the same for good."""

    MESSAGE = "guest-message"


@dataclass(frozen=True)
class Urls:
    """The endpoints of the page, each below an event."""

    preview: str  # the parts that change while somebody writes
    mail: str  # a compiled text as a guest reads it
    review: str
    send: str
    save: str
    copy: str  # saves a text apart after a conflict
    watch: str  # a draft, or the tracker of what it was sent as
    fields: str
    fallbacks: str
    dead_links: str
    exclusions: str
    test: str
    tested: str


@dataclass(frozen=True)
class Composer:
    prefix: Prefix
    urls: Urls
    page: str
