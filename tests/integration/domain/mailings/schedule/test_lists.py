"""The list of scheduled messages, and what has changed since each was scheduled (H3, H6b)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update

from eventmail.db import fresh, send_through, transaction
from eventmail.domain.audience import segments
from eventmail.domain.mailings import changes_since, control, scheduled_list
from eventmail.domain.mailings.scheduled_list import Group
from eventmail.domain.mailings.send_time import Plan
from eventmail.models import Event, Guest, Segment
from eventmail.states import AudienceMode
from tests.integration.domain.mailings.schedule.conftest import NOW, PLAN, SEND_AT, Planned, on
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE


def rows(planned: Planned, group: Group | None = None) -> list[scheduled_list.Row]:
    fresh().rollback()
    found = fresh().execute(scheduled_list.listed(planned.event_id, group, NOW)).all()
    return scheduled_list.shown(found, fresh().get_one(Event, planned.event_id), outside=False)


def test_H3_they_stand_in_four_groups_in_the_order_in_which_somebody_is_needed(
    party: Planned, now: FrozenClock
) -> None:
    later = party.plan(Plan("2027-05-01T10:00"), key="1")
    sooner = party.plan(Plan("2027-04-01T10:00"), key="2")
    locked = party.plan(Plan("2027-03-04T13:10"), key="3")
    gone = party.plan(Plan("2027-04-02T10:00"), key="4")
    control.cancel(gone.event_id, gone.id, gone.acting())
    now.set(NOW - timedelta(hours=3))
    missed = party.plan(Plan("2027-03-04T10:30"), key="5")
    now.set(NOW)
    missed.start()
    order = [(missed.id, Group.NEEDS_YOU), (sooner.id, Group.UPCOMING), (later.id, Group.UPCOMING),
             (locked.id, Group.LOCKED), (gone.id, Group.DONE)]  # fmt: skip
    assert [(row.mailing.id, row.group) for row in rows(party)] == order
    assert [row.mailing.id for row in rows(party, Group.UPCOMING)] == [sooner.id, later.id]
    assert scheduled_list.summary(party.event_id, NOW).counts == {
        Group.NEEDS_YOU: 1, Group.UPCOMING: 2, Group.LOCKED: 1, Group.DONE: 1,
    }  # fmt: skip


def test_A6_the_number_falls_before_the_message_is_due_when_somebody_bounces(party: Planned) -> None:
    party.plan()
    party.plan(replace(PLAN, audience_mode=AudienceMode.EXACT), key="k2")
    assert [row.people for row in rows(party)] == [2, 2]
    seeding.suppress("ada@guests.example.net", reason="hard_bounce")
    assert [row.people for row in rows(party)] == [1, 1]


def test_A4_exact_people_with_another_address_are_not_counted(party: Planned) -> None:
    party.plan(replace(PLAN, audience_mode=AudienceMode.EXACT))
    with transaction() as tx:
        tx.execute(
            update(Guest).where(Guest.first_name == "Ada").values(address="new@guests.org", email="new@guests.org")
        )
    assert [row.people for row in rows(party)] == [1]


def test_the_number_is_unknown_while_a_segment_is_gone(party: Planned) -> None:
    rule = {"all": [{"field": "status", "op": "is", "value": "confirmed"}]}
    kept = segments.create(party.event_id, {"name": "Those who come", "rule": rule}, party.acting())
    party.plan(audience={"segments": [str(kept)]})
    with transaction() as tx:
        tx.execute(delete(Segment).where(Segment.id == kept))
    assert [row.people for row in rows(party)] == [None]


def test_H6a_a_moved_event_proposes_another_time(party: Planned) -> None:
    party.plan(Plan(relative={"anchor": "starts", "days": -1}))
    party.plan(key="fixed")
    party.move_event(**on(2))
    moved, fixed = rows(party)
    assert moved.proposed
    assert (moved.proposed.at, fixed.proposed) == (SEND_AT + timedelta(days=1), None)
    party.move_event(starts_wall=None, ends_wall=None)
    assert [(row.proposed, row.undated) for row in rows(party)] == [(None, True), (None, False)]


def test_the_list_asks_as_often_for_three_messages_as_for_one(party: Planned, count_queries: Callable[[], Any]) -> None:
    asked = []
    for wanted in (1, 3):
        for number in range(wanted):
            party.plan(Plan(f"2027-04-0{number + 1}T10:00"), key=f"{wanted} {number}")
        with count_queries() as counted:
            rows(party)
        asked.append(len(counted))
    assert asked[0] == asked[1]


def since(planned: Planned) -> list[tuple[str, str, str]]:
    fresh().rollback()
    now = changes_since.values_now(fresh().get_one(Event, planned.event_id), planned.by.id, PLACE)
    found = changes_since.changes(planned.mailing, planned.held, now)
    return [(changed.label, changed.before, changed.after) for changed in found]


def test_H6b_it_says_which_values_guests_will_read_otherwise(planned: Planned) -> None:
    assert since(planned) == []
    planned.move_event(location="Town hall", **on(2))
    planned.move_event(reply_to="new@organizers.example")
    assert ("Answers go to", "", "new@organizers.example") in since(planned)
    assert {label: after for label, _, after in since(planned)}["Event date"] == "Sunday, 2 May 2027"


def test_S13_it_says_that_it_would_take_another_mail_service(planned: Planned) -> None:
    send_through("smtp")
    assert since(planned) == [("Mail service", "outbox", "smtp")]
