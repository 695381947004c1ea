"""The buttons of each scheduled message, all of them forms: cancel, write anew, take the new time, send now."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import AuditEntry, DraftText, Guest, Job, Mailing, Recipient, Reservation, Schedule
from tests.integration.web.scheduling.conftest import groups, line, markup
from tests.support.time import FrozenClock
from tests.support.web import Client, error_code, words

Plan = Callable[..., int]
RULE = {"when": "relative", "relative_number": "2", "relative_unit": "days", "relative_at": "18:00"}
WARNING = 'data-test="scheduled-message-warning"'


@pytest.fixture
def button(client: Client, url: str) -> Callable[..., Callable[[], Any]]:
    """button(7, "cancel-cta")(): press a button of a row as the list shows it now, perhaps later."""

    def find(mailing_id: int, test: str) -> Callable[[], Any]:
        shown = markup(client.get(url), mailing_id)
        [form] = [
            form for form in re.findall(r"<form .*?</form>", shown, re.DOTALL) if f"scheduled-message-{test}" in form
        ]
        [action] = re.findall(r'action="([^"]+)"', form)
        fields = {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)}
        fields.pop("csrf_token")
        return lambda: client.submit(action, fields)

    return find


@pytest.fixture
def missed(plan: Plan, clock: FrozenClock, start: Any) -> int:
    """A message that nobody could send for two hours."""
    mailing_id = plan(send_at="2027-03-04T13:30")
    clock.advance(hours=3)
    assert start() == []
    return mailing_id


def test_H4_cancelled_it_leaves_no_mail_and_gives_its_places_back(
    client: Client, url: str, plan: Plan, button: Any, row: Any, rows: Any, clock: FrozenClock, start: Any
) -> None:
    mailing_id = plan()
    answer = button(mailing_id, "cancel-cta")()
    assert (answer.status_code, answer.location) == (303, url)
    page = client.get(url)
    assert "Cancelled. 2 emails won’t leave, 2 sends went back to your quota." in words(page)
    assert groups(page) == ["Done"]
    assert "Write it again as a new draft" in line(page, mailing_id)
    assert row(Mailing).state == "cancelled"
    assert [recipient.state for recipient in rows(Recipient)] == ["cancelled", "cancelled"]
    assert (row(Reservation).reserved, row(Reservation).refunded) == (2, 2)
    [entry] = rows(AuditEntry, AuditEntry.action == "mailing.cancelled")
    assert entry.actor == "Oscar Organizer"
    clock.set(datetime(2027, 5, 1, tzinfo=UTC))
    assert start() == []


def test_H4_G30_a_cancel_that_lost_the_race_shows_the_tracker(
    plan: Plan, button: Any, clock: FrozenClock, start: Any, work: Any, row: Any
) -> None:
    mailing_id = plan(send_at="2027-03-04T13:30")
    cancel = button(mailing_id, "cancel-cta")
    clock.advance(minutes=30)
    start()
    work()
    answer = cancel()
    assert (answer.status_code, error_code(answer), WARNING in answer.text) == (409, ["ALREADY_SENT"], True)
    assert 'data-test="scheduled-message-job-tracker" data-state="finished"' in answer.text
    assert 'data-test="scheduled-message-edit"' not in markup(answer, mailing_id)
    assert row(Mailing).state == "finished"


def test_H4_cancelled_twice_says_so(plan: Plan, button: Any) -> None:
    cancel = button(plan(), "cancel-cta")
    cancel()
    answer = cancel()
    assert (answer.status_code, error_code(answer), WARNING in answer.text) == (409, ["ALREADY_CANCELLED"], True)


def test_H3_cancel_and_edit_as_new_draft_opens_its_text_with_its_time(
    client: Client, url: str, plan: Plan, button: Any, clock: FrozenClock, row: Any, rows: Any
) -> None:
    mailing_id = plan(send_at="2027-03-04T13:30", subject="<b>שלום " + "Ab" * 150)
    clock.advance(minutes=16)
    answer = button(mailing_id, "reopen")()
    draft = row(DraftText)
    assert (answer.status_code, answer.location) == (303, f"{url}/{draft.mailing_id}")
    page = client.get(answer.location)
    assert "The scheduled message was cancelled, nothing of it leaves. Its text is a new draft here." in words(page)
    assert 'value="2027-03-04T13:30"' in page.text
    assert draft.subject == "<b>שלום " + "Ab" * 150
    assert [mailing.state for mailing in rows(Mailing)] == ["cancelled", "draft"]


def test_H3_G31_a_missed_one_that_is_written_anew_has_nothing_of_the_old_error(
    client: Client, url: str, missed: int, button: Any, row: Any
) -> None:
    location = button(missed, "reopen")().location
    page = client.get(location)
    assert "so nothing left" not in words(page)
    assert row(DraftText).plan is None  # its time is over
    assert "Still to do (1) To do: Choose when it goes out" in words(page)


def test_H6a_G24_the_new_time_is_taken_as_it_was_shown(
    client: Client, url: str, plan: Plan, button: Any, move_event: Any, row: Any, clock: FrozenClock, start: Any
) -> None:
    mailing_id = plan(**RULE)
    move_event(starts_wall=datetime.fromisoformat("2027-06-26T18:00"))
    first = button(mailing_id, "accept")
    move_event(starts_wall=datetime.fromisoformat("2027-07-03T18:00"))
    refused = first()
    assert (refused.status_code, error_code(refused), WARNING in refused.text) == (409, ["STALE_REVISION"], True)
    assert row(Mailing).send_at == datetime(2027, 6, 17, 16, tzinfo=UTC)
    assert button(mailing_id, "accept")().status_code == 303
    page = client.get(url)
    assert "The message goes out Thu 1 Jul 2027, 18:00 CEST now." in words(page)
    assert "Take the new time" not in words(page)
    assert (row(Mailing).send_at, row(Schedule).edit_cutoff_at) == (
        datetime(2027, 7, 1, 16, tzinfo=UTC), datetime(2027, 7, 1, 15, 45, tzinfo=UTC)
    )  # fmt: skip
    clock.set(datetime(2027, 7, 1, 16, tzinfo=UTC))
    assert len(start()) == 1


def test_H6a_a_form_without_the_time_that_it_showed_changes_nothing(
    client: Client, url: str, plan: Plan, move_event: Any, row: Any
) -> None:
    mailing_id = plan(**RULE)
    move_event(starts_wall=datetime.fromisoformat("2027-06-26T18:00"))
    answer = client.submit(f"{url}/{mailing_id}/time", {"seen": "soon"})
    assert (answer.status_code, error_code(answer)) == (400, ["INVALID_INPUT"])
    assert row(Mailing).send_at == datetime(2027, 6, 17, 16, tzinfo=UTC)


def test_H6_G32_send_now_sends_once_and_the_tracker_stands_on_the_page(
    client: Client, url: str, missed: int, button: Any, rows: Any, start: Any, work: Any
) -> None:
    assert "Send now (2)" in line(client.get(url), missed)
    send = button(missed, "send-now")
    assert send().location == url
    page = client.get(url)
    assert f'<h2 class="small muted">Sending <a href="{url}/{missed}" dir="auto">' in page.text
    assert 'data-test="scheduled-message-job-tracker" data-state="sending"' in page.text
    assert f'hx-get="{url}/{missed}?seen=' in page.text
    assert send().status_code == 409
    assert start() == []
    work()
    assert (len(rows(Job)), [recipient.state for recipient in rows(Recipient)]) == (1, ["sent", "sent"])


def test_H7_send_now_goes_to_as_many_as_the_button_said_or_to_nobody(
    client: Client, url: str, missed: int, button: Any, rows: Any, add_guest: Any
) -> None:
    send = button(missed, "send-now")
    add_guest("cleo@guests.example.net")
    answer = send()
    assert (answer.status_code, error_code(answer), WARNING in answer.text) == (409, ["AUDIENCE_CHANGED"], True)
    assert "When you looked, 2 would have got it. It would be 3 now. Nothing was sent." in words(answer)
    assert rows(Job) == []
    assert "Send now (3)" in line(answer, missed)
    assert button(missed, "send-now")().status_code == 303


def test_A5_send_now_to_nobody_cannot_be_pressed(client: Client, url: str, missed: int, app: Flask) -> None:

    with app.app_context(), transaction() as tx:
        tx.execute(update(Guest).values(status="declined"))
    [send] = re.findall(r"<button [^>]*>Send now \(0\)</button>", markup(client.get(url), missed))
    assert " disabled" in send


def test_the_run_that_was_watched_leaves_the_page_after_an_hour(
    client: Client, url: str, missed: int, button: Any, work: Any, clock: FrozenClock
) -> None:
    button(missed, "send-now")()
    work()
    clock.advance(minutes=59)
    assert "scheduled-message-job-tracker" in client.get(url).text
    clock.advance(minutes=2)
    page = client.get(url)
    assert "scheduled-message-job-tracker" not in page.text
    assert "What became of it" in line(page, missed)
