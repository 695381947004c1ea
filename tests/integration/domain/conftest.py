"""Commands are called directly here, so every test has an app context."""

from collections.abc import Callable
from typing import Any

import pytest

from eventmail import clock
from eventmail.db import transaction
from eventmail.models import Content, Job, Mailing, Recipient, Reservation
from eventmail.records import Acting
from tests.support import seeding
from tests.support.seeding import Person


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass


@pytest.fixture
def oscar(organizer: Person) -> Acting:
    return seeding.acting(organizer)


@pytest.fixture
def anna(add_person: Callable[..., Person]) -> Acting:
    return seeding.acting(add_person("Anna Other", "anna@organizers.example"))


@pytest.fixture
def five(event_id: int) -> dict[str, int]:
    """Five guests of the event by first name; Eva has no address."""
    people: list[dict[str, Any]] = [
        {"email": "Ana@guests.example.net", "first_name": "Ana", "last_name": "Ruiz", "status": "confirmed"},
        {"email": "ben@guests.example.net", "first_name": "Ben", "last_name": "Okafor", "status": "invited"},
        {"email": "cem@guests.example.net", "first_name": "Cem", "last_name": "Young", "status": "declined"},
        {"email": "dan@guests.example.net", "first_name": "Dan", "last_name": "Adams", "status": "invited"},
        {"email": None, "first_name": "Eva", "last_name": "Zorn", "status": "invited"},
    ]
    ids = seeding.add_guests(event_id, people)
    return {person["first_name"]: guest_id for person, guest_id in zip(people, ids, strict=True)}


@pytest.fixture
def queued_mail() -> Callable[[int, list[int], list[str]], int]:
    """queued_mail(event_id, guest_ids, states): a running mailing with one recipient for each guest: its id."""
    return _queued_mail


def _queued_mail(event_id: int, guest_ids: list[int], states: list[str]) -> int:
    """A running mailing with one recipient for each guest, in the given states."""
    now = clock.now()
    with transaction() as tx:
        content = Content(
            event_id=event_id, subject="s", preheader="", body="b", compiled="{}", hash="h", size=1, created_at=now
        )
        tx.add(content)
        tx.flush()
        counters = {f"n_{state}": states.count(state) for state in set(states)}
        mailing = Mailing(
            event_id=event_id, kind="one_time", state="sending", key="k", content_id=content.id, audience={},
            excluded={}, constants={}, reply_to="", recipient_count=len(states), created_at=now, **counters,
        )  # fmt: skip
        tx.add(mailing)
        tx.flush()
        job = Job(mailing_id=mailing.id, run=1, state="running", request_id="r", created_at=now, starts_at=now)
        tx.add(job)
        tx.flush()
        tx.add(
            Reservation(mailing_id=mailing.id, run=1, due_at=now, reserved=len(states), consumed=states.count("sent"))
        )
        for number, (guest_id, state) in enumerate(zip(guest_ids, states, strict=True)):
            address = f"{number}@guests.example.net"
            tx.add(
                Recipient(
                    mailing_id=mailing.id,
                    guest_id=guest_id,
                    address=address,
                    email=address,
                    state=state,
                    updated_at=now,
                )
            )
        return mailing.id
