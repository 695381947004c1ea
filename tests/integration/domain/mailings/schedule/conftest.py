"""A party in Berlin on 1 May 2027, seen from 4 March, and messages that are scheduled for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select, update

from eventmail import clock as clock_
from eventmail.db import fresh, transaction
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import AuditEntry, Event, Job, Mailing, Recipient, Reservation, Schedule
from eventmail.records import Acting
from eventmail.sending import due
from eventmail.settings import Settings
from eventmail.states import AudienceMode
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.written import PLACE, TEXT

NOW = datetime(2027, 3, 4, 12, 0, tzinfo=UTC)
SEND_AT = datetime(2027, 4, 30, 16, 0, tzinfo=UTC)  # 18:00 in Berlin, the day before
CUTOFF = SEND_AT - timedelta(minutes=15)
PLAN = Plan("2027-04-30T18:00", "Europe/Berlin")
EXACT = replace(PLAN, audience_mode=AudienceMode.EXACT)
DAY_BEFORE = Plan(relative={"anchor": "starts", "days": -1})
BOTH = {"ada@guests.example.net": "queued", "ben@guests.example.net": "queued"}  # the party, waiting


def on(day: int) -> dict[str, datetime]:
    """The times of a party on that day of May 2027."""
    return {name: datetime.fromisoformat(f"2027-05-{day:02}T{at}") for name, at in
            (("starts_wall", "18:00"), ("ends_wall", "23:00"))}  # fmt: skip


@dataclass
class Planned:
    """A scheduled message, and how to look at it and at what became of it."""

    event_id: int
    by: Person
    settings: Settings
    id: int = 0

    def acting(self) -> Acting:
        fresh().rollback()
        return replace(seeding.acting(self.by), now=clock_.now())

    def plan(self, plan: Plan = PLAN, key: str = "k", text: Any = TEXT, **given: Any) -> "Planned":
        """Schedule a message to everybody who confirmed."""
        audience = given.pop("audience", {"statuses": ["confirmed"]})
        message = Message(text, audience, plan=plan, **given)
        sent = scheduling.create(self.event_id, message, key=key, terms=PLACE, by=self.acting())
        return replace(self, id=sent.mailing_id)

    def change(self, plan: Plan = PLAN, text: Any = TEXT, revision: int | None = None, **audience: Any) -> None:
        message = Message(text, audience or {"statuses": ["confirmed"]}, plan=plan)
        scheduling.change(self.event_id, self.id, message, terms=PLACE, by=self.acting(), revision=revision)

    def start(self) -> list[int]:
        """What the worker does at every look."""
        fresh().rollback()
        return due.start_all(PLACE, self.settings)

    @property
    def mailing(self) -> Mailing:
        fresh().rollback()
        return fresh().get_one(Mailing, self.id, populate_existing=True)

    @property
    def held(self) -> Schedule:
        fresh().rollback()
        one = select(Schedule).where(Schedule.mailing_id == self.id)
        return fresh().scalars(one, execution_options={"populate_existing": True}).one()

    @property
    def state(self) -> tuple[str, str | None]:
        return self.mailing.state, self.held.not_sent

    @property
    def addresses(self) -> dict[str, str]:
        """The state of each recipient, by address."""
        rows = select(Recipient.address, Recipient.state).where(Recipient.mailing_id == self.id)
        fresh().rollback()
        return dict(fresh().execute(rows.order_by(Recipient.id)).all())

    @property
    def places(self) -> tuple[int, int, int, datetime]:
        """(reserved, consumed, refunded, due at) of its reservation."""
        fresh().rollback()
        one = fresh().scalars(select(Reservation).where(Reservation.mailing_id == self.id)).one()
        return one.reserved, one.consumed, one.refunded, one.due_at

    @property
    def jobs(self) -> list[tuple[str, datetime]]:
        fresh().rollback()
        return [(job.state, job.starts_at) for job in fresh().scalars(select(Job).where(Job.mailing_id == self.id))]

    @property
    def log(self) -> list[tuple[str, str]]:
        """(actor, action) of every entry about it."""
        fresh().rollback()
        mine = select(AuditEntry).where(AuditEntry.subject == f"mailing:{self.id}").order_by(AuditEntry.id)
        return [(entry.actor, entry.action) for entry in fresh().scalars(mine)]

    def move_event(self, **values: Any) -> None:
        with transaction() as tx:
            tx.execute(update(Event).where(Event.id == self.event_id).values(**values))


@pytest.fixture
def now(clock: FrozenClock) -> FrozenClock:
    clock.set(NOW)
    return clock


@pytest.fixture
def party(now: FrozenClock, event_id: int, organizer: Person, settings: Settings) -> Planned:
    """Two guests come; the event begins on 1 May 2027 at 18:00 in Berlin and ends at 23:00."""
    planned = Planned(event_id, organizer, settings)
    planned.move_event(timezone="Europe/Berlin", **on(1))
    seeding.add_guests(
        event_id,
        [
            {"email": "ada@guests.example.net", "first_name": "Ada", "status": "confirmed"},
            {"email": "ben@guests.example.net", "first_name": "", "status": "confirmed"},
        ],
    )
    return planned


@pytest.fixture
def planned(party: Planned) -> Planned:
    """A message to both, due on 30 April at 18:00 in Berlin."""
    return party.plan()


@pytest.fixture
def audience_of(event_id: int) -> Callable[..., list[int]]:
    """audience_of(60): so many more guests come."""
    numbers = count()

    def more(number: int) -> list[int]:
        people = [{"email": f"more-{next(numbers)}@guests.example.net"} for _ in range(number)]
        return seeding.add_guests(event_id, people, status="confirmed")

    return more
