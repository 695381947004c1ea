"""A gala in Berlin on 19 June 2027 from 18:00 to 23:00, seen from 4 March, and two guests who come."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from eventmail.db import transaction
from eventmail.models import Event, Mailing
from eventmail.sending import due
from eventmail.settings import Settings
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.web import Client, partial, words
from tests.support.written import PLACE

NOW = datetime(2027, 3, 4, 12, 0, tzinfo=UTC)
TIME = {"when": "at", "send_at": "2027-04-30T18:00", "timezone": "Europe/Berlin", "audience_mode": "at_due"}
TYPED = {
    "subject": "Hi {guest.firstName}", "body": "See you at {event.location}.", "preheader": "",
    "statuses": "confirmed", "page_mark": "one-page", "idempotency_key": "k", **TIME,
}  # fmt: skip


@pytest.fixture
def client(clock: FrozenClock, client_for: Callable[[Person], Client], organizer: Person) -> Client:
    """A browser in which the organizer is signed in on 4 March 2027."""
    clock.set(NOW)
    return client_for(organizer)


@pytest.fixture
def url(client: Client, event_id: int, add_guests: Any) -> str:
    add_guests([
        {"email": "ada@guests.example.net", "first_name": "Ada"},
        {"email": "ben@guests.example.net", "first_name": ""},
    ])  # fmt: skip
    return f"/admin/events/{event_id}/scheduled"


@pytest.fixture
def card(client: Client, url: str) -> Callable[..., str]:
    """card(send_at=…): what the page answers to a time, without markup."""

    def read(**time: str) -> str:
        part = client.submit(f"{url}/preview", {**TYPED, **time}, headers=partial()).text
        return words(part.partition('id="when-card"')[2].partition(">")[2].partition("</hx-partial>")[0])

    return read


@pytest.fixture
def plan(client: Client, url: str, rows: Callable[..., list[Any]]) -> Callable[..., int]:
    """plan(subject=…): schedule a message for 30 April at 18:00; its id."""

    def schedule(**typed: Any) -> int:
        key = f"key-{len(rows(Mailing))}"
        answer = client.submit(url, {**TYPED, "idempotency_key": key, "page_mark": key, **typed})
        assert answer.status_code == 303, words(answer)
        return int(rows(Mailing)[-1].id)

    return schedule


@pytest.fixture
def start(app: Flask, settings: Settings) -> Callable[[], list[int]]:
    """start(): what the worker does at every look; the jobs that began."""

    def look() -> list[int]:
        with app.app_context():
            return due.start_all(PLACE, settings)

    return look


@pytest.fixture
def move_event(app: Flask, event_id: int) -> Callable[..., None]:
    """move_event(starts_wall=…): give the event other values."""

    def move(**values: Any) -> None:
        with app.app_context(), transaction() as tx:
            tx.execute(update(Event).where(Event.id == event_id).values(**values))

    return move


def line(page: TestResponse, mailing_id: int) -> str:
    """What a person reads of one message in the list."""
    return words(markup(page, mailing_id))


def markup(page: TestResponse, mailing_id: int) -> str:
    """The row of one message."""
    return page.text.partition(f'id="scheduled-{mailing_id}"')[2].partition(">")[2].partition("\n</li>")[0]


def groups(page: TestResponse) -> list[str]:
    """The headings of the groups that a page shows."""
    shown = page.text.partition('id="scheduled-list"')[2].partition('id="schedule"')[0]
    return re.findall(r'<h2 class="small muted">(\w[\w ]*)</h2>', shown)


def subjects(page: TestResponse) -> list[str]:
    """The subjects of the rows, in order."""
    return re.findall(r'<h3 dir="auto"><a [^>]*>(.*?)</a></h3>', page.text)
