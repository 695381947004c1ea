"""Scheduling a message, changing it until its cutoff, writing it anew (H1 to H4, H6a)."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from eventmail.db import fresh
from eventmail.domain.mailings import control, drafts
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import (
    AlreadySent,
    AmbiguousTime,
    DomainError,
    InvalidInput,
    NonexistentTime,
    PastEditWindow,
    PastSendAt,
    QuotaExceeded,
)
from eventmail.models import Mailing, Reservation
from eventmail.records import Limits
from tests.integration.domain.mailings.schedule.conftest import CUTOFF, PLAN, SEND_AT, Planned, on
from tests.support.time import FrozenClock
from tests.support.written import PLACE, TEXT, numbers

TOO_LATE = (
    "2027-05-31 23:01 (Europe/Berlin) is too late: a message can be scheduled until 2027-05-31 23:00 (Europe/Berlin), "
    "30 days after the event."
)


def test_H3_rows_and_places_stand_from_the_scheduling_on(planned: Planned) -> None:
    mailing, held = planned.mailing, planned.held
    assert (mailing.state, mailing.send_at) == ("scheduled", SEND_AT)
    assert (held.wall.isoformat(), held.timezone, held.fold) == ("2027-04-30T18:00:00", "Europe/Berlin", 0)
    assert (held.edit_cutoff_at, held.scheduled_count, held.revision) == (CUTOFF, 2, 1)
    assert planned.addresses == {"ada@guests.example.net": "queued", "ben@guests.example.net": "queued"}
    assert planned.places == (2, 0, 0, SEND_AT)
    assert planned.jobs == []
    assert planned.log == [(planned.by.name, "mailing.scheduled")]


def test_S1_one_key_schedules_once(party: Planned) -> None:
    first, second = party.plan(), party.plan()
    assert first.id == second.id
    assert fresh().scalars(select(Mailing.id)).all() == [first.id]


@pytest.mark.parametrize(("plan", "error", "message"), [
    (Plan("2027-03-04T13:00"), PastSendAt, "2027-03-04 13:00 (Europe/Berlin) is over already. Choose a later time."),
    (Plan("2027-05-31T23:01"), InvalidInput, TOO_LATE),
    (Plan("2027-03-28T02:30"), NonexistentTime, None),
    (Plan(), InvalidInput, "Choose a date and a time to send it at."),
    (Plan("2027-02-30T10:00"), InvalidInput, "2027-02-30T10:00 is no date on a calendar."),
    (Plan("2027-04-01 10:00"), InvalidInput, "Choose a date and a time, as in 2027-05-01T18:00, without an offset."),
    (Plan("2027-W14-4T10:00"), InvalidInput, "Choose a date and a time, as in 2027-05-01T18:00, without an offset."),
    (Plan("2027-04-01T10:00Z"), InvalidInput, "Choose a date and a time, as in 2027-05-01T18:00, without an offset."),
    (Plan("2027-04-01T10:00", relative={"anchor": "starts", "days": 1}), InvalidInput,
     "Give either a time or a relative time, not both."),
    (Plan(relative={"anchor": "starts", "days": -100}), PastSendAt, None),
    (Plan(relative={"anchor": "starts", "days": "1"}), InvalidInput, None),
    (Plan(relative={"anchor": "starts", "days": True}), InvalidInput, None),
    (Plan(relative={"anchor": "starts", "days": 10**30}), InvalidInput, None),
    (Plan(relative={"anchor": "starts", "days": 1, "at": "24:00"}), InvalidInput, None),
    (Plan(relative={"anchor": "starts", "weeks": 1}), InvalidInput, None),
])  # fmt: skip
def test_H2_a_time_that_is_no_good_is_refused_and_nothing_is_stored(
    party: Planned, plan: Plan, error: type[DomainError], message: str | None
) -> None:
    before = numbers()
    with pytest.raises(error) as refused:
        party.plan(plan)
    assert numbers() == before
    assert message is None or refused.value.detail == message


def test_H2_an_hour_that_occurs_twice_is_asked_about(party: Planned) -> None:
    party.move_event(**{name: wall.replace(month=11) for name, wall in on(1).items()})
    for fold, instant in ((0, "00:30"), (1, "01:30")):
        planned = party.plan(Plan("2027-10-31T02:30", fold=fold), key=f"fold {fold}")
        assert planned.mailing.send_at == datetime.fromisoformat(f"2027-10-31T{instant}Z")
        planned.change(Plan("2027-10-31T02:30:00", "Europe/Berlin", planned.held.fold))  # as its page sends it back
        assert planned.mailing.send_at == datetime.fromisoformat(f"2027-10-31T{instant}Z")
    with pytest.raises(AmbiguousTime):
        party.plan(Plan("2027-10-31T02:30"), key="none")


def test_G22_the_cutoff_is_counted_on_instants_over_a_fold(party: Planned) -> None:
    party.move_event(**{name: wall.replace(month=11) for name, wall in on(1).items()})
    planned = party.plan(Plan("2027-10-31T02:05", fold=1))
    assert planned.mailing.send_at == datetime.fromisoformat("2027-10-31T01:05Z")
    assert planned.held.edit_cutoff_at == datetime.fromisoformat("2027-10-31T00:50Z")


def test_H3_a_time_inside_the_cutoff_is_accepted_and_can_be_cancelled_only(party: Planned) -> None:
    planned = party.plan(Plan("2027-03-04T13:05"))
    assert planned.state == ("scheduled", None)
    with pytest.raises(PastEditWindow):
        planned.change(Plan("2027-03-04T13:05"))
    assert control.cancel(planned.event_id, planned.id, planned.acting()) == 2


def test_S9_places_count_in_the_window_of_the_due_time(party: Planned) -> None:
    two_a_day = replace(PLACE, limits=Limits(per_day=2))

    def schedule(at: str, key: str) -> None:
        message = Message(TEXT, {"statuses": ["confirmed"]}, plan=Plan(f"2027-04-{at}"))
        scheduling.create(party.event_id, message, key=key, terms=two_a_day, by=party.acting())

    schedule("28T18:00", "a")
    schedule("30T17:00", "b")
    with pytest.raises(QuotaExceeded):
        schedule("29T17:30", "c")
    assert len(fresh().scalars(select(Reservation)).all()) == 2


def test_a_planned_draft_never_sends(party: Planned, now: FrozenClock) -> None:
    written = drafts.Written(TEXT, {"statuses": ["confirmed"]}, PLAN)
    made = drafts.create(party.event_id, written, key="d", by=party.acting())
    assert (made.answer["send_at"], made.answer["timezone"]) == ("2027-04-30T16:00:00Z", "Europe/Berlin")
    now.set(SEND_AT)
    assert party.start() == []
    assert fresh().scalars(select(Mailing.state)).all() == ["draft"]


def test_S1_a_page_that_came_back_schedules_nothing_twice(planned: Planned) -> None:
    before = numbers()
    message = Message(TEXT, {"statuses": ["confirmed"]}, plan=PLAN)
    with pytest.raises(AlreadySent, match="This very message is scheduled for that time already") as refused:
        scheduling.create(planned.event_id, message, key="new", terms=PLACE, by=planned.acting(), twin=False)
    assert (refused.value.mailing_id, numbers()) == (planned.id, before)
    later = replace(message, plan=Plan("2027-04-30T18:01"))
    scheduling.create(planned.event_id, later, key="new", terms=PLACE, by=planned.acting(), twin=False)
