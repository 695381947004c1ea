"""Scheduling from the page: one press, no review; what is refused stays typed (H1 to H3, S1)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from eventmail.models import DraftText, Job, Mailing, Recipient, Reservation, Schedule
from tests.integration.web.scheduling.conftest import TYPED, groups, line, markup
from tests.support.time import FrozenClock
from tests.support.web import Client, error_code, partial, words

DUE = datetime(2027, 4, 30, 16, 0, tzinfo=UTC)


def warning(text: str) -> str:
    """The box of the refusal, as its data-test names it."""
    [found] = re.findall(r'data-test="(\w+-message-warning)"', text)
    return str(found)


def test_H3_one_press_schedules_and_the_page_shows_the_row(
    client: Client, url: str, row: Any, rows: Callable[..., list[Any]]
) -> None:
    client.set_cookie("viewer_zone", "America/New_York")
    answer = client.submit(url, TYPED)
    mailing, held = row(Mailing), row(Schedule)
    assert (answer.status_code, answer.location) == (303, f"{url}?now={mailing.id}#scheduled-{mailing.id}")
    assert (mailing.state, mailing.send_at, mailing.recipient_count) == ("scheduled", DUE, 2)
    assert (held.wall.isoformat(), held.timezone, held.fold) == ("2027-04-30T18:00:00", "Europe/Berlin", 0)
    assert [recipient.state for recipient in rows(Recipient)] == ["queued", "queued"]
    assert row(Reservation).reserved == 2
    assert rows(Job) == []
    page = client.get(url)
    assert (
        "Scheduled for Fri 30 Apr 2027, 18:00 CEST, 2 guests. You can change it until 17:45 CEST."
        in words(page)
    )  # fmt: skip
    assert groups(page) == ["Upcoming"]
    assert line(page, mailing.id) == (
        "Hi First name Scheduled To confirmed guests: 2 recipients as of now "
        "Fri 30 Apr 2027, 18:00 CEST Your time: Fri 30 Apr 2027, 12:00 EDT In 57 days "
        "Can be changed until 17:45 CEST , for another 57 days "
        "Edit : Hi ‹First name› Cancel Cancel 2 emails, 2 sends go back to your quota."
    )
    assert 'datetime="2027-04-30T16:00:00Z" title="2027-04-30 16:00 UTC"' in markup(page, mailing.id)


def test_for_htmx_the_address_changes_with_the_page(client: Client, url: str, row: Any) -> None:
    full = {"HX-Request": "true", "HX-Request-Type": "full", "Accept": "text/html"}
    answer = client.submit(url, TYPED, headers=full)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (
        200,
        f"{url}?now={row(Mailing).id}#scheduled-{row(Mailing).id}",
    )


def test_S1_a_double_click_schedules_once(client: Client, url: str, row: Any) -> None:
    first, second = client.submit(url, TYPED), client.submit(url, TYPED)
    assert first.location == second.location == f"{url}?now={row(Mailing).id}#scheduled-{row(Mailing).id}"


def test_S1_a_page_that_came_back_with_another_key_leads_to_the_message_that_is_scheduled(
    client: Client, url: str, row: Any
) -> None:
    client.submit(url, TYPED)
    again = client.submit(url, {**TYPED, "idempotency_key": "a-new-key", "page_mark": "another"})
    assert again.location == f"{url}/{row(Mailing).id}"
    assert "This very message is scheduled for that time already, to the same people." in words(
        client.get(again.location)
    )


def test_S1_another_text_under_the_same_key_is_not_lost(client: Client, url: str, row: Any) -> None:
    client.submit(url, TYPED)
    answer = client.submit(url, {**TYPED, "subject": "Another"})
    assert (answer.status_code, error_code(answer), warning(answer.text)) == (
        409, ["ALREADY_SENT"], "scheduled-message-warning"
    )  # fmt: skip
    assert "Another text was scheduled from this page. This one was not" in words(answer)
    assert 'name="subject" type="text" value="Another"' in answer.text
    assert row(Mailing).recipient_count == 2


@pytest.mark.parametrize(
    ("typed", "status", "code", "sentence"),
    [
        ({"send_at": "2027-03-04T12:59"}, 400, "PAST_SEND_AT", "2027-03-04 12:59 (Europe/Berlin) is over already."),
        ({"send_at": "2027-03-28T02:30"}, 400, "NONEXISTENT_TIME", "Take 01:59 or 03:00."),
        ({"timezone": "Mars/Olympus"}, 400, "INVALID_TIMEZONE", "“Mars/Olympus” is not a time zone we know"),
        ({"send_at": ""}, 400, "INVALID_INPUT", "Choose a date and a time to send it at."),
        ({"body": "{guest.nickname}"}, 400, "UNRESOLVED_TOKEN", "guest.nickname"),
        ({"statuses": ""}, 400, "INVALID_AUDIENCE", "Nothing selected never means everyone."),
        ({"statuses": "declined"}, 409, "NO_RECIPIENTS", "No recipients match this audience."),
    ],
)
def test_H2_C2_A5_what_is_refused_stays_typed_and_nothing_is_scheduled(
    typed: dict[str, str], status: int, code: str, sentence: str, client: Client, url: str, count: Any
) -> None:
    answer = client.submit(url, {**TYPED, "subject": "<b>שלום", **typed})
    assert (answer.status_code, error_code(answer)[0], warning(answer.text)) == (
        status, code, "scheduled-message-warning"
    )  # fmt: skip
    assert sentence in words(answer)
    assert 'name="subject" type="text" value="&lt;b&gt;שלום"' in answer.text
    assert f'name="send_at" type="datetime-local" value="{typed.get("send_at", TYPED["send_at"])}"' in answer.text
    assert 'id="scheduled-list"' in answer.text
    assert [count(table) for table in (Mailing, Schedule, Recipient, Reservation)] == [0, 0, 0, 0]


def test_H2_G19_a_time_that_occurs_twice_is_scheduled_for_the_one_that_was_chosen(
    client: Client, url: str, row: Any, move_event: Any
) -> None:
    move_event(**{name: datetime.fromisoformat("2027-10-31T18:00") for name in ("starts_wall", "ends_wall")})
    twice = {**TYPED, "send_at": "2027-10-31T02:30"}
    assert error_code(client.submit(url, twice))[0] == "AMBIGUOUS_TIME"
    client.submit(url, {**twice, "fold": "1"})
    assert row(Mailing).send_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def test_H3_inside_the_cutoff_the_page_says_that_it_can_only_be_cancelled(client: Client, url: str, row: Any) -> None:
    client.submit(url, {**TYPED, "send_at": "2027-03-04T13:10"})
    page = client.get(url)
    assert "Scheduled for Thu 4 Mar 2027, 13:10 CET, 2 guests. It can be cancelled, not changed." in words(page)
    assert groups(page) == ["Locked"]
    shown = markup(page, row(Mailing).id)
    [edit] = re.findall(r"<button ([^>]*)>Edit</button>", shown)
    assert f'disabled aria-describedby="closed-{row(Mailing).id}"' in edit
    assert "Changes ended at 12:55 CET Edit Cancel and edit as new draft Cancel" in words(shown)


def test_H6a_a_relative_time_is_scheduled_with_its_rule(client: Client, url: str, row: Any) -> None:
    rule = {"when": "relative", "relative_number": "2", "relative_unit": "days", "relative_side": "before",
            "relative_anchor": "starts", "relative_at": "18:00", "send_at": "2027-01-01T00:00"}  # fmt: skip
    client.submit(url, {**TYPED, **rule})
    assert row(Schedule).relative == {"anchor": "starts", "days": -2, "at": "18:00"}
    told = line(client.get(url), row(Mailing).id)
    assert "Thu 17 Jun 2027, 18:00 CEST 2 days before the event starts, at 18:00 In 105 days" in told


def test_H5_exactly_the_people_of_now_are_kept(client: Client, url: str, row: Any, add_guest: Any) -> None:
    client.submit(url, {**TYPED, "audience_mode": "exact"})
    assert row(Schedule).audience_mode == "exact"
    add_guest("cleo@guests.example.net")
    told = line(client.get(url), row(Mailing).id)
    assert "To confirmed guests, exactly who was on the list as it was looked at: 2 recipients Fri" in told


def test_D5_a_planned_draft_keeps_its_time_and_never_sends(
    client: Client, url: str, row: Any, clock: FrozenClock, start: Any
) -> None:
    part = client.submit(f"{url}/drafts", TYPED, headers=partial())
    draft = f"{url}/{row(Mailing).id}"
    assert part.headers["HX-Replace-Url"] == draft
    assert row(DraftText).plan == {"send_at": "2027-04-30T18:00", "timezone": "Europe/Berlin"}
    page = client.get(draft)
    assert 'name="send_at" type="datetime-local" value="2027-04-30T18:00"' in page.text
    assert "Schedule for Fri 30 Apr, 18:00 CEST (2)" in words(page)
    listed = client.get(url.replace("scheduled", "messages/drafts"))
    assert "Hi First name Fri 30 Apr 2027, 18:00 CEST Oscar Organizer" in words(listed)
    assert f'href="{draft}"' in listed.text
    clock.set(datetime(2027, 5, 1, tzinfo=UTC))
    assert start() == []
    assert row(Mailing).state == "draft"


def test_D5_a_page_without_a_picker_leaves_the_time_of_a_draft(client: Client, url: str, row: Any) -> None:
    client.submit(f"{url}/drafts", TYPED)
    mailing_id = row(Mailing).id
    messages = url.replace("scheduled", "messages")
    page = client.get(f"{messages}/{mailing_id}")
    assert "This draft is planned for Fri 30 Apr 2027, 18:00 CEST." in words(page)
    assert f'href="{url}/{mailing_id}">Schedule it</a>' in page.text
    changed = {"subject": "Changed", "statuses": "confirmed", "draft": mailing_id, "revision": 1, "page_mark": "other"}
    assert client.submit(f"{messages}/drafts", changed).status_code == 303
    held = row(DraftText)
    assert (held.subject, held.plan) == ("Changed", {"send_at": "2027-04-30T18:00", "timezone": "Europe/Berlin"})


def test_D5_a_draft_becomes_the_scheduled_message_and_keeps_its_address(
    client: Client, url: str, row: Any, count: Any
) -> None:
    client.submit(f"{url}/drafts", TYPED)
    mailing_id = row(Mailing).id
    answer = client.submit(url, {**TYPED, "draft": mailing_id, "revision": "1"})
    assert answer.location == f"{url}?now={mailing_id}#scheduled-{mailing_id}"
    assert (row(Mailing).state, count(DraftText)) == ("scheduled", 0)


def test_send_later_keeps_what_was_written_and_opens_it_where_it_gets_a_time(
    client: Client, url: str, row: Any
) -> None:
    page = client.get(url.replace("scheduled", "messages?new=1"))
    assert f'formaction="{url}/later"' in page.text
    written = {"subject": "Hi {guest.firstName}", "body": "<b>", "statuses": "confirmed", "page_mark": "p"}
    answer = client.submit(f"{url}/later", written)
    assert (answer.status_code, answer.location) == (303, f"{url}/{row(Mailing).id}")
    opened = client.get(answer.location)
    assert 'name="subject" type="text" value="Hi {guest.firstName}"' in opened.text
    assert "Still to do (1) To do: Choose when it goes out Choose" in words(opened)
    there = client.submit(f"{url}/later", written, headers=partial())
    assert there.headers["HX-Redirect"] == answer.location


def test_send_later_of_an_empty_page_opens_the_picker(client: Client, url: str, count: Any) -> None:
    answer = client.submit(f"{url}/later", {"page_mark": "p"})
    assert (answer.status_code, answer.location) == (303, f"{url}#schedule")
    assert count(Mailing) == 0


def test_E1_a_test_without_script_keeps_the_time(client: Client, url: str, count: Any) -> None:
    answer = client.submit(f"{url}/test-sends", {**TYPED, "to": ""})
    page = client.get(answer.location)
    assert 'name="send_at" type="datetime-local" value="2027-04-30T18:00"' in page.text
    assert "On its way to oscar@organizers.example" in words(page)
    assert 'data-test="scheduled-message-test-send-cta"' in page.text
    assert count(Schedule) == 0
