"""A scheduled message is changed, reopened or cancelled while it waits, and not after its cutoff."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from eventmail.db import transaction
from eventmail.models import Event
from tests.browser.scheduled.steps import ROW, TRACKED, Passing, planned, refused, schedule, states
from tests.browser.steps import Gala, by_test
from tests.support.browser import assert_visible_everywhere


def test_cancel_scheduled_message_before_it_is_due(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    """Resolution: pending count decrements, sends refund, audit row records actor."""
    at = in_hours(2)
    schedule(page, gala, at)
    expect(by_test(page, ROW)).to_contain_text("3 sends go back")
    by_test(page, "scheduled-message-cancel-cta").click()
    expect(by_test(page, ROW)).to_have_attribute("data-state", "cancelled")
    assert (states(gala), gala.reservations()) == (["cancelled"], [(3, 0, 3)])
    assert {row["state"] for row in gala.recipients().values()} == {"cancelled"}
    page.goto(gala.url("/audit"))
    expect(page.get_by_text("Oscar Organizer cancelled who still waited for the message").first).to_be_visible()
    passing.until(at + timedelta(seconds=1))
    passing.tick()
    passing.tick()
    assert (states(gala), gala.mails()) == (["cancelled"], [])


def test_scheduled_message_edit_window(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    """Trigger: edit is attempted after cutoff. Resolution: 409 PAST_EDIT_WINDOW and stale row is not patched."""
    at = in_hours(2)
    schedule(page, gala, at)
    by_test(page, "scheduled-message-edit").click()
    by_test(page, "scheduled-message-editor").get_by_label("Subject").fill("Too late")
    before = planned(gala)
    passing.until(at - timedelta(minutes=10))
    refused(page, 409, "PAST_EDIT_WINDOW")
    assert planned(gala) == before
    page.goto(gala.url("/scheduled"))
    expect(by_test(page, ROW)).to_contain_text("Doors open")
    expect(by_test(page, "scheduled-message-edit")).to_be_disabled()
    assert_visible_everywhere(page, ["scheduled-message-cancel-cta", "scheduled-message-reopen"])

    # the way out until the last moment
    by_test(page, "scheduled-message-reopen").click()
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_have_value("Doors open")
    assert (states(gala), gala.reservations(), len(gala.drafts())) == (["cancelled"], [(3, 0, 3)], 1)


def test_past_due_edit_rejected(page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]) -> None:
    """Resolution: edit controls are disabled and API still returns 409."""
    at = in_hours(2)
    schedule(page, gala, at)
    mailing = planned(gala)[0]["id"]
    passing.until(at + timedelta(hours=2))
    passing.tick()
    page.goto(gala.url(f"/scheduled/{mailing}"))
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_be_disabled()
    expect(by_test(page, "scheduled-message-save-cta")).to_be_disabled()
    answer = gala.live.api("PATCH", f"/admin/events/{gala.id}/mailings/{mailing}", {"subject": "Too late"})
    assert (answer.status, answer.json["code"]) == (409, "PAST_EDIT_WINDOW")

    # it was missed, nothing left, and somebody sends it now
    page.goto(gala.url("/scheduled"))
    expect(by_test(page, ROW)).to_have_attribute("data-state", "missed")
    assert (states(gala), gala.mails()) == (["missed"], [])
    by_test(page, "scheduled-message-send-now").click()
    expect(by_test(page, TRACKED)).to_have_attribute("data-state", "finished")
    assert len(gala.by_address()) == 3


def test_H6a_a_moved_event_asks_before_a_reminder_leaves(page: Page, gala: Gala, passing: Passing) -> None:
    mailing = gala.live.api(
        "POST", f"/admin/events/{gala.id}/mailings",
        {"kind": "one_time", "subject": "Tomorrow", "body": "See you.", "audience": {"statuses": ["confirmed"]},
         "relative": {"anchor": "starts", "days": -1}},
        {"Idempotency-Key": "k"},
    ).json  # fmt: skip
    with gala.live.app.app_context(), transaction() as tx:
        event = tx.get_one(Event, gala.id)
        for name in ("starts_wall", "ends_wall"):
            setattr(event, name, getattr(event, name) + timedelta(days=1))
    page.reload()
    expect(by_test(page, "scheduled-message-moved")).to_contain_text("The event moved")
    by_test(page, "scheduled-message-accept").click()
    expect(by_test(page, "scheduled-message-moved")).to_have_count(0)
    before = datetime.fromisoformat(mailing["send_at"])
    [row] = planned(gala)
    assert datetime.fromisoformat(row["send_at"]).replace(tzinfo=UTC) == before + timedelta(days=1)
