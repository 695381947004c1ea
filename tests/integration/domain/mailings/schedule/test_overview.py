"""What the pages of an event say about its scheduled messages: the overview, the settings, its end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from eventmail.db import fresh, transaction
from eventmail.domain.audience import segments
from eventmail.domain.events import lifecycle
from eventmail.domain.mailings import drafts
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.domain.mailings.send_time import Plan
from eventmail.domain.outcomes import planned as overviews
from eventmail.models import Event, Guest
from eventmail.states import AudienceMode
from tests.integration.domain.mailings.schedule.conftest import PLAN, SEND_AT, Planned, on
from tests.support import seeding
from tests.support.seeding import Person
from tests.support.time import FrozenClock
from tests.support.web import Client, words

Reads = Callable[..., str]
EVE = Plan(relative={"anchor": "starts", "days": -1, "at": "18:00"})
THANKS = Plan(relative={"anchor": "ends", "hours": 2})


def look(party: Planned, now: FrozenClock) -> overviews.Planned:
    fresh().rollback()
    return overviews.of_event(fresh().get_one(Event, party.event_id), now.now(), outside=False)


def draft(party: Planned, subject: str, plan: Plan | None) -> None:
    drafts.save(party.event_id, DraftVersion(), drafts.Written(Text(subject, "", "a"), {}, plan), party.acting())


@pytest.fixture
def reads(party: Planned, client_for: Callable[[Person], Client]) -> Reads:
    """reads(part=""): what the organizer reads there, who signs in anew since the clock may have moved."""

    def read(part: str = "") -> str:
        return words(client_for(party.by).get(f"/admin/events/{party.event_id}{part}"))

    return read


def test_an_event_without_schedules_has_no_next_message_and_nothing_that_asks(
    party: Planned, now: FrozenClock, reads: Reads
) -> None:
    found = look(party, now)
    assert (found.next, found.needs_attention) == (None, False)
    assert "Next message" not in reads()


def test_H3_the_next_message_stands_on_the_overview_with_its_time_and_its_number_of_people(
    party: Planned, now: FrozenClock, reads: Reads
) -> None:
    party.plan(Plan("2027-05-01T10:00"), key="later")
    soonest = party.plan(text=Text("<b>Coat</b> " + "x" * 280, "", "a"))
    seeding.suppress("ada@guests.example.net", reason="hard_bounce")
    found = look(party, now).next
    assert found
    assert (found.mailing.id, found.at, found.people) == (soonest.id, SEND_AT, 1)
    said = reads()
    assert "Fri 30 Apr 2027, 18:00 CEST In 57 days, 1 recipient as of now. All scheduled messages" in said
    assert "Next message <b>Coat</b> xxx" in said
    assert "This needs your attention No worker is running" in said


def test_the_number_of_the_next_message_is_unknown_while_a_segment_is_gone(
    party: Planned, now: FrozenClock, reads: Reads
) -> None:
    rule = {"all": [{"field": "status", "op": "is", "value": "confirmed"}]}
    kept = segments.create(party.event_id, {"name": "Those who come", "rule": rule}, party.acting())
    party.plan(audience={"segments": [str(kept)]})
    segments.remove(party.event_id, kept, party.acting())
    found = look(party, now).next
    assert found
    assert found.people is None
    assert "In 57 days; one of its segments was removed." in reads()


def test_H6_and_H5_what_was_missed_or_failed_asks_with_its_reason_the_newest_first(
    party: Planned, now: FrozenClock, reads: Reads
) -> None:
    missed = party.plan(text=Text("<b>Coat</b>", "", "a"))
    failed = party.plan(replace(PLAN, wall="2027-04-30T20:00"), key="none", text=Text("Nobody", "", "a"))
    now.set(SEND_AT + timedelta(hours=2))
    with transaction() as tx:
        tx.execute(update(Guest).values(status="declined"))
    missed.start()
    found = look(party, now)
    assert [(each.mailing.id, each.why) for each in found.asking] == [
        (failed.id, "no_recipients"), (missed.id, "late"),
    ]  # fmt: skip
    assert (found.asking_count, found.next) == (2, None)
    said = reads()
    assert (
        "Nobody was due Fri 30 Apr 2027, 20:00 CEST and did not go out. No recipients matched its audience any more, "
        "so nothing left. Write it as a new draft or cancel it. "
        "<b>Coat</b> was due Fri 30 Apr 2027, 18:00 CEST and did not go out. eventmail could not send it until more "
        "than an hour later, so nothing left. Send it now or cancel it."
    ) in said


def test_H6a_an_event_that_moved_shows_old_and_new_time_on_overview_and_settings(
    party: Planned, now: FrozenClock, reads: Reads
) -> None:
    party.plan(EVE, text=Text("Tomorrow", "", "a"))
    party.plan(THANKS, key="thanks", text=Text("Thank you", "", "a"))
    party.plan(key="absolute")
    assert (look(party, now).moved, "take their new times" in reads("/settings")) == ([], False)
    party.move_event(**on(8))

    found = look(party, now).moved
    assert [(each.subject, each.is_open, each.proposed and each.proposed.at.isoformat()) for each in found] == [
        ("Tomorrow", True, "2027-05-07T16:00:00+00:00"), ("Thank you", True, "2027-05-08T23:00:00+00:00"),
    ]  # fmt: skip
    assert (
        "Tomorrow is due Fri 30 Apr 2027, 18:00 CEST . The event moved, so it would be due Fri 7 May 2027, 18:00 CEST "
        "by now. Unless somebody takes the new time, nothing leaves."
    ) in reads()
    said = (
        "2 scheduled messages are counted from the event: take their new times Until then nothing of them leaves. "
        "Scheduled messages"
    )
    assert said in reads("/settings")


def test_H6a_a_message_that_is_locked_cannot_take_the_new_time(party: Planned, now: FrozenClock, reads: Reads) -> None:
    party.plan(EVE)
    now.set(SEND_AT - timedelta(minutes=15))
    party.move_event(**on(8))
    assert [each.is_open for each in look(party, now).moved] == [False]
    assert "It can’t be changed any more, so nothing leaves: cancel it and edit it as a new draft." in reads()


def test_H6a_an_event_without_a_time_any_more_is_told_as_that(party: Planned, now: FrozenClock, reads: Reads) -> None:
    party.plan(EVE)
    party.move_event(starts_wall=None, ends_wall=None)
    assert [(each.proposed, each.is_undated) for each in look(party, now).moved] == [(None, True)]
    assert "The event has no such time any more to count from, and nothing leaves before it has one." in reads()
    said = "1 scheduled message is counted from the event, which has no such time any more Nothing of it leaves before"
    assert f"{said} it has one." in reads("/settings")


def test_H6a_saving_the_settings_leads_to_the_page_that_says_so(
    party: Planned, client_for: Callable[[Person], Client]
) -> None:
    client = client_for(party.by)
    party.plan(EVE)
    url = f"/admin/events/{party.event_id}/settings"
    form = {"title": "Fixture Gala", "timezone": "Europe/Berlin", "starts_at": "2027-05-08T18:00",
            "ends_at": "2027-05-08T23:00"}  # fmt: skip
    answer = client.submit(url, form)
    said = words(client.get(answer.location or ""))
    assert "Saved 1 scheduled message is counted from the event: take its new time" in said


def test_a_draft_with_a_time_is_told_and_one_without_is_not(party: Planned, now: FrozenClock, reads: Reads) -> None:
    draft(party, "No time", None)
    draft(party, "No time either", Plan(audience_mode=AudienceMode.EXACT))
    assert look(party, now).needs_attention is False
    draft(party, "<i>Eve</i>", EVE)
    draft(party, "", PLAN)
    found = look(party, now)
    assert ([each.subject for each in found.drafts], found.drafts_count) == (["<i>Eve</i>", ""], 2)
    said = reads()
    assert (
        "<i>Eve</i> is a draft, planned for 1 day before the event starts, at 18:00: Fri 30 Apr 2027, 18:00 CEST. It "
        "goes out only when somebody schedules it. No subject yet is a draft, planned for Fri 30 Apr 2027, 18:00 CEST."
    ) in said


def test_of_many_that_ask_five_of_each_kind_are_named(party: Planned, now: FrozenClock, reads: Reads) -> None:
    for number in range(7):
        draft(party, f"Draft {number}", PLAN)
        party.plan(PLAN, key=f"missed {number}", text=Text(f"Missed {number}", "", "a"))
    now.set(SEND_AT + timedelta(hours=1, seconds=1))
    party.start()
    for number in range(7):
        party.plan(THANKS, key=f"moved {number}", text=Text(f"Moved {number}", "", "a"))
    party.move_event(**on(8))
    found = look(party, now)
    assert (len(found.asking), found.asking_count, len(found.moved), len(found.drafts), found.drafts_count) == (
        5, 7, 7, 5, 7,
    )  # fmt: skip
    said = reads()
    assert [sum(f"{kind} {number} " in said for number in range(7)) for kind in ("Missed", "Moved", "Draft")] == [
        5,
        5,
        5,
    ]
    assert "2 more did not go out" in said
    assert "2 more would be due at another time since the event moved" in said
    assert "2 more are drafts with a time, not scheduled" in said


def test_the_overview_costs_the_same_for_1_and_for_9_messages(
    party: Planned, now: FrozenClock, count_queries: Callable[..., Any]
) -> None:
    counted = []
    for messages in (1, 8):
        for number in range(messages):
            for plan in (EVE, THANKS, PLAN):
                party.plan(plan, key=f"{messages} {number} {plan}")
            draft(party, "Draft", EVE)
        with count_queries() as queries:
            look(party, now)
        counted.append(len(queries))
    assert counted == [7, 7]


def test_S6_who_ends_an_event_reads_which_messages_do_not_go_out(
    party: Planned, reads: Reads, client_for: Callable[[Person], Client]
) -> None:
    party.plan()
    cancelling, archiving = (reads(part) for part in ("/cancellation", "/archive"))
    assert "2 waiting mails are cancelled and will never leave" in cancelling
    assert "1 scheduled message is cancelled and goes out neither at its time nor later" in cancelling
    assert "Cancel what still waits: 2 mails of 1 scheduled message" in archiving
    party.plan(key="second")
    assert "2 scheduled messages are cancelled and go out neither at their time nor later" in reads("/cancellation")
    form = {"subject": "Now", "body": "a", "statuses": "confirmed", "idempotency_key": "k1"}
    client_for(party.by).submit(f"/admin/events/{party.event_id}/messages", form)
    assert "Cancel what still waits: 6 mails of 3 messages, 2 of them scheduled" in reads("/archive")
    assert lifecycle.waiting(party.event_id) == lifecycle.Waiting(messages=3, mails=6, under_way=0, planned=2)
