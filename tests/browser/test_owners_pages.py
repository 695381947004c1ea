"""The pages outside an event, as everybody gets them: accessible, no wider than the window, quiet in the console."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from eventmail.domain.guests import edit
from tests.browser.steps import by_test, press_link
from tests.browser.tour import LONG
from tests.support import seeding
from tests.support.browser import Complaints, assert_fits, axe_everywhere
from tests.support.live import Live


def test_the_sign_in_page_is_accessible_fits_and_is_quiet(watched: Page, shared_live: Live) -> None:
    watched.goto(shared_live.url + "/sign-in")
    assert_fits(watched)
    axe_everywhere(watched)
    watched.get_by_label("Email address").fill("oscar@organizers.example")
    watched.get_by_label("Password").fill("not it")
    watched.get_by_role("button", name="Sign in").click()
    expect(watched.locator("[data-error-code=BAD_CREDENTIALS]")).to_be_visible()
    assert_fits(watched)
    axe_everywhere(watched)


@pytest.fixture(scope="module")
def owners_page(_a_browser_is_there: None, browser: Browser, shared_live: Live) -> Iterator[Page]:
    """Signed in as the owner of a team with awkward people."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    with shared_live.app.app_context():
        seeding.add_person("שלום <b>Bo</b>", "rtl@organizers.example")
        seeding.add_person(LONG[:100], f"{'x' * 60}@{'y' * 60}.example")
    press_link(page, shared_live.signin_url(shared_live.owner, next="/admin/people"))
    yield page
    context.close()


def _invited(page: Page) -> None:
    form = by_test(page, "invite-form")
    form.get_by_label("Email address").fill(f"{'a' * 60}@{'b' * 60}.example")
    form.get_by_role("button").click()
    expect(by_test(page, "new-link")).to_be_visible()


def _joining(page: Page) -> None:
    _invited(page)
    page.goto(by_test(page, "new-link-text").inner_text())


def _invited_twice(page: Page) -> None:
    form = by_test(page, "invite-form")
    form.get_by_label("Email address").fill("oscar@organizers.example")
    form.get_by_role("button").click()
    expect(page.locator("[data-error-code=ALREADY_REGISTERED]")).to_be_visible()


def _removing(page: Page) -> None:
    by_test(page, "colleague-row").filter(has_text=LONG[:100]).get_by_role("link").click()


def _new_token(page: Page) -> None:
    form = by_test(page, "token-form")
    form.get_by_label("What is the new token for?").fill(LONG[:100])
    form.get_by_role("button").click()
    expect(by_test(page, "new-token")).to_be_visible()


def _tested(page: Page) -> None:
    by_test(page, "sending-test-cta").click()
    expect(by_test(page, "test-result")).to_contain_text("Kept in outbox at")


def _short_password(page: Page) -> None:
    form = by_test(page, "password-form")
    form.get_by_label("New password").evaluate("field => field.removeAttribute('minlength')")
    form.get_by_label("New password").fill("short")
    form.get_by_role("button").click()
    expect(page.locator("[data-error-code=INVALID_INPUT]")).to_be_visible()


OWNERS_PAGES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "people": ("/admin/people", lambda _page: None),
    "people, new link": ("/admin/people", _invited),
    "people, refused": ("/admin/people", _invited_twice),
    "forgotten, no mail service": ("/forgotten", lambda _page: None),
    "joining": ("/admin/people", _joining),
    "colleague removal": ("/admin/people", _removing),
    "live": ("/admin/live", lambda _page: None),
    "log of the installation": ("/admin/audit", lambda _page: None),
    "sending": ("/admin/settings/sending", lambda _page: None),
    "sending, tested": ("/admin/settings/sending", _tested),
    "account": ("/admin/account", lambda _page: None),
    "account, new token": ("/admin/account", _new_token),
    "account, refused": ("/admin/account", _short_password),
    "api": ("/admin/api", lambda _page: None),
}


@pytest.mark.parametrize("name", OWNERS_PAGES)
def test_the_page_of_people_is_accessible_fits_and_is_quiet(owners_page: Page, shared_live: Live, name: str) -> None:
    complaints = Complaints()
    complaints.watch(owners_page)
    path, go_on = OWNERS_PAGES[name]
    owners_page.goto(shared_live.url + path)
    go_on(owners_page)
    assert_fits(owners_page)
    axe_everywhere(owners_page)
    assert complaints == []


def test_an_owner_reads_what_is_known_and_erases_a_guest_by_typing_the_address(
    owners_page: Page, shared_live: Live
) -> None:
    complaints = Complaints()
    complaints.watch(owners_page)
    with shared_live.app.app_context():
        event_id = seeding.add_event(shared_live.owner, title="Farewell")
        seeding.add_guest(
            event_id, f"{'x' * 50}@{'y' * 60}.example.net", first_name="\u05e9\u05dc\u05d5\u05dd <b>Bo</b>",
            last_name=LONG[:300], attributes={"Note": LONG},
        )  # fmt: skip
    owners_page.goto(f"{shared_live.url}/admin/events/{event_id}/guests")
    owners_page.get_by_role("rowheader").get_by_role("link").first.click()
    owners_page.get_by_role("link", name="What is known, erase").click()
    expect(by_test(owners_page, "guest-known")).to_contain_text("<b>Bo</b>")
    assert_fits(owners_page)
    axe_everywhere(owners_page)
    owners_page.get_by_role("link", name="Erase this guest").click()
    assert_fits(owners_page)
    axe_everywhere(owners_page)
    form = by_test(owners_page, "guest-erasure-form")
    form.get_by_role("textbox").fill("somebody@else.example")
    form.get_by_role("button").click()
    expect(owners_page.locator("[data-error-code=INVALID_INPUT]")).to_be_visible()
    assert_fits(owners_page)
    form.get_by_role("textbox").fill(f"{'X' * 50}@{'y' * 60}.example.net")
    form.get_by_role("button").click()
    expect(owners_page.get_by_text("The guest was erased. No mail was waiting.")).to_be_visible()
    expect(owners_page.get_by_role("rowheader")).to_have_count(0)
    with shared_live.app.app_context():
        by = seeding.acting(shared_live.owner)
        edit.delete(event_id, seeding.add_guest(event_id, "gone@guests.example.net"), by)
    owners_page.goto(f"{shared_live.url}/admin/events/{event_id}/why?address=gone@guests.example.net")
    owners_page.get_by_role("link", name="Erase this address").click()
    assert_fits(owners_page)
    axe_everywhere(owners_page)
    by_test(owners_page, "address-erasure-form").get_by_role("button").click()
    expect(owners_page.get_by_text("The address was erased.")).to_be_visible()
    assert complaints == []
