"""A scheduled message is cancelled and written anew (H3, G30, G31)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from eventmail.db import fresh
from eventmail.domain.mailings import control, drafts, send
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import (
    AlreadyCancelled,
    AlreadySent,
)
from eventmail.models import DraftText
from tests.integration.domain.mailings.schedule.conftest import SEND_AT, Planned
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE, TEXT


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=2)])
def test_H3_a_message_is_cancelled_and_written_anew(planned: Planned, now: FrozenClock, late: timedelta) -> None:
    if late:
        now.set(SEND_AT + late)
        planned.start()
    draft_id = scheduling.reopen(planned.event_id, planned.id, planned.acting())
    assert planned.mailing.state == "cancelled"
    assert planned.places[:3] == (2, 0, 2)
    draft = drafts.find(planned.event_id, draft_id)
    assert draft
    assert (draft.text, draft.audience["statuses"]) == (TEXT, ["confirmed"])
    assert draft.plan == (None if late else Plan("2027-04-30T18:00:00", "Europe/Berlin", 0))


def test_G31_a_failed_message_written_anew_carries_nothing_of_the_old_error(planned: Planned, now: FrozenClock) -> None:
    seeding.suppress("ada@guests.example.net")
    seeding.suppress("ben@guests.example.net")
    now.set(SEND_AT)
    planned.start()
    assert planned.state == ("failed", "no_recipients")
    seeding.add_guest(planned.event_id, "new@guests.example.net", status="confirmed")
    draft_id = scheduling.reopen(planned.event_id, planned.id, planned.acting())
    read = DraftVersion(draft_id, 1)
    message = Message(TEXT, {"statuses": ["confirmed"]}, plan=Plan("2027-05-01T10:00"))
    again = scheduling.create(planned.event_id, message, key="k2", terms=PLACE, by=planned.acting(), draft=read)
    assert again.mailing_id == draft_id
    anew = replace(planned, id=draft_id)
    assert (anew.state, anew.mailing.last_error) == (("scheduled", None), None)
    assert planned.mailing.state == "cancelled"


def test_G30_a_message_that_began_cannot_be_written_anew(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT)
    planned.start()
    with pytest.raises(AlreadySent, match=r"It began to go out meanwhile\. Nothing was cancelled"):
        scheduling.reopen(planned.event_id, planned.id, planned.acting())
    assert planned.mailing.state == "sending"
    assert fresh().scalars(select(DraftText)).all() == []


def test_a_cancelled_message_is_not_cancelled_twice(planned: Planned) -> None:
    scheduling.reopen(planned.event_id, planned.id, planned.acting())
    with pytest.raises(AlreadyCancelled):
        scheduling.reopen(planned.event_id, planned.id, planned.acting())
    assert len(fresh().scalars(select(DraftText)).all()) == 1


def test_a_cancelled_message_that_was_never_scheduled_is_not_written_anew_so(party: Planned) -> None:
    sent = send.send(
        party.event_id, Message(TEXT, {"statuses": ["confirmed"]}), key="k", terms=PLACE, by=party.acting()
    )
    control.cancel(party.event_id, sent.mailing_id, party.acting())
    with pytest.raises(AlreadyCancelled):
        scheduling.reopen(party.event_id, sent.mailing_id, party.acting())
    assert fresh().scalars(select(DraftText)).all() == []
