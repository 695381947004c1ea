"""The composer's preview and its list “Before you send”: as whom, how it looks, what was merged, what to mend."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.steps import Gala, body, by_test, preview
from tests.support.browser import assert_fits, axe, axe_everywhere

PREVIEW = "guest-message-preview"
CHECKS = "guest-message-checks"
PEOPLE: list[dict[str, Any]] = [
    {"email": "ana@guests.org", "first_name": "Ana", "last_name": "Ruiz", "attributes": {"Table": "7"}},
    {"email": "bo@guests.org", "first_name": "<b>Bo</b>", "last_name": '"x"', "attributes": {"Table": "</mark>"}},
    {"email": "cem@guests.org", "first_name": "Cem", "last_name": "Young"},
    {"email": "rtl@guests.org", "first_name": "", "last_name": "שלום"},
]
TEXT = "Hi {guest.firstName}, table {guest.Table|at the door}.\n\n[Your page](https://gala.org/?g={guest.firstName})"


@pytest.fixture
def page(watched: Page, gala: Gala) -> Page:
    """A composer in which a message to four awkward guests is written."""
    gala.add_guests(PEOPLE)
    steps.sign_in(watched, gala)
    steps.write(watched, "Dear {guest.firstName}", TEXT)
    expect(by_test(watched, f"{PREVIEW}-guest")).to_have_text("Cem Young")
    expect(marks(watched)).to_have_count(4)  # two of the text, the title of the event, and the hidden title has none
    return watched


def marks(page: Page) -> Locator:
    return preview(page).locator("mark, .em-foot")


def reader(page: Page) -> Locator:
    return by_test(page, f"{PREVIEW}-guest")
