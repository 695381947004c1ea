"""An organizer's first steps: sign in, make an event, set it up; on every width, light and dark."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import press_link
from tests.support.browser import assert_fits, axe_everywhere
from tests.support.live import Live


@pytest.fixture
def signed_in(watched: Page, shared_live: Live) -> Page:
    press_link(watched, shared_live.signin_url())
    return watched


def test_a_new_organizer_makes_an_event_and_is_told_what_comes_next(signed_in: Page, shared_live: Live) -> None:
    page = signed_in
    page.get_by_role("link", name="New event").click()
    page.get_by_label("Title").fill("Spring Ball")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Starts").fill("2027-03-28T02:30")
    page.get_by_role("button", name="Create the event").click()

    expect(page.locator("[data-error-code=NONEXISTENT_TIME]").first).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Spring Ball")
    page.get_by_label("Starts").fill("2027-03-28T18:30")
    page.get_by_role("button", name="Create the event").click()

    expect(page.get_by_role("heading", name="Spring Ball", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Add guests")).to_be_visible()
    expect(page.get_by_role("link", name="Write your first message")).to_be_visible()

    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Location").fill("Harbour Hall")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(page.get_by_label("Location")).to_have_value("Harbour Hall")


def test_H2_a_start_that_occurs_twice_is_asked_about_once(signed_in: Page, shared_live: Live) -> None:
    page = signed_in
    page.get_by_role("link", name="New event").click()
    page.get_by_label("Title").fill("Night of the clocks")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Starts").fill("2027-10-31T02:30")
    expect(page.get_by_role("radio")).to_have_count(0)
    page.get_by_role("button", name="Create the event").click()

    expect(page.locator("[data-error-code=AMBIGUOUS_TIME]").first).to_be_focused()
    question = page.get_by_role("group", name="Which start?")
    expect(question.get_by_role("radio", checked=True)).to_have_count(0)
    assert_fits(page)
    axe_everywhere(page)
    question.get_by_label("Second 02:30 (CET)").check()
    page.get_by_role("button", name="Create the event").click()
    expect(page.get_by_text("Sunday, 31 October 2027, 02:30 CET (Europe/Berlin)")).to_be_visible()

    page.get_by_role("link", name="Settings").click()
    expect(question.get_by_label("Second 02:30 (CET)")).to_be_checked()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(question.get_by_label("Second 02:30 (CET)")).to_be_checked()
    page.get_by_label("Starts").fill("2027-10-31T04:30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(page.get_by_label("Starts")).to_have_value("2027-10-31T04:30")
    expect(question).to_have_count(0)


@pytest.mark.parametrize(
    "path", ["", "/new", "/{event}", "/{event}/settings"], ids=["list", "new", "overview", "settings"]
)
@pytest.mark.soak
def test_the_page_is_accessible_and_fits_every_width(signed_in: Page, shared_live: Live, path: str) -> None:
    signed_in.goto(f"{shared_live.url}/admin/events{path.format(event=shared_live.event_id)}")
    assert_fits(signed_in)
    axe_everywhere(signed_in)


@pytest.mark.soak
def test_a_refused_form_takes_the_focus_to_its_warning(signed_in: Page, shared_live: Live) -> None:
    signed_in.goto(f"{shared_live.url}/admin/events/{shared_live.event_id}/settings")
    signed_in.get_by_label("Time zone").fill("Mars/Olympus")
    signed_in.get_by_role("button", name="Save").click()
    expect(signed_in.locator("[data-error-code=INVALID_TIMEZONE]").first).to_be_focused()
    axe_everywhere(signed_in)


def test_last_years_event_is_copied_restricted_cancelled_and_archived(signed_in: Page, shared_live: Live) -> None:
    page = signed_in
    page.goto(f"{shared_live.url}/admin/events/{shared_live.event_id}/settings")
    page.get_by_role("link", name="Copy this event…").click()
    axe_everywhere(page)
    page.get_by_label("Title").fill("Gala 2028")
    page.get_by_role("button", name="Create the copy").click()
    expect(page.get_by_role("heading", name="Gala 2028", level=1)).to_be_visible()
    expect(page.get_by_text("The event was copied. Nobody is on its guest list yet.")).to_be_visible()

    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Only those ticked below, and the owners").check()
    page.get_by_label("Oscar Organizer (you)").uncheck()
    page.get_by_role("button", name="Change who sees it").click()
    expect(page.locator("#warning")).to_contain_text("you would not see this event any more")
    axe_everywhere(page)
    page.get_by_label("Oscar Organizer (you)").check()
    page.get_by_role("button", name="Change who sees it").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(page.get_by_label("Oscar Organizer (you)")).to_be_checked()

    page.get_by_role("link", name="Cancel this event…").click()
    page.get_by_role("button", name="Cancel the event").click()
    expect(
        page.get_by_text("This event is cancelled. Calendars that subscribed to it say so by themselves, others don’t.")
    ).to_be_visible()
    assert_fits(page)
    axe_everywhere(page)

    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Archive this event…").click()
    page.get_by_role("button", name="Archive the event").click()
    expect(page.get_by_text("This event is archived: nothing can be sent from it.")).to_be_visible()
    page.get_by_role("link", name="Log").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Oscar Organizer archived the event")
    page.get_by_label("What", exact=True).select_option(label="changed who sees the event")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("row").nth(1)).to_contain_text("Restricted: no yes")

    page.get_by_role("link", name="All events").click()
    page.get_by_role("link", name="Archived").click()
    page.get_by_role("link", name="Gala 2028").click()
    page.get_by_role("link", name="Bring it back").click()
    page.get_by_role("button", name="Bring it back from the archive").click()
    expect(page.get_by_text("The event is back from the archive. Nothing is sent by itself.")).to_be_visible()
