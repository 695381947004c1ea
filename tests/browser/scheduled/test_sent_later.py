"""Failure modes of the stories: a message from “New message”, or a calendar mail, that is to be sent later."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.scheduled.steps import ROW, Passing, planned, send_later, states
from tests.browser.steps import Gala, by_test

KINDS = pytest.mark.parametrize(("path", "prefix", "kind"), [
    ("/messages", "guest-message", "one_time"), ("/calendar", "calendar-email", "calendar"),
])  # fmt: skip


@KINDS
def test_a_message_that_is_scheduled_has_an_edit_window(
    *, page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime], path: str, prefix: str, kind: str
) -> None:
    at = in_hours(2)
    mailing = send_later(page, gala, at, path, prefix)
    assert planned(gala)[0]["kind"] == kind
    assert gala.drafts() == []
    before = planned(gala)
    passing.until(at - timedelta(minutes=15))
    answer = gala.live.api("PATCH", f"/admin/events/{gala.id}/mailings/{mailing}", {"subject": "Too late"})
    assert (answer.status, answer.json["code"]) == (409, "PAST_EDIT_WINDOW")
    assert planned(gala) == before
    page.goto(gala.url(f"/scheduled/{mailing}"))
    expect(by_test(page, "scheduled-message-save-cta")).to_be_disabled()
    expect(by_test(page, "scheduled-message-locked")).to_contain_text("It can’t be changed any more")
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_be_disabled()


@KINDS
def test_a_message_that_is_scheduled_can_be_cancelled_before_it_is_sent(
    *, page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime], path: str, prefix: str, kind: str
) -> None:
    at = in_hours(2)
    mailing = send_later(page, gala, at, path, prefix)
    assert planned(gala)[0]["kind"] == kind
    passing.until(at - timedelta(minutes=1))
    page.reload()
    by_test(page, "scheduled-message-cancel-cta").click()
    expect(by_test(page, ROW)).to_have_attribute("data-state", "cancelled")
    passing.until(at)
    passing.tick()
    assert (states(gala), gala.mails(), gala.reservations()) == (["cancelled"], [], [(3, 0, 3)])
    page.goto(gala.url(f"/mailings/{mailing}"))
    expect(page.get_by_text("Oscar Organizer cancelled who still waited").first).to_be_visible()
