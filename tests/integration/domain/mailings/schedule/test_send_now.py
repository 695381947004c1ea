"""A missed message that somebody sends now (H6, A4, S9)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from eventmail.domain.mailings import control
from eventmail.errors import AudienceChanged, NoRecipients, NothingToDo, QuotaExceeded
from eventmail.records import Limits
from tests.integration.domain.mailings.schedule.conftest import BOTH, EXACT, SEND_AT, Planned
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE, empty_the_party


def test_G32_a_missed_message_is_sent_once_when_somebody_says_so(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    control.retry(planned.event_id, planned.id, PLACE, planned.acting(), people=2)
    assert planned.state == ("sending", None)
    assert planned.jobs == [("running", SEND_AT + timedelta(hours=2))]
    assert planned.start() == []
    with pytest.raises(NothingToDo):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting())
    assert len(planned.jobs) == 1


def test_A4_a_missed_message_does_not_go_to_more_people_than_were_seen(
    planned: Planned, now: FrozenClock, audience_of: Callable[..., list[int]]
) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    audience_of(1)
    with pytest.raises(AudienceChanged, match=r"2 would have got it\. It would be 3 now\. Nothing was sent"):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting(), people=2)
    assert planned.state == ("missed", "late")
    assert planned.addresses == BOTH


def test_A4_exact_people_of_a_missed_message_are_those_whom_the_page_counts(party: Planned, now: FrozenClock) -> None:
    planned = party.plan(EXACT)
    seeding.suppress("ada@guests.example.net")
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    with pytest.raises(AudienceChanged, match=r"It would be 1 now"):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting(), people=2)
    control.retry(planned.event_id, planned.id, PLACE, planned.acting(), people=1)
    assert planned.state == ("sending", None)


def test_A5_a_missed_message_that_nobody_would_get_stays_missed(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    empty_the_party()
    with pytest.raises(NoRecipients):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting())
    assert planned.state == ("missed", "late")


def test_S9_a_missed_message_needs_room_in_the_quota_of_the_moment(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    with pytest.raises(QuotaExceeded):
        control.retry(planned.event_id, planned.id, replace(PLACE, limits=Limits(per_day=1)), planned.acting())
    assert planned.state == ("missed", "late")


def test_G31_nothing_of_a_scheduled_message_can_be_tried_again(planned: Planned) -> None:
    with pytest.raises(NothingToDo, match="This message is scheduled, so nothing of it has failed"):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting())


def test_a_missed_message_that_was_cancelled_says_so_when_somebody_sends_it(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    control.cancel(planned.event_id, planned.id, planned.acting())
    with pytest.raises(NothingToDo, match="This message was cancelled, so nothing of it is tried again"):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting())
