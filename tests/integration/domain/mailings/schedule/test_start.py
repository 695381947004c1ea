"""What becomes of a scheduled message when it is due (H5 to H8)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from eventmail.db import fresh, transaction
from eventmail.domain.audience import segments
from eventmail.domain.events import lifecycle
from eventmail.domain.guests import edit as guests
from eventmail.domain.mailings import control, recipients
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings import send_time as send_times
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import AudienceChanged, NoRecipients, NothingToDo, QuotaExceeded
from eventmail.models import AccountMail, AuditEntry, Exclusion, Guest, Recipient
from eventmail.records import Limits
from eventmail.sending import due
from eventmail.states import AudienceMode
from tests.integration.domain.mailings.schedule.conftest import PLAN, SEND_AT, Planned, on
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE, empty_the_party

BOTH = {"ada@guests.example.net": "queued", "ben@guests.example.net": "queued"}
EXACT = replace(PLAN, audience_mode=AudienceMode.EXACT)


def test_H5_it_starts_at_its_second_and_not_one_before(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT - timedelta(seconds=1))
    assert planned.start() == []
    assert planned.state == ("scheduled", None)
    now.set(SEND_AT)
    assert len(planned.start()) == 1
    assert planned.state == ("sending", None)
    assert planned.jobs == [("running", SEND_AT)]
    assert planned.addresses == BOTH
    assert planned.places == (2, 0, 0, SEND_AT)
    assert planned.log[-1] == ("worker", "mailing.started")


def test_H5_a_second_look_starts_nothing_more(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT)
    planned.start()
    assert planned.start() == []
    assert len(planned.jobs) == 1


def test_H5_clocks_that_go_back_an_hour_start_nothing_twice(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT)
    planned.start()
    now.set(SEND_AT - timedelta(hours=1))
    assert planned.start() == []
    now.set(SEND_AT)
    assert planned.start() == []
    assert len(planned.jobs) == 1


def test_H5_leavers_go_and_joiners_come_when_it_is_due(planned: Planned, now: FrozenClock) -> None:
    with transaction() as tx:
        tx.execute(update(Guest).where(Guest.first_name == "Ada").values(status="declined"))
    seeding.add_guest(planned.event_id, "new@guests.example.net", status="confirmed")
    seeding.add_guest(planned.event_id, None, status="confirmed")
    now.set(SEND_AT)
    planned.start()
    assert planned.addresses == {"ben@guests.example.net": "queued", "new@guests.example.net": "queued"}
    assert planned.mailing.excluded == {"no_address": 1}
    assert [row.reason for row in fresh().scalars(select(Exclusion))] == ["no_address"]
    assert planned.places == (2, 0, 0, SEND_AT)


def test_A2_who_will_not_get_it_is_told_as_of_the_moment_even_when_the_list_stays(
    planned: Planned, now: FrozenClock
) -> None:
    seeding.add_guest(planned.event_id, None, status="confirmed")
    now.set(SEND_AT)
    planned.start()
    assert (planned.addresses, planned.mailing.excluded) == (BOTH, {"no_address": 1})


def test_H5_exact_people_stay_as_they_were_looked_at(party: Planned, now: FrozenClock) -> None:
    planned = party.plan(EXACT)
    with transaction() as tx:
        tx.execute(update(Guest).where(Guest.first_name == "Ada").values(status="declined"))
    seeding.add_guest(planned.event_id, "new@guests.example.net", status="confirmed")
    now.set(SEND_AT)
    planned.start()
    assert planned.addresses == BOTH
    assert planned.mailing.audience["list_as_of"] == ["2027-03-04T12:00:00Z"]


def test_A2_addresses_that_nobody_can_have_stay_behind_when_mail_leaves_by_now(
    party: Planned, now: FrozenClock
) -> None:
    for email in ("real@guests.org", "demo@example.com"):
        seeding.add_guest(party.event_id, email, status="invited")
    planned = party.plan(EXACT, audience={"statuses": ["invited"]})
    now.set(SEND_AT)
    fresh().rollback()
    due.start_all(replace(PLACE, outside=True), planned.settings)
    assert planned.addresses == {"real@guests.org": "queued", "demo@example.com": "cancelled"}
    assert planned.places == (2, 0, 1, SEND_AT)


def test_H5_a_guest_who_was_removed_and_came_back_gets_it(planned: Planned, now: FrozenClock) -> None:
    guest = fresh().scalars(select(Guest).where(Guest.first_name == "Ada")).one()
    guests.delete(planned.event_id, guest.id, planned.acting())
    assert planned.addresses["ada@guests.example.net"] == "cancelled"
    assert planned.places == (2, 0, 1, SEND_AT)
    seeding.add_guest(planned.event_id, "ada@guests.example.net", status="confirmed")
    now.set(SEND_AT)
    planned.start()
    assert sorted(planned.addresses.items()) == sorted(BOTH.items())
    assert planned.places == (2, 0, 0, SEND_AT)


def test_H5_nobody_left_fails_and_gives_back_the_places(planned: Planned, now: FrozenClock) -> None:
    empty_the_party()
    now.set(SEND_AT)
    assert planned.start() == []
    assert planned.state == ("failed", "no_recipients")
    assert planned.mailing.last_error == NoRecipients.sentence
    assert planned.places == (2, 0, 2, SEND_AT)
    assert planned.jobs == []
    assert planned.log[-1] == ("worker", "mailing.failed")


def test_H5_hand_picked_guests_who_are_all_gone_are_nobody_and_no_error(party: Planned, now: FrozenClock) -> None:
    guest = fresh().scalars(select(Guest.id)).first()
    planned = party.plan(audience={"guests": [str(guest)]})
    with transaction() as tx:
        tx.execute(delete(Guest).where(Guest.id == guest))
    now.set(SEND_AT)
    planned.start()
    assert planned.state == ("failed", "no_recipients")


def test_A6_an_address_that_bounced_meanwhile_is_left_out(planned: Planned, now: FrozenClock) -> None:
    seeding.suppress("ada@guests.example.net", reason="hard_bounce")
    now.set(SEND_AT)
    planned.start()
    assert planned.addresses == {"ben@guests.example.net": "queued"}
    assert planned.mailing.excluded == {"bounced": 1}


@pytest.mark.parametrize(("late", "state"), [
    (timedelta(minutes=10), ("sending", None)),
    (timedelta(hours=1), ("sending", None)),
    (timedelta(hours=1, seconds=1), ("missed", "late")),
    (timedelta(hours=2), ("missed", "late")),
])  # fmt: skip
def test_H6_an_hour_late_is_sent_and_a_second_more_is_missed(
    planned: Planned, now: FrozenClock, late: timedelta, state: tuple[str, str | None]
) -> None:
    now.set(SEND_AT + late)
    planned.start()
    assert planned.state == state
    assert planned.places[:3] == (2, 0, 0)


@pytest.mark.parametrize(("late", "told"), [(59, {}), (60, {"minutes_late": 1}), (659, {"minutes_late": 10})])
def test_H6_the_log_says_by_how_many_minutes_a_message_began_late(
    planned: Planned, now: FrozenClock, late: int, told: dict[str, int]
) -> None:
    now.set(SEND_AT + timedelta(seconds=late))
    planned.start()
    [entry] = fresh().scalars(select(AuditEntry).where(AuditEntry.action == "mailing.started"))
    assert entry.detail == {"recipients": 2, "scheduled": 2, **told}
    assert planned.jobs == [("running", SEND_AT + timedelta(seconds=late))]


def test_H6_a_process_that_stood_still_while_it_started_a_message_decides_once_more(
    planned: Planned, now: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeding.add_guest(planned.event_id, "new@guests.example.net", status="confirmed")
    rewrite = recipients.rewrite

    def stand_still(*given: Any) -> None:
        rewrite(*given)
        now.set(SEND_AT + timedelta(hours=1, seconds=1))

    monkeypatch.setattr(recipients, "rewrite", stand_still)
    now.set(SEND_AT)
    assert planned.start() == []
    assert (planned.state, planned.addresses, planned.jobs) == (("missed", "late"), BOTH, [])
    assert planned.places == (2, 0, 0, SEND_AT)
    assert [action for _, action in planned.log] == ["mailing.scheduled", "mailing.missed"]


def test_H6_what_was_due_before_the_event_does_not_leave_after_its_start(party: Planned, now: FrozenClock) -> None:
    planned = party.plan(Plan("2027-05-01T17:50"))
    now.set(datetime.fromisoformat("2027-05-01T16:01Z"))
    planned.start()
    assert planned.state == ("missed", "event_began")
    assert planned.log[-1] == ("worker", "mailing.missed")


def test_H6_what_was_due_after_the_start_leaves_late(party: Planned, now: FrozenClock) -> None:
    planned = party.plan(Plan("2027-05-01T18:00"))
    now.set(datetime.fromisoformat("2027-05-01T16:10Z"))
    planned.start()
    assert planned.state == ("sending", None)


def test_H6a_a_moved_event_holds_a_relative_message_until_somebody_takes_the_new_time(
    party: Planned, now: FrozenClock
) -> None:
    planned = party.plan(Plan(relative={"anchor": "starts", "days": -1}))
    assert planned.mailing.send_at == SEND_AT
    planned.move_event(**on(2))
    now.set(SEND_AT)
    planned.start()
    assert planned.state == ("missed", "event_moved")


def test_H6a_a_time_that_was_taken_is_the_one_it_leaves_at(party: Planned, now: FrozenClock) -> None:
    planned = party.plan(Plan(relative={"anchor": "starts", "days": -1}))
    for day in (2, 3):
        planned.move_event(**on(day))
        scheduling.accept(planned.event_id, planned.id, PLACE, planned.acting())
    now.set(SEND_AT + timedelta(days=2) - timedelta(seconds=1))
    assert planned.start() == []
    now.set(SEND_AT + timedelta(days=2))
    assert len(planned.start()) == 1
    assert planned.places == (2, 0, 0, SEND_AT + timedelta(days=2))
    assert [action for _, action in planned.log] == [
        "mailing.scheduled", "mailing.rescheduled", "mailing.rescheduled", "mailing.started",
    ]  # fmt: skip


def test_H6a_an_event_without_a_start_holds_what_counts_from_it(party: Planned, now: FrozenClock) -> None:
    planned = party.plan(Plan(relative={"anchor": "starts", "hours": -24}))
    planned.move_event(starts_wall=None, ends_wall=None)
    now.set(SEND_AT)
    planned.start()
    assert planned.state == ("missed", "event_undated")


def test_H6b_the_values_of_the_event_are_those_of_the_moment(planned: Planned, now: FrozenClock) -> None:
    planned.move_event(title="Another party", reply_to="new@organizers.example")
    now.set(SEND_AT)
    planned.start()
    mailing = planned.mailing
    assert mailing.constants["event.title"] == "Another party"
    assert mailing.reply_to == "new@organizers.example"
    assert mailing.created_at == SEND_AT


@pytest.mark.parametrize(("more", "state"), [
    (48, ("sending", None)),  # 50 are not many
    (49, ("missed", "more_people")),
])  # fmt: skip
def test_H7_far_more_people_than_scheduled_ask_first(
    planned: Planned, now: FrozenClock, audience_of: Callable[..., list[int]], more: int, state: tuple[str, str | None]
) -> None:
    audience_of(more)
    now.set(SEND_AT)
    planned.start()
    assert planned.state == state
    assert len(planned.addresses) == (50 if state[0] == "sending" else 2)


@pytest.mark.parametrize(("more", "state"), [(30, "sending"), (31, "missed")])
def test_H7_half_as_many_again_is_no_surprise_and_one_more_is(
    party: Planned, now: FrozenClock, audience_of: Callable[..., list[int]], more: int, state: str
) -> None:
    audience_of(58)
    planned = party.plan()
    audience_of(more)
    now.set(SEND_AT)
    planned.start()
    assert planned.state[0] == state


def test_H7_a_quota_that_has_no_room_for_the_joiners_asks(
    planned: Planned, now: FrozenClock, audience_of: Callable[..., list[int]]
) -> None:
    audience_of(3)
    now.set(SEND_AT)
    fresh().rollback()
    assert due.start_all(replace(PLACE, limits=Limits(per_day=4)), planned.settings) == []
    assert planned.state == ("missed", "quota")
    assert planned.addresses == BOTH
    assert planned.places == (2, 0, 0, SEND_AT)


def test_a_removed_segment_holds_the_message(party: Planned, now: FrozenClock) -> None:
    rule = {"all": [{"field": "status", "op": "is", "value": "confirmed"}]}
    kept = segments.create(party.event_id, {"name": "Those who come", "rule": rule}, party.acting())
    planned = party.plan(audience={"segments": [str(kept)]})
    with transaction() as tx:
        tx.execute(delete(segments.Segment).where(segments.Segment.id == kept))
    now.set(SEND_AT)
    planned.start()
    assert planned.state == ("missed", "segment_gone")
    control.retry(planned.event_id, planned.id, PLACE, planned.acting())
    assert planned.addresses == BOTH


def test_S13_nothing_starts_while_nothing_may_leave(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT)
    fresh().rollback()
    assert due.start_all(replace(PLACE, hindrances=("No sender is set.",)), planned.settings) == []
    assert planned.state == ("missed", "held_up")


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


def test_H4_a_cancelled_message_never_starts_and_gives_back_its_places(planned: Planned, now: FrozenClock) -> None:
    assert control.cancel(planned.event_id, planned.id, planned.acting()) == 2
    now.set(SEND_AT)
    assert planned.start() == []
    assert planned.state == ("cancelled", None)
    assert planned.places == (2, 0, 2, SEND_AT)
    assert planned.addresses == dict.fromkeys(BOTH, "cancelled")
    told = fresh().scalars(select(AuditEntry).where(AuditEntry.action == "mailing.cancelled")).one()
    assert (told.actor, told.detail["cancelled"]) == (planned.by.name, 2)


@pytest.mark.parametrize("end", [lifecycle.cancel, lambda *a: lifecycle.archive(*a, cancel_waiting=True)])
@pytest.mark.parametrize("missed", [False, True])
def test_G25_a_cancelled_event_sends_no_reminder(
    planned: Planned, now: FrozenClock, end: Callable[..., int], *, missed: bool
) -> None:
    if missed:
        now.set(SEND_AT + timedelta(hours=2))
        planned.start()
    assert end(planned.event_id, planned.acting()) == 2
    now.set(SEND_AT + timedelta(minutes=5))
    assert planned.start() == []
    assert planned.state[0] == "cancelled"
    assert planned.places[:3] == (2, 0, 2)
    errors = fresh().scalars(select(Recipient.last_error)).all()
    assert set(errors) == {
        f"The event was {'cancelled' if end is lifecycle.cancel else 'archived'} by {planned.by.name}"
    }


def test_the_next_due_time_is_that_of_the_earliest_scheduled_message(party: Planned, now: FrozenClock) -> None:
    assert due.next_due() is None
    party.plan()
    first = party.plan(Plan("2027-04-01T09:00"), key="k2")
    assert due.next_due() == datetime.fromisoformat("2027-04-01T07:00Z")
    control.cancel(first.event_id, first.id, first.acting())
    assert due.next_due() == SEND_AT


def test_H1_a_changed_rule_of_a_time_zone_is_a_new_time_to_take(
    planned: Planned, now: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = SEND_AT - timedelta(hours=1)
    monkeypatch.setattr(send_times.wall_time, "instants", lambda *_: (moved,))
    now.set(SEND_AT)
    planned.start()
    assert planned.state == ("missed", "time_moved")


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


def test_a_missed_message_that_was_cancelled_says_so_when_somebody_sends_it(planned: Planned, now: FrozenClock) -> None:
    now.set(SEND_AT + timedelta(hours=2))
    planned.start()
    control.cancel(planned.event_id, planned.id, planned.acting())
    with pytest.raises(NothingToDo, match="This message was cancelled, so nothing of it is tried again"):
        control.retry(planned.event_id, planned.id, PLACE, planned.acting())
