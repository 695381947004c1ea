"""What the stories of calendar mails do again and again."""

from collections.abc import Iterable
from functools import partial

from playwright.sync_api import Page

from tests.browser import steps

ANA, BO, QUIET = (f"{name}@guests.example.net" for name in ("ana", "bo", "quiet"))
PREFIX = "calendar-email"
WARNING, TRACKED = f"{PREFIX}-warning", f"{PREFIX}-job-tracker"
LINKS = ("calendar-google-link", "calendar-outlook-link", "calendar-office365-link", "calendar-yahoo-link",
         "calendar-ics-link")  # fmt: skip
PAGE = ("calendar-email-page", "calendar-email-send-cta", "calendar-email-test-send-cta", "calendar-email-editor",
        "calendar-email-audience-picker")  # fmt: skip
TEXT = "Hi {guest.firstName},\n\n{calendar.links}\n\nsee you at {event.location}."

review = partial(steps.review, prefix=PREFIX)
send = partial(steps.send, prefix=PREFIX)
refused = partial(steps.refused, prefix=PREFIX)
finished = partial(steps.finished, prefix=PREFIX)


def write(
    page: Page, subject: str = "Save the date", text: str = TEXT, *, statuses: Iterable[str] = ("Confirmed",)
) -> None:
    """Fill in the composer of the page “Calendar email”."""
    steps.write(page, subject, text, statuses=statuses, prefix=PREFIX)
