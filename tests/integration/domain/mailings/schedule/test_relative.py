"""Times that are counted from the event, and the new time when it moves (H6a)."""

from datetime import datetime, timedelta

import pytest

from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import (
    MissingEventTime,
    NothingToDo,
    PastSendAt,
    StaleRevision,
)
from tests.integration.domain.mailings.schedule.conftest import CUTOFF, DAY_BEFORE, SEND_AT, Planned, on
from tests.support.written import PLACE


def test_H6a_days_keep_the_clock_and_hours_are_elapsed_time(party: Planned) -> None:
    party.move_event(
        **{name: wall.replace(month=3, day=28, hour=10 + n) for n, (name, wall) in enumerate(on(1).items())}
    )
    by_days = party.plan(DAY_BEFORE)
    by_hours = party.plan(Plan(relative={"anchor": "starts", "hours": -24}), key="k2")
    evening = party.plan(Plan(relative={"anchor": "starts", "days": -2, "at": "18:00"}), key="k3")
    assert by_days.mailing.send_at == datetime.fromisoformat("2027-03-27T09:00Z")
    assert by_hours.mailing.send_at == datetime.fromisoformat("2027-03-27T08:00Z")
    assert evening.mailing.send_at == datetime.fromisoformat("2027-03-26T17:00Z")
    assert evening.held.relative == {"anchor": "starts", "days": -2, "at": "18:00"}


def test_H6a_without_the_times_of_the_event_there_is_nothing_to_count_from(party: Planned) -> None:
    party.move_event(ends_wall=None)
    with pytest.raises(MissingEventTime, match="The event has no end to count from"):
        party.plan(Plan(relative={"anchor": "ends", "days": 1}))


def test_H6a_a_new_time_is_taken_as_it_was_seen_or_not_at_all(party: Planned) -> None:
    planned = party.plan(DAY_BEFORE)
    with pytest.raises(NothingToDo):
        scheduling.accept(planned.event_id, planned.id, PLACE, planned.acting())
    planned.move_event(**on(2))
    with pytest.raises(StaleRevision, match="The event moved once more since you looked"):
        scheduling.accept(planned.event_id, planned.id, PLACE, planned.acting(), seen=SEND_AT)
    assert planned.mailing.send_at == SEND_AT
    scheduling.accept(planned.event_id, planned.id, PLACE, planned.acting(), seen=SEND_AT + timedelta(days=1))
    assert planned.mailing.send_at == SEND_AT + timedelta(days=1)
    assert planned.held.edit_cutoff_at == CUTOFF + timedelta(days=1)


def test_H6a_a_new_time_that_is_over_is_refused(party: Planned) -> None:
    planned = party.plan(DAY_BEFORE)
    planned.move_event(**{name: wall.replace(month=3, day=4) for name, wall in on(1).items()})
    with pytest.raises(PastSendAt):
        scheduling.accept(planned.event_id, planned.id, PLACE, planned.acting())
    assert planned.mailing.send_at == SEND_AT
