"""The story “Email designs” with the keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.designs.page.steps import badge, message, outcome, preview, versions
from tests.browser.steps import Gala, by_test
from tests.browser.test_keyboard import tab_to


@pytest.mark.soak
def test_a_design_is_written_published_changed_and_tested_with_the_keyboard_alone(page: Page, gala: Gala) -> None:
    tab_to(page, page.get_by_role("link", name="New design").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("New design")
    tab_to(page, page.get_by_label("Name"))
    page.keyboard.type("Save the date")
    tab_to(page, page.get_by_label("Type of message"))
    page.keyboard.type("Rem")
    tab_to(page, page.get_by_role("button", name="Write it"))
    page.keyboard.press("Enter")
    expect(badge(page)).to_have_text("Draft")
    expect(page.get_by_label("Type of message")).to_have_value("reminder")

    # the page renews itself around the field
    tab_to(page, page.get_by_label("Subject"))
    page.keyboard.type("Save the date")
    tab_to(page, message(page))
    page.keyboard.type("Hi {guest.firstName}")
    expect(preview(page).locator("body")).to_contain_text("Hi Ana")
    expect(by_test(page, "email-design-draft")).to_contain_text("Saved at ")
    expect(message(page)).to_be_focused()
    page.keyboard.type(", see you")
    expect(message(page)).to_have_value("Hi {guest.firstName}, see you")
    tab_to(page, page.get_by_role("button", name="Next guest"))
    page.keyboard.press("Enter")
    expect(preview(page).locator("body")).to_contain_text("Hi Bo, see you")

    # the dialog takes the focus and gives it back
    cta = by_test(page, "email-design-publish-cta")
    tab_to(page, cta, "Shift+Tab")
    page.keyboard.press("Enter")
    dialog = by_test(page, "email-design-publishing")
    expect(dialog.get_by_role("link", name="Keep editing")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(cta).to_be_focused()
    assert versions(gala) == []
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name="Keep editing")).to_be_focused()
    tab_to(page, by_test(page, "email-design-publish-confirm"))
    page.keyboard.press("Enter")
    expect(badge(page)).to_have_attribute("data-state", "published")
    assert versions(gala) == [(1, "", True, "Hi {guest.firstName}, see you")]

    # changed; the comparison opens and stays open while somebody writes
    tab_to(page, message(page))
    page.keyboard.press("Control+End")
    page.keyboard.type(" soon")
    expect(badge(page)).to_have_attribute("data-state", "changed")
    summary = by_test(page, "email-design-changes").locator("summary")
    tab_to(page, summary, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(by_test(page, "email-design-changes").locator(".source ins")).to_have_text(" soon")
    tab_to(page, by_test(page, "email-design-test-send-cta"))
    page.keyboard.press("Enter")
    expect(outcome(page)).to_contain_text("Kept in outbox at")
    expect(by_test(page, "test-result")).to_be_focused()
    tab_to(page, page.get_by_role("navigation", name="This event").get_by_role("link", name="Designs"), "Shift+Tab", 90)
    page.keyboard.press("Enter")
    expect(by_test(page, "email-designs-table").get_by_role("row", name=re.compile("Save the date"))).to_contain_text(
        "Sent "
    )
    assert [str(mail["Subject"]) for mail in gala.mails()] == ["[Test] Save the date"]
