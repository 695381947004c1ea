"""What the stories of calendar mails do again and again."""

import re
from collections.abc import Iterable

from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.steps import by_test

ANA, BO, QUIET = (f"{name}@guests.example.net" for name in ("ana", "bo", "quiet"))
WARNING, TRACKED = "calendar-email-warning", "calendar-email-job-tracker"
LINKS = ("calendar-google-link", "calendar-outlook-link", "calendar-office365-link", "calendar-yahoo-link",
         "calendar-ics-link")  # fmt: skip
PAGE = ("calendar-email-page", "calendar-email-send-cta", "calendar-email-test-send-cta", "calendar-email-editor",
        "calendar-email-audience-picker")  # fmt: skip
TEXT = "Hi {guest.firstName},\n\n{calendar.links}\n\nsee you at {event.location}."
SENT_URL = re.compile(r"/calendar/\d+$")


def write(
    page: Page, subject: str = "Save the date", text: str = TEXT, *, statuses: Iterable[str] = ("Confirmed",)
) -> None:
    """Fill in the composer of the page."""
    steps.unfold(page)
    for status in statuses:
        by_test(page, "calendar-email-audience-picker").get_by_label(status).check()
    editor = by_test(page, "calendar-email-editor")
    editor.get_by_label("Subject").fill(subject)
    editor.get_by_label("Message", exact=True).fill(text)


def review(page: Page) -> Locator:
    """Press the primary button: the dialog."""
    by_test(page, "calendar-email-send-cta").click()
    dialog = page.get_by_role("dialog", name="Send this message?")
    expect(dialog).to_be_visible()
    return dialog


def send(page: Page) -> Locator:
    """Review and confirm: the tracker."""
    review(page)
    by_test(page, "calendar-email-send-confirm").click()
    expect(by_test(page, TRACKED)).to_be_visible()
    page.wait_for_url(SENT_URL)
    return by_test(page, TRACKED)


def finished(page: Page) -> None:
    """Wait, without touching the page, until its tracker says that the run is over."""
    expect(by_test(page, TRACKED)).to_have_attribute("data-state", "finished")
