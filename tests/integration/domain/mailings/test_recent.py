"""What went out lately: so that nobody is written to twice by accident."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from eventmail import clock
from eventmail.db import transaction
from eventmail.domain.audience.resolve import Audience
from eventmail.domain.mailings import recent
from eventmail.models import Job, Mailing, Recipient
from eventmail.states import GuestStatus

EVERYBODY = tuple(GuestStatus)
STATES = ["sent", "unknown", "failed", "queued", "cancelled"]


@pytest.fixture
def mailing_id(event_id: int, add_guests: Any, queued_mail: Any) -> int:
    """A mailing to five guests, one in each state."""
    return queued_mail(event_id, add_guests([{"email": f"{n}@guests.example.net"} for n in range(5)]), STATES)


def changed(model: Any, **values: Any) -> None:
    with transaction() as tx:
        tx.execute(update(model).values(**values))


def test_whoever_got_or_may_have_got_a_mail_within_a_day_counts_once(
    event_id: int, mailing_id: int, add_guest: Any
) -> None:
    audience, now = Audience(event_id, EVERYBODY, ()), clock.now()
    assert recent.recipients(audience, now) == 2
    add_guest("0@guests.example.net")  # shares the address
    assert recent.recipients(audience, now) == 2
    assert recent.recipients(Audience(event_id, (GuestStatus.INVITED,), ()), now) == 0
    assert recent.recipients(audience, now + timedelta(hours=23)) == 2
    assert recent.recipients(audience, now + timedelta(hours=25)) == 0


def test_tests_other_events_and_runs_that_ended_before_count_for_nobody(
    event_id: int, mailing_id: int, add_event: Any
) -> None:
    audience, now = Audience(event_id, EVERYBODY, ()), clock.now()
    assert recent.recipients(Audience(add_event(), EVERYBODY, ()), now) == 0
    changed(Job, state="finished", finished_at=now - timedelta(hours=25))
    assert recent.recipients(audience, now) == 0
    changed(Job, finished_at=now - timedelta(hours=23))
    assert recent.recipients(audience, now) == 2
    changed(Recipient, updated_at=now - timedelta(hours=25))
    assert recent.recipients(audience, now) == 0
    changed(Recipient, updated_at=now)
    changed(Mailing, kind="test")
    assert recent.recipients(audience, now) == 0


def test_the_same_text_is_known_for_an_hour_unless_it_was_cancelled(event_id: int, mailing_id: int, row: Any) -> None:
    content_id, now = row(Mailing).content_id, clock.now()

    def found(at: Any = now) -> int | None:
        same = recent.same_text(event_id, content_id, at)
        return same[0].id if same else None

    assert (found(), found(now + timedelta(minutes=59)), found(now + timedelta(minutes=61))) == (
        mailing_id, mailing_id, None,
    )  # fmt: skip
    assert recent.same_text(event_id, content_id + 1, now) is None
    assert recent.tested(event_id, content_id) is False
    changed(Mailing, kind="test")
    assert (found(), recent.tested(event_id, content_id), recent.tested(event_id, content_id + 1)) == (
        None,
        True,
        False,
    )
    changed(Mailing, kind="one_time", state="cancelled")
    assert found() is None
