"""Describes a page with a composer; the fragments take their URLs and the prefix of their data-test from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Protocol

from flask import Blueprint, g

from eventmail.content.differences import Piece
from eventmail.states import MailingKind
from eventmail.web.composer import draft
from eventmail.web.composer.draft import OnPage
from eventmail.web.composer.form import ComposerForm


class Prefix(StrEnum):
    """The prefix of every data-test in a composer or tracker. These attributes stay the same for good."""

    MESSAGE = "guest-message"
    DESIGN = "email-design"
    SCHEDULED = "scheduled-message"
    CALENDAR = "calendar-email"


@dataclass(frozen=True)
class Urls:
    """The endpoints of the page, each below an event."""

    compose: str  # the page itself
    preview: str  # the parts that change while somebody writes
    mail: str  # a compiled text as a guest reads it
    review: str
    send: str
    save: str
    copy: str  # saves a text apart after a conflict
    watch: str  # a draft, or the tracker of what it was sent as
    editor: str  # the body as the editor reads it
    fields: str
    fallbacks: str
    dead_links: str
    exclusions: str
    test: str
    tested: str

    @classmethod
    def of(cls, blueprint: str) -> "Urls":
        """The endpoints of a blueprint that has one of each name."""
        return cls(**{each.name: f"{blueprint}.{each.name}" for each in fields(cls)})


class Keeps(Protocol):
    """Where what is on the page is saved: the functions of a module such as `composer.draft`."""

    def on_page(self, event_id: int, form: ComposerForm) -> OnPage:
        """What the page tells of it."""

    def changes(self, event_id: int, form: ComposerForm) -> Sequence[Piece]:
        """The pieces that guests read otherwise than when it was saved."""


_LIVE = {
    "recipient-count": "composer/_count.html",
    "based-on": "composer/_based_on.html",
    "checks": "composer/_checks.html",
    "send-cta": "composer/_send.html",
}


@dataclass(frozen=True)
class Composer:
    """A page with a composer, for the event of `g`."""

    prefix: Prefix
    urls: Urls
    page: str
    context: Callable[[], Mapping[str, Any]] = dict  # what the page shows beside the composer
    timed: bool = False  # it has the picker of a send time
    addressed: bool = True  # it has the picker of an audience; else the text is for every guest
    live: Mapping[str, str] = field(default_factory=lambda: _LIVE)  # what changes beside the preview: id -> template
    keeps: Keeps = draft
    kind: MailingKind = MailingKind.ONE_TIME  # of what is begun on it

    def serves(self, *blueprints: Blueprint) -> None:
        """Make this the composer, `g.composer`, of every request to `blueprints`."""
        for blueprint in blueprints:
            blueprint.before_request(self._serve)

    def _serve(self) -> None:
        g.composer = self
