"""An organizer chooses when a message goes out: what is shown, what is refused, and that it goes out then."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.models import Event
from tests.browser import steps
from tests.browser.scheduled.steps import (
    ANA,
    BO,
    PAGE,
    QUIET,
    ROW,
    TRACKED,
    WARNING,
    Passing,
    choose,
    planned,
    refused,
    states,
    write,
)
from tests.browser.steps import Gala, body, by_test
from tests.support.browser import assert_fits, assert_visible_everywhere, axe_everywhere

BERLIN = ZoneInfo("Europe/Berlin")


def test_scheduled_messages_render_and_one_is_scheduled_and_goes_out_when_it_is_due(
    page: Page, gala: Gala, passing: Passing, in_hours: Callable[..., datetime]
) -> None:
    # scheduled-messages-renders
    assert_visible_everywhere(page, PAGE)
    for absent in (WARNING, TRACKED, "scheduled-message-gap-panel", "scheduled-message-cancel-cta"):
        expect(by_test(page, absent)).to_have_count(0)
    picker = by_test(page, "scheduled-message-date-picker")
    expect(picker.locator("[name=timezone]")).to_have_value("Europe/Berlin")

    # schedule-message: the picker is honest about the time, and refuses what is over
    at = in_hours(2)
    write(page)
    choose(page, gala, at - timedelta(hours=3))
    expect(picker).to_contain_text("is over already")
    refused(page, 400, "PAST_SEND_AT")
    assert steps.nothing_left(gala)
    choose(page, gala, at)
    card = by_test(page, "scheduled-message-when")
    expect(card).to_contain_text(f"{at:%Y-%m-%d, %H:%M}")  # UTC
    cutoff = f"{(at - timedelta(minutes=15)).astimezone(BERLIN):%H:%M}"  # with its day, when that is another one
    expect(card).to_contain_text(re.compile(rf"until (\w+ \d+ \w+( \d+)?, )?{cutoff}"))
    expect(by_test(page, "scheduled-message-recipient-count").locator("[data-count]")).to_have_text("3")
    expect(by_test(page, "scheduled-message-save-cta")).to_contain_text("(3)")
    by_test(page, "scheduled-message-save-cta").click()

    # the row shows the number of recipients, the time and the cutoff
    row = by_test(page, ROW)
    expect(by_test(page, "scheduled-message-count")).to_contain_text("3 recipients")
    expect(by_test(page, "scheduled-message-send-at")).to_contain_text(f"{at.astimezone(BERLIN):%H:%M}")
    expect(by_test(page, "scheduled-message-send-at")).to_have_attribute("title", f"{at:%Y-%m-%d %H:%M} UTC")
    told = by_test(page, "scheduled-message-cutoff")
    expect(told).to_contain_text(re.compile(rf"Can be changed until (\w+ \d+ \w+( \d+)?, )?{cutoff}"))
    expect(row).to_have_attribute("data-state", "scheduled")
    assert_visible_everywhere(page, ["scheduled-message-cancel-cta", *PAGE])
    assert (states(gala), gala.reservations(), gala.mails()) == (["scheduled"], [(3, 0, 0)], [])
    axe_everywhere(page)
    assert_fits(page)

    # let the time pass: it starts by itself, and the tracker stands on the page
    passing.until(at)
    passing.tick()
    page.reload()
    tracker = by_test(page, TRACKED)
    expect(tracker).to_have_attribute("data-state", "finished")
    assert_visible_everywhere(page, [TRACKED, "scheduled-messages-page"])
    assert {address: row["state"] for address, row in gala.recipients().items()} == dict.fromkeys(
        (ANA, BO, QUIET), "sent"
    )
    mails = gala.by_address()
    assert {address: body(mail).partition("\n")[0] for address, mail in mails.items()} == {
        ANA: "Hi Ana,", BO: "Hi Bo,", QUIET: "Hi there,",
    }  # fmt: skip
    assert all(mail["Date"].datetime >= at for mail in mails.values())
    assert (states(gala), gala.reservations()) == (["finished"], [(3, 3, 0)])


@pytest.mark.parametrize(("text", "code"), [
    ("Hi {guest.nickname}", "UNRESOLVED_TOKEN"), ("", "INVALID_INPUT"),
])  # fmt: skip
def test_send_blocked_on_validation_failure_of_the_text(
    page: Page, gala: Gala, in_hours: Callable[..., datetime], text: str, code: str
) -> None:
    """Resolution: 400/409 blocks send before any email leaves."""
    write(page, text=text)
    choose(page, gala, in_hours(2))
    refused(page, 400, code)
    expect(by_test(page, "scheduled-message-editor").get_by_label("Subject")).to_have_value("Doors open")
    assert steps.nothing_left(gala)


def test_send_blocked_on_validation_failure_of_the_audience(
    page: Page, gala: Gala, in_hours: Callable[..., datetime]
) -> None:
    write(page, confirmed=False)
    choose(page, gala, in_hours(2))
    refused(page, 400, "INVALID_AUDIENCE")
    assert steps.nothing_left(gala)


def test_recipient_resolution_empty_G33(page: Page, gala: Gala, in_hours: Callable[..., datetime]) -> None:
    """Resolution: 409 NO_RECIPIENTS and no queued scheduled message."""
    write(page, confirmed=False)
    by_test(page, "scheduled-message-audience-picker").get_by_label("Declined").check()
    choose(page, gala, in_hours(2))
    refused(page, 409, "NO_RECIPIENTS")
    expect(by_test(page, WARNING)).to_contain_text("No recipients match this audience.")
    assert steps.nothing_left(gala)


def test_H2_a_time_that_does_not_exist_offers_its_neighbours_and_one_that_occurs_twice_asks(
    page: Page, gala: Gala, passing: Passing
) -> None:
    now = passing.now()
    years = [year for year in (now.year, now.year + 1) if datetime(year, 3, 31, tzinfo=UTC) > now]
    spring = _sunday(years[0], 3)
    with gala.live.app.app_context(), transaction() as tx:
        ends = (spring + timedelta(days=240)).replace(tzinfo=None)
        tx.execute(update(Event).where(Event.id == gala.id).values(ends_wall=ends))
    page.reload()
    write(page)
    picker = by_test(page, "scheduled-message-date-picker")
    picker.locator("[name=send_at]").fill(f"{spring:%Y-%m-%d}T02:30")
    expect(picker).to_contain_text("does not exist in Europe/Berlin")
    refused(page, 400, "NONEXISTENT_TIME")
    by_test(page, "scheduled-message-date-picker").get_by_role("button", name=re.compile("03:00")).click()
    expect(by_test(page, "scheduled-message-when")).to_contain_text(f"{spring:%Y-%m-%d}, 01:00")
    autumn = _sunday(spring.year, 10)
    picker.locator("[name=send_at]").fill(f"{autumn:%Y-%m-%d}T02:30")
    which = page.get_by_role("group", name="Which of the two?")
    expect(which).to_be_visible()
    refused(page, 400, "AMBIGUOUS_TIME")
    which.get_by_label(re.compile("second", re.IGNORECASE)).check()
    expect(by_test(page, "scheduled-message-when")).to_contain_text(f"{autumn:%Y-%m-%d}, 01:30")
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW)).to_have_count(1)
    assert [row["send_at"][:16] for row in planned(gala)] == [f"{autumn:%Y-%m-%d} 01:30"]

    # opened and saved untouched it is the same instant, without a question
    by_test(page, "scheduled-message-edit").click()
    by_test(page, "scheduled-message-save-cta").click()
    expect(by_test(page, ROW)).to_have_count(1)
    assert [(row["send_at"][:16], row["revision"]) for row in planned(gala)] == [(f"{autumn:%Y-%m-%d} 01:30", 2)]


def test_idempotency_key_on_test_send(page: Page, gala: Gala, in_hours: Callable[..., datetime]) -> None:
    """Trigger: test-send double-click while scheduling. Resolution: one test email is produced."""
    write(page)
    choose(page, gala, in_hours(2))
    by_test(page, "scheduled-message-test-send-cta").dblclick()
    expect(by_test(page, "scheduled-messages-page")).to_contain_text("Kept in outbox")
    tests = gala.live.query("SELECT id FROM mailing WHERE event_id = ? AND kind = 'test'", gala.id)
    assert len(tests) == 1
    assert [mail["Subject"] for mail in gala.mails()] == ["[Test] Doors open"]
    assert planned(gala) == []


def _sunday(year: int, month: int) -> datetime:
    """The last Sunday of March or October."""
    last = datetime(year, month, 31, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
