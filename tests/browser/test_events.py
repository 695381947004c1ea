"""An organizer's first steps: sign in, make an event, set it up; on every width, light and dark."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import assert_fits, axe_everywhere
from tests.support.live import Live


@pytest.fixture
def signed_in(watched: Page, shared_live: Live) -> Page:
    watched.goto(shared_live.signin_url())
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


@pytest.mark.parametrize(
    "path", ["", "/new", "/{event}", "/{event}/settings"], ids=["list", "new", "overview", "settings"]
)
def test_the_page_is_accessible_and_fits_every_width(signed_in: Page, shared_live: Live, path: str) -> None:
    signed_in.goto(f"{shared_live.url}/admin/events{path.format(event=shared_live.event_id)}")
    assert_fits(signed_in)
    axe_everywhere(signed_in)


def test_a_refused_form_takes_the_focus_to_its_warning(signed_in: Page, shared_live: Live) -> None:
    signed_in.goto(f"{shared_live.url}/admin/events/{shared_live.event_id}/settings")
    signed_in.get_by_label("Time zone").fill("Mars/Olympus")
    signed_in.get_by_role("button", name="Save").click()
    expect(signed_in.locator("[data-error-code=INVALID_TIMEZONE]").first).to_be_focused()
    axe_everywhere(signed_in)
