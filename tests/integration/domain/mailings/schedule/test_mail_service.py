"""Scheduled messages and the mail service: what it answers when one is due, and another one by then (S3, S8, S13)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from eventmail import create_app, tasks
from eventmail.db import fresh
from eventmail.domain.mailings import control
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import Attempt, Job, Recipient, Reservation, Suppression
from eventmail.providers.outbox import kept
from eventmail.settings import Settings
from eventmail.states import JobState
from tests.integration.domain.mailings.schedule.conftest import SEND_AT, Planned
from tests.support.smtp_peer import Peer
from tests.support.time import FrozenClock
from tests.support.written import PLACE

ADA, BEN = "ada@guests.example.net", "ben@guests.example.net"


@dataclass(frozen=True)
class Restarted:
    """The instance after a restart with an SMTP server as its mail service."""

    app: Flask
    peer: Peer

    def work(self) -> None:
        """What the worker does about everything that is due."""
        tasks.tick(self.app)
        with self.app.app_context():
            for job in fresh().scalars(select(Job.id).where(Job.state == JobState.RUNNING)).all():
                self.app.extensions["ring"].call_local(job)
        fresh().rollback()

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """(address, Message-ID, X-Eventmail-Id) of every mail that came, by address."""
        found = [(taken.to, message_from_bytes(taken.data)) for taken in self.peer.messages]
        return sorted((to, mail["Message-ID"], mail["X-Eventmail-Id"]) for to, mail in found)


@contextmanager
def restarted(settings: Settings, answers: Mapping[str, Sequence[bytes]]) -> Iterator[Restarted]:
    with Peer(answers) as peer:
        app = create_app(settings.model_copy(update={"provider": "smtp", "smtp_url": SecretStr(peer.url)}), pages=False)
        try:
            yield Restarted(app, peer)
        finally:
            app.extensions["provider"].close()


def keys_of(planned: Planned) -> set[str]:
    """The keys of its recipients."""
    rows = fresh().scalars(select(Recipient.id).where(Recipient.mailing_id == planned.id))
    return {f"{planned.mailing.key}-{row}" for row in rows}


@pytest.mark.parametrize("answer", [b"451 4.3.0 Try again later\r\n", b"421 4.3.2 Closing\r\n"])
def test_S3_S4_a_mail_that_is_put_off_when_it_is_due_is_tried_again_with_its_key_and_sent_once(
    planned: Planned, now: FrozenClock, answer: bytes
) -> None:
    with restarted(planned.settings, {".": [answer]}) as box:
        now.set(SEND_AT)
        box.work()
        assert sorted(planned.addresses.values()) == ["queued", "sent"]
        now.advance(hours=1)
        box.work()
    assert planned.addresses == {ADA: "sent", BEN: "sent"}
    assert (planned.mailing.state, planned.mailing.n_sent, planned.places[:3]) == ("finished", 2, (2, 2, 0))
    assert (len(box.keys), len(set(box.keys))) == (3, 2)
    assert {key for _, _, key in box.keys} == keys_of(planned)


def test_S3_S8_mails_that_are_refused_when_they_are_due_go_again_with_their_keys_when_somebody_says_so(
    planned: Planned, now: FrozenClock
) -> None:
    with restarted(planned.settings, {".": [b"554 5.3.0 Our disk is broken\r\n"] * 2}) as box:
        now.set(SEND_AT)
        box.work()
        assert (planned.mailing.state, planned.addresses) == ("finished", {ADA: "failed", BEN: "failed"})
        assert planned.places[:3] == (2, 0, 2)
        with box.app.app_context():
            control.retry(planned.event_id, planned.id, PLACE, planned.acting())
        box.work()
    assert (planned.mailing.state, planned.addresses) == ("finished", {ADA: "sent", BEN: "sent"})
    assert planned.mailing.n_sent == 2
    assert box.keys[0::2] == box.keys[1::2]
    assert {key for _, _, key in box.keys} == keys_of(planned)


def test_A6_F1_what_bounced_of_one_scheduled_message_is_skipped_by_the_next(party: Planned, now: FrozenClock) -> None:
    first = party.plan()
    second = party.plan(Plan("2027-04-30T19:00", "Europe/Berlin"), key="second")
    with restarted(party.settings, {"RCPT": [b"550 5.1.1 User unknown\r\n"]}) as box:
        now.set(SEND_AT)
        box.work()
        assert first.addresses == {ADA: "failed", BEN: "sent"}
        assert [(row.address, row.reason) for row in fresh().scalars(select(Suppression))] == [(ADA, "hard_bounce")]
        assert second.addresses == {ADA: "queued", BEN: "queued"}
        now.advance(hours=1)
        box.work()
    assert (second.mailing.state, second.addresses) == ("finished", {BEN: "sent"})
    assert (second.mailing.excluded, second.places[:3]) == ({"bounced": 1}, (1, 1, 0))
    assert [taken.to for taken in box.peer.messages] == [BEN, BEN]


def test_S13_a_message_goes_through_the_mail_service_of_its_due_time(planned: Planned, now: FrozenClock) -> None:
    assert planned.held.service == "outbox"
    with restarted(planned.settings, {}) as box:
        now.set(SEND_AT)
        box.work()
    assert planned.addresses == {ADA: "sent", BEN: "sent"}
    assert [taken.to for taken in box.peer.messages] == [ADA, BEN]
    assert kept(planned.settings.outbox) == []
    columns = (Job.provider, Reservation.provider, Attempt.provider)
    noted = [provider for column in columns for provider in fresh().scalars(select(column))]
    assert noted == ["smtp"] * 4
    assert planned.held.service == "outbox"  # so that its page can say that this has changed
