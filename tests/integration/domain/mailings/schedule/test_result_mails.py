"""A scheduled message from its time to the mail about it, through the commands that people and worker use (S14)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from eventmail.content.not_sent import WHY
from eventmail.db import fresh, transaction
from eventmail.domain.mailings import control
from eventmail.errors import NoRecipients
from eventmail.models import AccountMail, Guest
from eventmail.sending import drain
from eventmail.sending.account_mails import delivery
from eventmail.states import NotSent
from tests.integration.domain.mailings.schedule.conftest import SEND_AT, Planned
from tests.support.account_mail import read
from tests.support.recording import Recording
from tests.support.time import FrozenClock
from tests.support.written import PLACE, empty_the_party

ISOLATES = dict.fromkeys(map(ord, "\u2068\u2069\r"))


def told(provider: Recording, planned: Planned) -> tuple[str, str]:
    """Subject and text of the one mail to its author that leaves now, without isolates."""
    fresh().expire_all()
    delivery.deliver(provider, planned.settings)
    [mail] = provider.mails
    provider.mails.clear()
    assert mail.to == planned.by.email
    parsed = read(mail.data)
    return str(parsed["Subject"]).translate(ISOLATES), parsed.get_content().translate(ISOLATES)


def work(provider: Recording, planned: Planned, job_id: int) -> None:
    fresh().expire_all()
    drain.drain(job_id, provider, planned.settings)
    provider.mails.clear()


def test_S14_a_message_that_began_in_time_and_reached_everybody(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(seconds=1))
    [job] = planned.start()
    work(provider := Recording(), planned, job)
    subject, text = told(provider, planned)
    assert subject == "Kept in the outbox, not sent: “Hi {guest.firstName}” for 2 guests"
    assert "was due on Friday, 30 April 2027, 18:00 CEST (Europe/Berlin)." in text
    assert "It began late" not in text
    assert "- Kept in outbox: 2\n" in text


def test_H6_S14_a_message_that_is_missed_says_why_and_then_that_somebody_sent_it(
    planned: Planned, now: FrozenClock, rows: Any
) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    planned.start()
    provider = Recording()
    subject, text = told(provider, planned)
    assert (planned.state, subject) == (("missed", "late"), "Not sent: “Hi {guest.firstName}”")
    assert WHY[NotSent.LATE] in text
    job = control.retry(planned.event_id, planned.id, PLACE, planned.acting())
    work(provider, planned, job)
    subject, text = told(provider, planned)
    assert subject == "Kept in the outbox, not sent: “Hi {guest.firstName}” for 2 guests"
    assert "It began late, on Friday, 30 April 2027, 20:00 CEST (Europe/Berlin)." in text
    assert [(mail.result, mail.state) for mail in rows(AccountMail)] == [("missed", "sent"), ("ended", "sent")]


def test_H5_S14_a_message_without_anybody_left_says_so(planned: Planned, now: FrozenClock) -> None:
    with transaction() as tx:
        tx.execute(update(Guest).values(status="declined"))
    now.set(SEND_AT)
    planned.start()
    subject, text = told(Recording(), planned)
    assert (planned.state[0], subject) == ("failed", "Not sent: “Hi {guest.firstName}”")
    assert "No recipients matched its audience any more, so nothing left." in text


def test_S14_the_worker_rings_for_the_mail_about_a_missed_message(
    app: Flask, planned: Planned, now: FrozenClock
) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    app.extensions["ring_due"].call_local()
    assert "deliver" in [task.name for task in app.extensions["huey"].pending()]


def mails(planned: Planned) -> list[tuple[str, str | None, str]]:
    """(address, result, state) of each mail to the author."""
    fresh().rollback()
    return [(mail.email, mail.result, mail.state) for mail in fresh().scalars(select(AccountMail))]


def test_S14_the_author_hears_once_that_a_message_was_missed(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    planned.start()
    assert mails(planned) == [(planned.by.email, "missed", "queued")]


def test_S14_the_author_hears_once_that_nobody_was_left(planned: Planned, now: FrozenClock) -> None:
    empty_the_party()
    now.set(SEND_AT)
    planned.start()
    planned.start()
    assert mails(planned) == [(planned.by.email, "failed", "queued")]


def test_S14_a_missed_message_that_nobody_would_get_tells_nobody_again(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    empty_the_party()
    with pytest.raises(NoRecipients):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting())
    assert mails(planned) == [(planned.by.email, "missed", "queued")]
