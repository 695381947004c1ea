"""A due message of which nothing leaves by itself: it is missed, and asks (H6, H6a, H7)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from eventmail.db import fresh, transaction
from eventmail.domain.audience import segments
from eventmail.domain.mailings import control, recipients
from eventmail.domain.mailings import schedule as scheduling
from eventmail.domain.mailings import send_time as send_times
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import AuditEntry
from eventmail.records import Limits
from eventmail.sending import due
from tests.integration.domain.mailings.schedule.conftest import BOTH, SEND_AT, Planned, on
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE


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


def test_H1_a_changed_rule_of_a_time_zone_is_a_new_time_to_take(
    planned: Planned, now: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = SEND_AT - timedelta(hours=1)
    monkeypatch.setattr(send_times.wall_time, "instants", lambda *_: (moved,))
    now.set(SEND_AT)
    planned.start()
    assert planned.state == ("missed", "time_moved")
