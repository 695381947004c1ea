"""One scheduled message on its page: changed until its cutoff, locked after it, followed when it leaves (H3)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from eventmail import tasks
from eventmail.db import transaction
from eventmail.models import Content, DraftText, Mailing, Recipient, Schedule
from tests.integration.web.scheduling.conftest import groups, line
from tests.support.forms import filled
from tests.support.time import FrozenClock
from tests.support.web import Client, error_code, partial, words

Plan = Callable[..., int]
CUTOFF = datetime(2027, 4, 30, 15, 45, tzinfo=UTC)
CONTROLS = re.compile(r"<(?:input|select|textarea|button)\b[^>]*>")


@pytest.fixture
def edit(client: Client, url: str) -> Callable[..., Any]:
    """edit(7, body=…): open a message, change some fields, save."""

    def save(mailing_id: int, **changes: Any) -> Any:
        form = filled(client.get(f"{url}/{mailing_id}").text, "editing")
        return client.submit(f"{url}/{mailing_id}", {**form, **changes})

    return save


def held_and_sent(row: Any, rows: Any) -> tuple[Any, ...]:
    """All that a change may change, and nothing else may."""
    mailing, held = row(Mailing), row(Schedule)
    text = rows(Content, Content.id == mailing.content_id)[0]
    return (
        mailing.send_at, mailing.audience, mailing.n_queued, text.subject, text.body,
        held.wall, held.timezone, held.fold, held.relative, held.edit_cutoff_at, held.audience_mode,
    )  # fmt: skip


@pytest.mark.parametrize(
    "time",
    [
        {},
        {"timezone": "Europe/Kiev"},
        {"send_at": "2027-03-28T03:00:30"},
        {"audience_mode": "exact"},
        {"when": "relative", "relative_number": "90", "relative_unit": "minutes", "relative_anchor": "ends"},
        {"when": "relative", "relative_number": "0", "relative_unit": "days", "relative_at": "09:00"},
    ],
)
def test_H1_opened_and_saved_untouched_it_is_the_same(
    time: dict[str, str], plan: Plan, edit: Any, url: str, row: Any, rows: Any
) -> None:
    mailing_id = plan(**time)
    before = held_and_sent(row, rows)
    answer = edit(mailing_id)
    assert (answer.status_code, answer.location) == (303, f"{url}?now={mailing_id}#scheduled-{mailing_id}")
    assert held_and_sent(row, rows) == before
    assert row(Schedule).revision == 2


def test_H1_the_second_of_two_equal_times_stays_the_second_without_a_question(
    plan: Plan, edit: Any, row: Any, rows: Any, move_event: Any
) -> None:
    move_event(**{name: datetime.fromisoformat("2027-10-31T18:00") for name in ("starts_wall", "ends_wall")})
    mailing_id = plan(send_at="2027-10-31T02:30", fold="1")
    before = held_and_sent(row, rows)
    assert edit(mailing_id).status_code == 303
    assert held_and_sent(row, rows) == before


def test_H1_a_time_that_lies_beyond_the_range_by_now_stays_without_a_question(
    client: Client, plan: Plan, edit: Any, url: str, row: Any, rows: Any, move_event: Any
) -> None:
    mailing_id = plan(send_at="2027-07-10T18:00")
    move_event(**{name: datetime.fromisoformat("2027-05-01T18:00") for name in ("starts_wall", "ends_wall")})
    before = held_and_sent(row, rows)
    page = client.get(f"{url}/{mailing_id}")
    assert "Sat 10 Jul 2027, 18:00 CEST , in 128 days" in words(page)
    assert edit(mailing_id).status_code == 303
    assert held_and_sent(row, rows) == before
    assert error_code(edit(mailing_id, send_at="2027-07-10T18:01"))[0] == "INVALID_INPUT"


def test_H3_the_cutoff_that_was_stored_is_told_until_the_time_changes(
    client: Client, plan: Plan, url: str, app: Flask
) -> None:
    mailing_id = plan()
    with app.app_context(), transaction() as tx:
        tx.execute(update(Schedule).values(edit_cutoff_at=CUTOFF - timedelta(hours=2)))
    page = client.get(f"{url}/{mailing_id}")
    assert "UTC 2027-04-30, 16:00 Can be changed until 15:45 CEST" in words(page)
    other = {**filled(page.text, "editing"), "send_at": "2027-04-30T18:01"}
    part = client.submit(f"{url}/preview", other, headers=partial())
    assert "UTC 2027-04-30, 16:01 Can be changed until 17:46 CEST" in words(part)


def test_H3_text_audience_and_time_are_changed_together(
    client: Client, plan: Plan, edit: Any, url: str, row: Any, rows: Any, add_guest: Any
) -> None:
    mailing_id = plan()
    add_guest("dan@guests.example.net", status="declined")
    page = client.get(f"{url}/{mailing_id}")
    assert "Save for Fri 30 Apr, 18:00 CEST (2)" in words(page)
    changes = {"subject": "Other", "statuses": ["declined"], "send_at": "2027-05-01T09:30"}
    assert edit(mailing_id, **changes).status_code == 303
    assert [recipient.address for recipient in rows(Recipient)] == ["dan@guests.example.net"]
    told = line(client.get(url), mailing_id)
    assert told.startswith("Other Scheduled To declined guests: 1 recipient as of now Sat 1 May 2027, 09:30 CEST")
    assert row(Schedule).edit_cutoff_at == datetime(2027, 5, 1, 7, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"send_at": "2020-01-01T00:00"}, 400, "PAST_SEND_AT"),
        ({"body": "{guest.nickname}"}, 400, "UNRESOLVED_TOKEN"),
        ({"statuses": ["declined"]}, 409, "NO_RECIPIENTS"),
    ],
)
def test_H3_a_refused_change_stays_typed_and_the_message_stays_scheduled(
    changes: dict[str, Any], status: int, code: str, plan: Plan, edit: Any, row: Any, rows: Any
) -> None:
    mailing_id = plan()
    before = held_and_sent(row, rows)
    answer = edit(mailing_id, subject="<b>Typed", **changes)
    assert (answer.status_code, error_code(answer)[0]) == (status, code)
    assert 'data-test="scheduled-message-warning"' in answer.text
    assert 'name="subject" type="text" value="&lt;b&gt;Typed"' in answer.text
    assert f'name="editing" value="{mailing_id}"' in answer.text
    assert held_and_sent(row, rows) == before


def test_H3_of_two_who_change_it_the_second_is_told(
    client: Client, plan: Plan, edit: Any, url: str, row: Any, rows: Any
) -> None:
    mailing_id = plan()
    form = filled(client.get(f"{url}/{mailing_id}").text, "editing")
    edit(mailing_id, subject="Theirs")
    before = held_and_sent(row, rows)
    answer = client.submit(f"{url}/{mailing_id}", {**form, "subject": "Mine"})
    assert (answer.status_code, error_code(answer)[0]) == (409, "STALE_REVISION")
    assert 'name="subject" type="text" value="Mine"' in answer.text
    assert held_and_sent(row, rows) == before
    assert "Keep what I typed as a draft Show it as it is now, without mine" in words(answer)


@pytest.mark.parametrize(("early", "locked"), [(1, False), (0, True), (-60, True)])
def test_H3_the_disabled_form_and_the_answer_agree_at_the_second(
    early: int, locked: bool, client: Client, plan: Plan, edit: Any, url: str, clock: FrozenClock, rows: Any, row: Any,
) -> None:  # fmt: skip
    mailing_id = plan(send_at="2027-03-04T13:20")
    form = filled(client.get(f"{url}/{mailing_id}").text, "editing")
    before = held_and_sent(row, rows)
    clock.set(row(Schedule).edit_cutoff_at - timedelta(seconds=early))
    page = client.get(f"{url}/{mailing_id}")
    composer = page.text.partition('<form id="composer"')[2].partition("</form>")[0]
    assert ('<fieldset class="through" disabled>' in composer) is locked
    assert ("disabled>Save for" in page.text) is locked
    answer = client.submit(f"{url}/{mailing_id}", {**form, "subject": "Late"})
    assert (answer.status_code == 409) is locked
    assert (held_and_sent(row, rows) == before) is locked


def test_H3_a_form_that_was_opened_before_the_cutoff_is_refused_after_it_and_nothing_typed_is_lost(
    client: Client, plan: Plan, url: str, clock: FrozenClock, row: Any, rows: Any
) -> None:
    mailing_id = plan(send_at="2027-03-04T13:20")
    form = filled(client.get(f"{url}/{mailing_id}").text, "editing")
    before = held_and_sent(row, rows)
    clock.advance(minutes=5)
    answer = client.submit(f"{url}/{mailing_id}", {**form, "subject": "<b>Late"})
    assert (answer.status_code, error_code(answer)) == (409, ["PAST_EDIT_WINDOW"])
    assert 'data-test="scheduled-message-warning" data-error-code="PAST_EDIT_WINDOW"' in answer.text
    assert "It can’t be changed any more, since its changes ended at 13:05 CET." in words(answer)
    assert "Cancel and edit as new draft Cancel Cancel 2 emails, 2 sends go back to your quota." in words(answer)
    assert held_and_sent(row, rows) == before
    carried = answer.text.partition('data-test="scheduled-message-keep-mine"')[2].partition("</form>")[0]
    assert '<textarea name="subject" hidden>\n&lt;b&gt;Late</textarea>' in carried
    kept = filled(f"<form>{carried}</form>", "subject")
    answer = client.submit(f"{url}/drafts/copies", kept)
    draft = row(DraftText)
    assert (answer.status_code, answer.location) == (303, f"{url}/{draft.mailing_id}")
    assert (draft.subject, draft.audience, draft.plan) == (
        "<b>Late", {"statuses": ["confirmed"]}, {"send_at": "2027-03-04T13:20", "timezone": "Europe/Berlin"}
    )  # fmt: skip


def test_H3_every_control_of_a_locked_message_is_disabled_but_those_that_end_it(
    client: Client, plan: Plan, url: str, clock: FrozenClock
) -> None:
    mailing_id = plan(send_at="2027-03-04T13:20")
    clock.advance(minutes=6)
    page = client.get(f"{url}/{mailing_id}").text
    main = page.partition("<main")[2].partition("</main>")[0]
    before, _, form = main.partition('<fieldset class="through" disabled>')
    outside = before + form.partition("</fieldset>\n</form>")[2]
    active = [tag for tag in CONTROLS.findall(outside) if 'type="hidden"' not in tag and " disabled" not in tag]
    assert [re.findall(r'data-test="([^"]*)"', tag) for tag in active] == [
        ["scheduled-message-reopen"], ["scheduled-message-cancel-cta"]
    ]  # fmt: skip


def test_H3_what_began_to_leave_is_followed_on_its_page(
    client: Client, plan: Plan, url: str, clock: FrozenClock, start: Any, work: Any
) -> None:
    mailing_id = plan(send_at="2027-03-04T13:20")
    form = filled(client.get(f"{url}/{mailing_id}").text, "editing")
    clock.advance(minutes=20)
    assert len(start()) == 1
    page = client.get(f"{url}/{mailing_id}")
    assert 'data-test="scheduled-messages-page"' in page.text
    assert 'data-test="scheduled-message-job-tracker" data-state="sending"' in page.text
    assert "guest-message" not in page.text
    refused = client.submit(f"{url}/{mailing_id}", {**form, "subject": "Late"})
    assert (refused.status_code, error_code(refused)) == (409, ["PAST_EDIT_WINDOW"])
    assert 'data-test="scheduled-message-warning"' in refused.text
    assert 'data-test="scheduled-message-job-tracker"' in refused.text
    work()
    there = client.get(f"{url}/{mailing_id}", headers=partial()).text
    assert 'data-state="finished"' in there
    assert " hx-trigger=" not in there


def test_each_message_has_one_page_whatever_address_leads_to_it(client: Client, plan: Plan, url: str) -> None:
    mailing_id = plan()
    messages = url.replace("scheduled", "messages")
    answer = client.get(f"{messages}/{mailing_id}")
    assert (answer.status_code, answer.location) == (303, f"{url}/{mailing_id}")
    details = client.get(f"{url.replace('scheduled', 'mailings')}/{mailing_id}")
    assert "Goes out Fri 30 Apr 2027, 18:00 CEST Scheduled Change or cancel it" in words(details)
    assert f'href="{url}/{mailing_id}">Change or cancel it</a>' in details.text
    assert 'data-test="scheduled-message-planned"' in details.text
    assert groups(client.get(f"{url}/{mailing_id}")) == []


def test_H3_an_open_page_learns_that_its_time_for_changes_is_over(
    client: Client, url: str, plan: Plan, clock: FrozenClock
) -> None:
    mailing_id = plan(send_at="2027-03-04T15:00")
    clock.set(datetime(2027, 3, 4, 13, 44, 40, tzinfo=UTC))
    page = client.get(f"{url}/{mailing_id}").text
    assert "It can’t be changed any more" not in page
    [asks] = re.findall(r'id="standing"[^>]* hx-get="([^"]+)" hx-trigger="every (\d+)s"', page)
    assert asks == (f"{url}/{mailing_id}/standing?form=open", "21")

    clock.advance(seconds=20)
    part = client.get(asks[0], headers=partial())
    assert "It can’t be changed any more, since its changes ended at 14:45 CET." in words(part)
    assert "What you changed since you opened this is not saved: Save is refused" in words(part)
    assert "Cancel and edit as new draft" in words(part)


def test_an_open_page_learns_that_its_message_has_begun_to_go_out(
    client: Client, url: str, plan: Plan, clock: FrozenClock, app: Flask
) -> None:
    mailing_id = plan(send_at="2027-03-04T15:00")
    clock.set(datetime(2027, 3, 4, 14, tzinfo=UTC))
    tasks.tick(app)
    part = client.get(f"{url}/{mailing_id}/standing", headers=partial())
    assert "It has begun to go out." in words(part)
    assert ("What became of it" in words(part), "hx-trigger" in part.text) == (True, False)
