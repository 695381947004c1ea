"""What becomes of a scheduled message when it is due (H5 to H8)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from eventmail.db import fresh, transaction
from eventmail.domain.events import lifecycle
from eventmail.domain.guests import edit as guests
from eventmail.domain.mailings import control
from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import NoRecipients
from eventmail.models import AuditEntry, Exclusion, Guest, Recipient
from eventmail.sending import due
from tests.integration.domain.mailings.schedule.conftest import BOTH, EXACT, SEND_AT, Planned
from tests.support import seeding
from tests.support.time import FrozenClock
from tests.support.written import PLACE, empty_the_party


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


def test_H6b_the_values_of_the_event_are_those_of_the_moment(planned: Planned, now: FrozenClock) -> None:
    planned.move_event(title="Another party", reply_to="new@organizers.example")
    now.set(SEND_AT)
    planned.start()
    mailing = planned.mailing
    assert mailing.constants["event.title"] == "Another party"
    assert mailing.reply_to == "new@organizers.example"
    assert mailing.created_at == SEND_AT


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
