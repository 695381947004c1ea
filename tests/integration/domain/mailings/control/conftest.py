"""A mailing, the worker’s turns on it, and what became of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from eventmail import clock as clock_
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.models import Job, Recipient, Reservation
from eventmail.records import Acting
from eventmail.sending import drain
from eventmail.settings import Settings
from tests.support import seeding
from tests.support.recording import Recording
from tests.support.seeding import Person


@pytest.fixture
def terms(settings: Settings) -> SendingTerms:
    return SendingTerms("https://mail.example.org", settings.secret, outside=False)


@pytest.fixture
def by(organizer: Person) -> Acting:
    return replace(seeding.acting(organizer), now=clock_.now())


@pytest.fixture
def send(event_id: int, terms: SendingTerms, by: Acting) -> Callable[..., int]:
    """send(*addresses): a mailing that nobody has worked on: its id."""

    def make(*addresses: str, **given: Any) -> int:
        seeding.add_guests(event_id, [{"email": address} for address in addresses])
        message = Message(Text("Hello", "", "Hi"), {"statuses": ["confirmed"]})
        asked = {"terms": terms, "by": by, "key": "k", **given}
        return mailing_send.send(event_id, message, **asked).mailing_id

    return make


@pytest.fixture
def work(settings: Settings, rows: Callable[..., list[Any]]) -> Callable[[Recording], None]:
    """work(provider): the worker, until every run is over."""

    def turn(provider: Recording) -> None:
        for job in rows(Job, Job.state == "running"):
            drain.drain(job.id, provider, settings)

    return turn


@pytest.fixture
def states(rows: Callable[..., list[Any]]) -> Callable[[], dict[str, str]]:
    return lambda: {recipient.address: recipient.state for recipient in rows(Recipient)}


@pytest.fixture
def ledger(rows: Callable[..., list[Any]]) -> Callable[[], list[tuple[int, int, int]]]:
    """(reserved, consumed, refunded) of every run."""
    return lambda: [(entry.reserved, entry.consumed, entry.refunded) for entry in rows(Reservation)]
