"""The story “Email designs” without script: everything but the preview that follows by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.designs.page.steps import WARNING, badge, bodies, message, preview, stored, versions
from tests.browser.steps import Gala, by_test
from tests.support.browser import assert_fits
from tests.support.waiting import wait_for


@pytest.fixture
def plain(_a_browser_is_there: None, browser: Browser, gala: Gala) -> Iterator[Page]:
    """The designs of the event in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    steps.sign_in(page, gala, "/email-templates")
    yield page
    context.close()


def test_a_design_is_written_published_changed_taken_back_and_tested_without_script(plain: Page, gala: Gala) -> None:
    page = plain
    page.get_by_role("link", name="New design").first.click()
    page.get_by_label("Name").fill("Save the date")
    page.get_by_label("Type of message").select_option("Reminder")
    page.get_by_role("button", name="Write it").click()
    page.get_by_label("Subject").fill("Save the date")
    message(page).fill("Hi {guest.firstName}")
    page.get_by_role("button", name="Update").click()
    expect(preview(page).locator("body")).to_contain_text("Hi Ana")
    page.get_by_role("button", name="Next guest").click()
    expect(preview(page).locator("body")).to_contain_text("Hi Bo")
    expect(message(page)).to_have_value("Hi {guest.firstName}")
    by_test(page, "email-design-draft-save").click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert bodies(gala) == ["Hi {guest.firstName}"]

    # what is in the way is said with everything that was typed
    message(page).fill("Hi {guest.frstName}")
    by_test(page, "email-design-publish-cta").click()
    expect(by_test(page, WARNING)).to_contain_text("Did you mean {guest.firstName}?")
    expect(message(page)).to_have_value("Hi {guest.frstName}")
    message(page).fill("Hi {guest.firstName}, one")
    by_test(page, "email-design-publish-cta").click()
    dialog = by_test(page, "email-design-publishing")
    assert_fits(page)
    dialog.get_by_role("link", name="Keep editing").click()
    expect(message(page)).to_have_value("Hi {guest.firstName}, one")
    by_test(page, "email-design-publish-confirm").click()
    expect(badge(page)).to_have_attribute("data-state", "published")
    assert versions(gala) == [(1, "", True, "Hi {guest.firstName}, one")]

    # no button leaves what was typed behind
    message(page).fill("Hi {guest.firstName}, two")
    by_test(page, "email-design-test-send-cta").click()
    wait_for(lambda: len(gala.mails()) == 1, what="the test")
    assert steps.body(gala.mails()[0]).partition("\n")[0] == "Hi Ana, two"
    page.reload()
    expect(by_test(page, "test-result")).to_contain_text("Kept in outbox at")
    expect(badge(page)).to_have_attribute("data-state", "changed")
    changes = by_test(page, "email-design-changes")
    changes.locator("summary").click()
    expect(changes.locator(".source ins")).to_have_text(["two"])
    message(page).fill("Hi {guest.firstName}, three")
    by_test(page, "email-design-go-back").click()
    expect(message(page)).to_have_value("Hi {guest.firstName}, one")
    kept = (2, "Before version 1 was restored", False, "Hi {guest.firstName}, three")
    assert versions(gala) == [(1, "", True, "Hi {guest.firstName}, one"), kept]

    # a version under a name, and a message with the draft
    message(page).fill("Hi {guest.firstName}, four")
    by_test(page, "email-design-draft-save").click()
    by_test(page, "email-design-history").click()
    page.get_by_label("Keep the draft as it is now, under a name").fill("Four")
    page.get_by_role("button", name="Keep", exact=True).click()
    assert versions(gala)[2:] == [(3, "Four", False, "Hi {guest.firstName}, four")]
    page.get_by_role("link", name="Back to the draft").click()
    message(page).fill("Hi {guest.firstName}, five")
    by_test(page, "email-design-use-draft").click()
    expect(by_test(page, "based-on")).to_have_text("Save the date (draft)")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Hi {guest.firstName}, five")
    assert [row["body"] for row in stored(gala)] == ["Hi {guest.firstName}, five"]


def test_D5_two_texts_without_script_are_both_kept(plain: Page, page: Page, gala: Gala) -> None:
    page.get_by_role("link", name="New design").first.click()
    page.get_by_label("Name").fill("Save the date")
    page.get_by_role("button", name="Write it").click()
    plain.goto(page.url)
    message(plain).fill("Mine")
    message(page).fill("Saved meanwhile")
    wait_for(lambda: bodies(gala) == ["Saved meanwhile"], what="the save")
    by_test(plain, "email-design-publish-cta").click()
    expect(by_test(plain, WARNING)).to_have_attribute("data-error-code", "STALE_REVISION")
    expect(message(plain)).to_have_value("Mine")
    by_test(plain, "email-design-keep-mine").click()
    expect(message(plain)).to_have_value("Mine")
    assert (bodies(gala), versions(gala)) == (["Saved meanwhile", "Mine"], [])
