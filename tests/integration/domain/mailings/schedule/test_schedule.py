"""Scheduling a message, changing it until its cutoff, writing it anew (H1 to H4, H6a)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from eventmail.db import fresh
from eventmail.domain.mailings import control, drafts, send
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.send import Message
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import (
    AlreadyCancelled,
    AlreadySent,
    AmbiguousTime,
    DomainError,
    InvalidInput,
    MissingEventTime,
    NonexistentTime,
    NoRecipients,
    NothingToDo,
    PastEditWindow,
    PastSendAt,
    QuotaExceeded,
    StaleRevision,
    UnresolvedToken,
)
from eventmail.models import Content, DraftText, Mailing, Recipient, Reservation, Schedule
from eventmail.records import Limits
from eventmail.states import AudienceMode
from tests.integration.domain.mailings.schedule.conftest import PLAN, SEND_AT, Planned, on
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE, TEXT, numbers

MINUTE = timedelta(minutes=1)
CUTOFF = SEND_AT - 15 * MINUTE
TOO_LATE = (
    "2027-05-31 23:01 (Europe/Berlin) is too late: a message can be scheduled until 2027-05-31 23:00 (Europe/Berlin), "
    "30 days after the event."
)
DAY_BEFORE = Plan(relative={"anchor": "starts", "days": -1})


def everything(planned: Planned) -> dict[str, Any]:
    """All that a change may touch, for comparing."""
    fresh().rollback()
    mine = Recipient.mailing_id == planned.id
    return {
        "mailing": {c.name: getattr(planned.mailing, c.key) for c in Mailing.__table__.columns},
        "schedule": {c.name: getattr(planned.held, c.key) for c in Schedule.__table__.columns},
        "recipients": fresh().execute(select(Recipient.id, Recipient.address, Recipient.state).where(mine)).all(),
        "places": planned.places,
        "texts": fresh().scalars(select(Content.subject)).all(),
        "log": planned.log,
    }


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


@pytest.mark.parametrize("seconds", range(-3, 4))
def test_H3_control_and_command_agree_at_every_second_around_the_cutoff(
    planned: Planned, now: FrozenClock, seconds: int
) -> None:
    now.set(CUTOFF + timedelta(seconds=seconds))
    assert scheduling.is_open(planned.held, now.now()) is (seconds < 0)
    if seconds < 0:
        planned.change(text=Text("New", "", "New"))
        assert planned.held.revision == 2
    else:
        with pytest.raises(PastEditWindow):
            planned.change(text=Text("New", "", "New"))
        assert planned.held.revision == 1


def test_H3_a_change_after_the_cutoff_changes_nothing_and_says_when_it_was_possible(
    planned: Planned, now: FrozenClock
) -> None:
    before = everything(planned)
    now.set(CUTOFF)
    with pytest.raises(PastEditWindow) as refused:
        planned.change(Plan("2027-05-02T10:00"), text=Text("Other", "", "Other"))
    assert refused.value.detail == (
        "Changes were possible until 2027-04-30 17:45 CEST (Europe/Berlin); it is due at 2027-04-30 18:00 CEST "
        "(Europe/Berlin). Nothing was changed. Press “Cancel and edit as new draft” to write it anew."
    )
    assert everything(planned) == before


def test_H3_nothing_can_be_changed_after_it_was_due_or_cancelled(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT)
    planned.start()
    with pytest.raises(PastEditWindow, match="began to go out then"):
        planned.change()
    other = planned.plan(Plan("2027-05-01T10:00"), key="k2")
    control.cancel(other.event_id, other.id, other.acting())
    with pytest.raises(PastEditWindow, match="It was cancelled"):
        other.change()


def test_H3_a_time_inside_the_cutoff_is_accepted_and_can_be_cancelled_only(party: Planned) -> None:
    planned = party.plan(Plan("2027-03-04T13:05"))
    assert planned.state == ("scheduled", None)
    with pytest.raises(PastEditWindow):
        planned.change(Plan("2027-03-04T13:05"))
    assert control.cancel(planned.event_id, planned.id, planned.acting()) == 2


def test_H3_a_change_replaces_text_people_time_and_places(planned: Planned) -> None:
    seeding.add_guest(planned.event_id, "cem@guests.example.net", status="invited")
    planned.change(Plan("2027-04-29T09:00"), text=Text("Other", "", "Other"), statuses=["invited"])
    mailing, held = planned.mailing, planned.held
    at = datetime.fromisoformat("2027-04-29T07:00Z")
    assert (mailing.send_at, held.edit_cutoff_at, held.revision) == (at, at - 15 * MINUTE, 2)
    assert fresh().get_one(Content, mailing.content_id).subject == "Other"
    assert planned.addresses == {"cem@guests.example.net": "queued"}
    assert planned.places == (1, 0, 0, at)
    assert planned.log[-1] == (planned.by.name, "mailing.rescheduled")


def test_H3_a_change_of_the_text_alone_keeps_the_cutoff(planned: Planned) -> None:
    longer = replace(PLACE, edit_cutoff=timedelta(hours=2))
    message = Message(Text("New", "", "New"), {"statuses": ["confirmed"]}, plan=PLAN)
    scheduling.change(planned.event_id, planned.id, message, terms=longer, by=planned.acting())
    assert planned.held.edit_cutoff_at == CUTOFF


@pytest.mark.parametrize(("change", "error"), [
    ({"text": Text("Hi", "", "{guest.nickname}")}, UnresolvedToken),
    ({"statuses": ["declined"]}, NoRecipients),
    ({"plan": Plan("2020-01-01T10:00")}, PastSendAt),
    ({"revision": 7}, StaleRevision),
])  # fmt: skip
def test_H3_a_refused_change_changes_nothing(
    planned: Planned, change: dict[str, Any], error: type[DomainError]
) -> None:
    before = everything(planned)
    with pytest.raises(error):
        planned.change(**change)
    assert everything(planned) == before


def test_S9_a_change_that_the_quota_refuses_changes_nothing(planned: Planned) -> None:
    before = everything(planned)
    message = Message(Text("New", "", "New"), {"statuses": ["confirmed"]}, plan=PLAN)
    terms = replace(PLACE, limits=Limits(per_day=1))
    with pytest.raises(QuotaExceeded):
        scheduling.change(planned.event_id, planned.id, message, terms=terms, by=planned.acting())
    assert everything(planned) == before
    scheduling.change(  # its own two places do not count against it
        planned.event_id, planned.id, message, terms=replace(PLACE, limits=Limits(per_day=2)), by=planned.acting()
    )


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


def test_H5_exact_people_stay_through_a_change_of_the_text(party: Planned) -> None:
    exact = replace(PLAN, audience_mode=AudienceMode.EXACT)
    planned = party.plan(exact)
    before = planned.addresses
    seeding.add_guest(planned.event_id, "new@guests.example.net", status="confirmed")
    planned.change(exact, text=Text("New", "", "New"))
    assert planned.addresses == before
    planned.change(PLAN, text=Text("New", "", "New"))
    assert list(planned.addresses) == [*before, "new@guests.example.net"]


def test_D5_two_people_who_change_one_message_do_not_overwrite_each_other(planned: Planned) -> None:
    planned.change(text=Text("First", "", "First"), revision=1)
    with pytest.raises(StaleRevision, match=r"it is at revision 2\. Nothing was changed"):
        planned.change(text=Text("Second", "", "Second"), revision=1)
    assert fresh().get_one(Content, planned.mailing.content_id).subject == "First"


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
