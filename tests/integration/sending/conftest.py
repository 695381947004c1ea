"""A mailing on its way, and the worker's functions called one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from eventmail import clock as clock_
from eventmail.db import fresh, send_through, transaction
from eventmail.domain.mailings import send as mailing_send
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.domain.terms import SendingTerms
from eventmail.models import Attempt, Job, Mailing, Recipient, Reservation
from eventmail.sending import drain, journal
from eventmail.settings import Settings
from eventmail.states import RecipientState
from tests.support import death, seeding
from tests.support.recording import Recording
from tests.support.seeding import Person


@pytest.fixture(autouse=True)
def _in_app(in_app: object) -> None:
    pass


@pytest.fixture
def mortal() -> Iterator[None]:
    """This process begins without a journal, may die in the test (`death.die`), and leaves none open."""
    death.another()
    yield
    for left in list(journal._open):
        left.close()
    death.another()


@pytest.fixture
def provider() -> Recording:
    return Recording()


@pytest.fixture
def real(provider: Recording) -> None:
    """Mail leaves this box: what happens is no practice (S13)."""
    send_through("smtp")
    provider.name = "smtp"


@dataclass(frozen=True)
class Run:
    """A mailing that was sent, and how to look at what became of it."""

    app: Flask
    settings: Settings
    mailing_id: int
    job_id: int

    @property
    def mailing(self) -> Mailing:
        fresh().rollback()
        return fresh().get_one(Mailing, self.mailing_id, populate_existing=True)

    @property
    def job(self) -> Job:
        fresh().rollback()
        return fresh().get_one(Job, self.job_id, populate_existing=True)

    @property
    def reservation(self) -> Reservation:
        fresh().rollback()
        return (
            fresh().query(Reservation).filter_by(mailing_id=self.mailing_id, run=self.job.run).populate_existing().one()
        )

    @property
    def recipients(self) -> list[Recipient]:
        fresh().rollback()
        return fresh().query(Recipient).filter_by(mailing_id=self.mailing_id).order_by(Recipient.id).all()

    @property
    def states(self) -> dict[str, str]:
        """State by address."""
        return {recipient.address: recipient.state for recipient in self.recipients}

    @property
    def attempts(self) -> list[tuple[str, int, str]]:
        """(address, number, outcome) of every attempt, in order."""
        fresh().rollback()
        found = (
            fresh()
            .query(Recipient.address, Attempt.number, Attempt.outcome)
            .join(Attempt, Attempt.recipient_id == Recipient.id)
        )
        return [(address, number, told) for address, number, told in found.order_by(Attempt.id)]

    @property
    def counts(self) -> dict[str, int]:
        """The mailing's counters, without the zeros."""
        return {str(state): number for state, number in self.mailing.counts.items() if number}

    def drain(self, provider: Recording) -> datetime | None:
        """One turn of the worker, which begins with nothing in memory."""
        fresh().expire_all()
        return drain.drain(self.job_id, provider, self.settings)

    def assert_balanced(self) -> None:
        """Counters equal the rows, and each recipient took or returned at most one place (S2, S9)."""
        by_state = dict.fromkeys(RecipientState, 0)
        for recipient in self.recipients:
            by_state[RecipientState(recipient.state)] += 1
        assert self.mailing.counts == by_state
        ledger = self.reservation
        assert (ledger.consumed, ledger.refunded) == (
            by_state[RecipientState.SENT] + by_state[RecipientState.UNKNOWN],
            by_state[RecipientState.FAILED] + by_state[RecipientState.SUPPRESSED] + by_state[RecipientState.CANCELLED],
        )


@pytest.fixture
def send(app: Flask, settings: Settings, event_id: int, organizer: Person) -> Callable[..., Run]:
    """send(*addresses, subject=…, body=…): a mailing to one new guest per address, not worked on yet."""

    def make(*addresses: str, subject: str = "Hello", body: str = "Hi {guest.firstName}") -> Run:
        if addresses:
            seeding.add_guests(event_id, [{"email": address, "first_name": "Ada"} for address in addresses])
        by = replace(seeding.acting(organizer), now=clock_.now())
        sent = mailing_send.send(
            event_id,
            Message(Text(subject, "", body), {"statuses": ["confirmed"]}),
            key=by.request_id,
            terms=SendingTerms("https://mail.example.org", settings.secret, outside=False),
            by=by,
        )
        assert sent.job_id is not None
        return Run(app, settings, sent.mailing_id, sent.job_id)

    return make


def in_transaction(change: Callable[[Any], Any]) -> Any:
    with transaction() as tx:
        return change(tx)
