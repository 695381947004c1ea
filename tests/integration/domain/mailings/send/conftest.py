"""A party, and a send to it."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail import clock
from eventmail.db import fresh, transaction
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.send import Message, Sent
from eventmail.models import Suppression
from tests.support.seeding import Person, acting
from tests.support.written import PLACE, message


@pytest.fixture
def send(event_id: int, organizer: Person) -> Callable[..., Sent]:
    """send(message=…, key="k", event=…, by=…): the real command."""

    def call(what: Message | None = None, key: str = "k", where: int = event_id, by: Person = organizer) -> Sent:
        fresh().rollback()
        return mailing_send.send(where, what or message(), key=key, terms=PLACE, by=acting(by, request_id="req_1"))

    return call


@pytest.fixture
def party(add_guest: Any) -> list[int]:
    """Two who get it, and one each without an address, bounced, and sharing the first one's address."""
    with transaction() as tx:
        tx.add(Suppression(address="gone@guests.example.net", scope="all", reason="hard_bounce", source="test",
                           created_at=clock.now()))  # fmt: skip
    return [add_guest(email) for email in
            ("Ada@Guests.example.net", "ben@guests.example.net", None, "gone@guests.example.net",
             "ada@guests.example.net")]  # fmt: skip
