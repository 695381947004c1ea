"""The page "Add to your calendar", opened from a mail that a guest got."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from eventmail.content.pieces import CALENDAR_NAMES
from tests.browser import steps
from tests.browser.steps import Gala, by_test, finished
from tests.support.browser import Complaints, assert_fits, axe_everywhere

WAYS = [*(name.removeprefix("calendar.") for name in CALENDAR_NAMES), "subscribe"]
BODY = "[Add to your calendar]({calendar.page})\n\n{calendar.links}"


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def guest_page(_a_browser_is_there: None, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A guest's browser, signed in nowhere."""
    context = browser.new_context(java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def mailed(page: Page, gala: Gala) -> dict[str, tuple[str, str]]:
    """The addresses of page and file that each guest got, by the guest's address, after a real send."""
    gala.add_guests([{"email": "ana@guests.example.net"}, {"email": "bo@guests.example.net"}])
    steps.sign_in(page, gala)
    steps.write(page, "Save the date", BODY)
    steps.send(page)
    finished(page)
    found = {}
    for mail in gala.mails():
        plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
        assert plain is not None
        assert html is not None
        own = re.findall(r"http://[^\s/]+/calendar/[0-9]+\.[0-9]+-[\w-]{22}(?:\.ics)?", plain.get_content())
        assert all(link in html.get_content() for link in own)
        chooser, file = sorted(set(own), key=len)
        found[str(mail["To"])] = (chooser, file)
    return found


def test_K3a_a_guest_opens_the_page_from_the_mail_and_takes_any_way(page: Page, gala: Gala, guest_page: Page) -> None:
    links = mailed(page, gala)
    assert len({link for pair in links.values() for link in pair}) == 4  # nobody has another's
    chooser, file = links["ana@guests.example.net"]
    complaints = Complaints()
    complaints.watch(guest_page)
    guest_page.goto(chooser)
    expect(guest_page.get_by_role("heading", level=1)).to_have_text("Add to your calendar")
    ways = guest_page.get_by_role("main").locator("li > a")
    expect(ways).to_have_text([*CALENDAR_NAMES.values(), "Subscribe (webcal)"])
    for name in WAYS:
        assert steps.by_test(guest_page, f"add-to-calendar-{name}").get_attribute("href")
    lines = [box["y"] for box in (way.bounding_box() for way in ways.all()) if box is not None]
    assert (lines, len(set(lines))) == (sorted(lines), len(WAYS))
    assert by_test(guest_page, "add-to-calendar-ics").get_attribute("href") == file
    assert by_test(guest_page, "add-to-calendar-subscribe").get_attribute("href") == file.replace("http:", "webcal:")
    with guest_page.expect_download() as download:
        by_test(guest_page, "add-to-calendar-ics").click()
    assert download.value.suggested_filename == "event.ics"
    assert download.value.path().read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
    assert guest_page.context.cookies() == []
    assert complaints == []


def test_K3a_the_page_is_accessible_and_fits(page: Page, gala: Gala) -> None:
    chooser, _ = mailed(page, gala)["bo@guests.example.net"]
    page.goto(chooser)
    assert_fits(page)
    axe_everywhere(page)


def test_K3_replaced_links_say_so_to_guests(page: Page, gala: Gala, guest_page: Page) -> None:
    chooser, file = mailed(page, gala)["ana@guests.example.net"]
    page.goto(gala.url("/settings"))
    page.get_by_role("link", name="Replace the calendar links…").click()
    expect(page.get_by_role("main")).to_contain_text("Links that were sent already stop working")
    page.get_by_role("button", name="Replace the links").click()
    expect(page.get_by_text("The calendar links were replaced.")).to_be_visible()
    for link in (chooser, file):
        answer = guest_page.goto(link)
        assert answer is not None
        assert answer.status == 410
        expect(guest_page.get_by_role("heading", level=1)).to_have_text("This link was replaced")
        expect(guest_page.get_by_role("alert")).to_contain_text("for the new one, or look for it in a newer mail.")
