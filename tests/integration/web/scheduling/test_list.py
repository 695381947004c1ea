"""The list of scheduled messages: groups, filters, pages, and what has changed since each was scheduled (H3, H6b)."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail.content import not_sent
from eventmail.db import transaction
from eventmail.domain.suppressions import entries
from eventmail.models import Mailing, Schedule
from eventmail.states import NotSent
from tests.integration.web.scheduling.conftest import groups, line, markup, subjects
from tests.support.seeding import Person, acting
from tests.support.time import FrozenClock
from tests.support.web import Client, partial, words

Plan = Callable[..., int]


def filters(text: str) -> list[tuple[str, str, str]]:
    """(current, label, number) of each filter."""
    nav = text.partition('aria-label="Filter by group"')[2].partition("</nav>")[0]
    return re.findall(r'<a [^>]*?( aria-current="page")?>([\w ]+) <span class="number">(\d+)</span>', nav)


@pytest.fixture
def all_kinds(plan: Plan, clock: FrozenClock, start: Any) -> dict[str, int]:
    """One message of each group: sent, missed, locked, and two to come."""
    ids = {
        "Sent": plan(subject="Sent", send_at="2027-03-04T13:30"),
        "Missed": plan(subject="Missed", send_at="2027-03-04T14:00"),
    }
    clock.advance(minutes=30)
    assert len(start()) == 1
    clock.advance(hours=2)  # over an hour late
    assert start() == []
    ids["Locked"] = plan(subject="Locked", send_at="2027-03-04T15:40")
    ids["Later"] = plan(subject="Later", send_at="2027-05-01T18:00")
    ids["Sooner"] = plan(subject="Sooner", send_at="2027-04-01T18:00")
    return ids


def test_H3_groups_stand_in_their_order_and_messages_by_their_time(
    client: Client, url: str, all_kinds: dict[str, int]
) -> None:
    page = client.get(url)
    assert groups(page) == ["Needs you", "Upcoming", "Locked", "Done"]
    assert subjects(page) == ["Missed", "Sooner", "Later", "Locked", "Sent"]
    assert filters(page.text) == [
        (' aria-current="page"', "All", "5"), ("", "Needs you", "1"), ("", "Upcoming", "2"), ("", "Locked", "1"),
        ("", "Done", "1"),
    ]  # fmt: skip


def test_D2_filter_and_page_stand_in_the_address(client: Client, url: str, all_kinds: dict[str, int]) -> None:
    page = client.get(f"{url}?group=upcoming")
    assert (groups(page), subjects(page)) == (["Upcoming"], ["Sooner", "Later"])
    assert [label for current, label, _ in filters(page.text) if current] == ["Upcoming"]
    second = client.get(f"{url}?group=upcoming&per_page=1&page=2")
    assert subjects(second) == ["Later"]
    assert 'href="' + url + '?group=upcoming" aria-label="Previous page"' in second.text.replace("&amp;", "&")
    past = client.get(f"{url}?per_page=2&page=99")
    assert subjects(past) == ["Sent"]
    assert client.get(f"{url}?group=nonsense").status_code == 400


def test_H3_programs_read_the_list_as_mailings(api: Client, url: str, all_kinds: dict[str, int]) -> None:
    answer: Any = api.get(url).json
    assert [item["content"]["subject"] for item in answer["items"]] == ["Missed", "Sooner", "Later", "Locked", "Sent"]
    needy: Any = api.get(f"{url}?group=needs-you").json
    [missed] = needy["items"]
    assert (missed["id"], missed["state"], missed["not_sent"]) == (str(all_kinds["Missed"]), "missed", "late")
    one: Any = api.get(f"{url}/{all_kinds['Locked']}").json
    assert one["state"] == "scheduled"


def test_an_empty_list_and_an_empty_group_tell_the_next_step(client: Client, url: str, plan: Plan) -> None:
    assert "Nothing is scheduled Write a message below and choose when it goes out." in words(client.get(url))
    plan()
    empty = client.get(f"{url}?group=done")
    assert "Nothing here No scheduled message is in this group. All scheduled messages" in words(empty)


def test_H3_the_list_fetches_itself_when_the_next_message_is_locked_or_due(
    client: Client, url: str, plan: Plan, clock: FrozenClock
) -> None:
    def every(text: str) -> list[str]:
        return re.findall(r'id="scheduled-list".*?hx-trigger="(?:every (\d+)s, )?recipients', text, re.DOTALL)

    assert every(client.get(url).text) == [""]
    mailing_id = plan(send_at="2027-03-04T13:20")
    assert every(client.get(url).text) == ["60"]  # for the countdown and the count
    clock.advance(minutes=4, seconds=40)
    assert every(client.get(url).text) == ["21"]
    clock.advance(seconds=19)
    assert every(client.get(url).text) == ["2"]
    part = client.get(url, headers=partial())
    assert 'id="schedule"' not in part.text
    assert "Can be changed until 13:05 CET , for another less than a minute" in line(part, mailing_id)
    clock.advance(seconds=1)
    assert "Changes ended at 13:05 CET Edit Cancel and edit as new draft" in line(
        client.get(url, headers=partial()), mailing_id
    )


def test_H5_who_is_due_and_waits_for_a_worker_says_so_and_with_which_command(
    client: Client, url: str, plan: Plan, clock: FrozenClock
) -> None:
    mailing_id = plan(send_at="2027-03-04T13:20")
    clock.advance(minutes=21)
    told = line(client.get(url), mailing_id)
    assert "1 minute ago It is due and waits for a worker: .venv/bin/eventmail worker Edit" in told


def test_F1_an_address_that_bounced_since_is_counted_out_before_it_is_due(
    client: Client, url: str, plan: Plan, app: Flask, event_id: int, organizer: Person
) -> None:
    at_due, exact = plan(), plan(audience_mode="exact", subject="Exact")
    with app.app_context():
        entries.add(event_id, "ben@guests.example.net", everywhere=False, by=acting(organizer))
    page = client.get(url)
    for mailing_id in (at_due, exact):
        assert "Since you scheduled this: 1 guest would get it now (was 2)" in line(page, mailing_id)
    assert ": 1 recipient as of now" in line(page, at_due)
    assert ": 1 recipient Fri" in line(page, exact)


def test_H6b_what_has_changed_since_stands_on_the_row_as_text(
    client: Client, url: str, plan: Plan, move_event: Any, add_guest: Any
) -> None:
    mailing_id = plan()
    move_event(title="<b>Ball</b>", location="", reply_to="answers@organizers.org")
    add_guest("cleo@guests.example.net")
    shown = markup(client.get(url), mailing_id)
    assert words(shown).partition("Since you scheduled this: ")[2].partition(" Edit")[0] == (
        "3 guests would get it now (was 2) "
        "Event title is now “<b>Ball</b>” (was “Fixture Gala” ) "
        "Event location is now empty (was “Old Town Hall, Berlin” ) "
        "Organizer address is now “answers@organizers.org” (was “oscar@organizers.example” ) "
        "Answers go to “answers@organizers.org” now (was the address that mail comes from)"
    )
    assert "<b>" not in shown


def test_H6b_another_person_reads_that_it_was_scheduled(
    client_for: Any, add_person: Any, url: str, plan: Plan, move_event: Any
) -> None:
    mailing_id = plan()
    move_event(title="Ball")
    other = client_for(add_person("Vera", "vera@organizers.example"))
    assert "Since this was scheduled: Event title is now “Ball”" in line(other.get(url), mailing_id)


def test_H6a_a_time_that_moved_shows_old_and_new_and_asks(
    client: Client, url: str, plan: Plan, move_event: Any
) -> None:
    rule = {"when": "relative", "relative_number": "2", "relative_unit": "days", "relative_at": "18:00"}
    mailing_id = plan(**rule)
    move_event(starts_wall=datetime.fromisoformat("2027-06-26T18:00"))
    told = line(client.get(url), mailing_id)
    assert (
        "The event moved: it is still due Thu 17 Jun 2027, 18:00 CEST , and would be due Thu 24 Jun 2027, 18:00 CEST "
        "by now. Unless somebody takes the new time, nothing leaves. Take the new time"
    ) in told
    move_event(starts_wall=None, ends_wall=None)
    told = line(client.get(url), mailing_id)
    assert "The event has no start any more to count from. Set one in the event’s settings, or nothing leaves." in told
    assert "Take the new time" not in told


@pytest.mark.parametrize("why", NotSent)
def test_H6_why_it_did_not_leave_is_told_in_words(
    why: NotSent, client: Client, url: str, plan: Plan, app: Flask
) -> None:
    mailing_id = plan()
    state = "failed" if why is NotSent.NO_RECIPIENTS else "missed"
    with app.app_context(), transaction() as tx:
        tx.execute(update(Mailing).values(state=state))
        tx.execute(update(Schedule).values(not_sent=why))
    page = client.get(url)
    assert groups(page) == ["Needs you"]
    assert not_sent.WHY[why] in line(page, mailing_id)
    assert f"{not_sent.WHY[why]} " in words(client.get(f"{url}/{mailing_id}"))
