"""Where the composer’s parts stand: the preview in reach of the text, the audience folded to a line once chosen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from eventmail.db import transaction
from eventmail.domain.mailings import drafts
from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.draft_rows import DraftVersion
from eventmail.models import Guest
from tests.browser import steps
from tests.browser.steps import Gala, by_test
from tests.browser.test_keyboard import tab_to
from tests.support import seeding
from tests.support.browser import assert_fits, assert_visible_everywhere, axe_everywhere
from tests.support.budgets import in_soak

PEOPLE: list[dict[str, Any]] = [
    {"email": "ana@guests.org", "first_name": "Ana"},
    {"email": "bo@guests.org", "first_name": "Bo"},
    {"email": "ANA@guests.org", "first_name": "Al"},
]
TEXT = "Hi {guest.firstName},\n\nDoors open at **six**.\n\n" + "And so on.\n\n" * 20
PLACES = {"guest-message": "/messages", "scheduled-message": "/scheduled"}
PHONES = ((320, 640), *in_soak((390, 844)))
_BOX = "element => { const box = element.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; }"


def box(element: Locator) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in the window."""
    left, top, right, bottom = element.evaluate(_BOX)
    return left, top, right, bottom


def seen(page: Page, element: Locator) -> float:
    """How many pixels of its height are inside the window."""
    _, top, _, bottom = box(element)
    return max(0.0, min(bottom, page.evaluate("innerHeight")) - max(top, 0))


def picker(page: Page) -> Locator:
    return page.locator("#to-picker")


def counted(page: Page) -> Locator:
    return page.locator("#recipient-count")


@pytest.fixture
def drafted(gala: Gala) -> Callable[[str], str]:
    """drafted("guest-message"): the path of a draft to the confirmed guests, two of whom get it."""
    gala.add_guests(PEOPLE)
    with gala.live.app.app_context():
        written = drafts.Written(Text("Doors open", "", TEXT), {"statuses": ["confirmed"]})
        made = drafts.save(gala.id, DraftVersion(), written, seeding.acting())
    assert made is not None
    return lambda prefix: f"{PLACES[prefix]}/{made.mailing_id}"


@pytest.fixture
def plain(_a_browser_is_there: None, browser: Browser) -> Iterator[Page]:
    """A page in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["light", *in_soak("dark")])
def test_on_a_laptop_text_and_preview_share_the_first_screen_once_the_audience_is_chosen(
    watched: Page, gala: Gala, drafted: Callable[[str], str], scheme: Any
) -> None:
    page = watched
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 1280, "height": 800})
    steps.sign_in(page, gala, drafted("guest-message"))
    expect(steps.preview(page).locator("body")).to_contain_text("Hi Ana")
    assert page.evaluate("scrollY") == 0
    text, mail = page.get_by_label("Message", exact=True), page.locator(".sight")
    assert (seen(page, text) > 100, seen(page, mail) > 100) == (True, True)
    assert box(text)[2] <= box(mail)[0]


@pytest.mark.parametrize("prefix", ["guest-message", *in_soak("scheduled-message")])
def test_on_a_wide_screen_the_preview_stays_beside_text_and_checks_and_all_of_it_is_reached(
    plain: Page, gala: Gala, drafted: Callable[[str], str], prefix: str
) -> None:
    page = plain
    steps.sign_in(page, gala, drafted(prefix))
    preview = by_test(page, f"{prefix}-preview")
    for height in (800, 500):
        page.set_viewport_size({"width": 1280, "height": height})
        for name in ("subject", "body", "checks", "test-send"):
            page.locator(f"#{name}").evaluate("element => element.scrollIntoView({block: 'center'})")
            _, top, _, bottom = box(preview)
            begins = page.evaluate("scrollY") < 250  # the card stands where it begins, below the title
            assert (top >= 0, bottom <= height or begins) == (True, True), f"{name} at {height}"
            assert seen(page, preview.locator(".sight")) > 0.2 * height
            assert box(page.locator(f"#{name}"))[2] <= box(preview)[0]
        size = by_test(page, f"{prefix}-preview-size")
        size.scroll_into_view_if_needed()
        assert seen(page, size) > 20
        assert box(size)[3] <= box(preview)[3]
    assert_visible_everywhere(page, [f"{prefix}-{part}" for part in ("preview", "checks", "test-send", "editor")])


@pytest.mark.parametrize("prefix", ["guest-message", *in_soak("scheduled-message")])
@pytest.mark.parametrize(("width", "height"), PHONES)
def test_on_a_phone_the_preview_is_one_press_away_from_the_text_and_back(
    plain: Page, gala: Gala, drafted: Callable[[str], str], prefix: str, width: int, height: int
) -> None:
    page = plain
    page.set_viewport_size({"width": width, "height": height})
    steps.sign_in(page, gala, drafted(prefix))
    to_preview, to_text = by_test(page, f"{prefix}-to-preview"), by_test(page, f"{prefix}-to-text")
    for name in ("subject", "body"):
        page.locator(f"#{name}").focus()
        assert seen(page, to_preview) > 24, f"out of sight at {name}"
        assert box(page.locator(f"#{name}"))[1] < box(to_preview)[1], f"{name} is covered"
        to_preview.click()
        head = page.locator("#preview-title")
        assert box(to_text)[3] <= box(head)[1] < height / 3
        page.locator(".sight").scroll_into_view_if_needed()
        assert seen(page, to_text) > 24, "no way back from further down"
        to_text.click()
        expect(page.get_by_label("Message", exact=True)).to_be_focused()
        assert seen(page, page.get_by_label("Message", exact=True)) > 100
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(to_preview).to_be_hidden()
    expect(to_text).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), PHONES)
def test_the_way_to_the_preview_and_back_is_gone_by_keyboard_with_the_focus_in_sight(
    watched: Page, gala: Gala, drafted: Callable[[str], str], width: int, height: int
) -> None:
    page = watched
    page.set_viewport_size({"width": width, "height": height})
    steps.sign_in(page, gala, drafted("guest-message"))
    page.get_by_label("Subject").focus()
    tab_to(page, by_test(page, "guest-message-to-preview"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Desktop"))
    tab_to(page, by_test(page, "guest-message-to-text"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Message", exact=True)).to_be_focused()
    for _ in range(40):  # every further stop is seen, the bars cover none
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break


@pytest.mark.parametrize(("width", "height"), PHONES)
def test_the_bar_on_a_phone_never_covers_the_line_that_is_typed(
    watched: Page, gala: Gala, drafted: Callable[[str], str], width: int, height: int
) -> None:
    page = watched
    page.set_viewport_size({"width": width, "height": height})
    steps.sign_in(page, gala, drafted("guest-message"))
    text = page.get_by_label("Message", exact=True)
    text.fill("")
    text.evaluate("element => { element.style.blockSize = '3000px'; }")  # as somebody drags it
    text.focus()
    bar = box(page.locator(".to-preview"))[3] - box(page.locator(".to-preview"))[1]
    line = text.evaluate("element => parseFloat(getComputedStyle(element).lineHeight)")
    for number in range(60):
        page.keyboard.type("A line")
        caret = box(text)[1] + 13 + (number + 1) * line
        assert caret <= height - bar, f"line {number} is under the bar"
        page.keyboard.press("Enter")
    for number in range(60, 0, -1):
        page.keyboard.press("ArrowUp")
        assert box(text)[1] + 13 + (number - 1) * line >= 0, f"line {number} is above the window"


def test_the_audience_stays_open_while_somebody_ticks_and_folds_to_one_line_when_it_is_done(
    watched: Page, gala: Gala
) -> None:
    page = watched
    gala.add_guests([*PEOPLE, {"email": "dee@guests.org", "status": "declined"}])
    steps.sign_in(page, gala)
    assert_visible_everywhere(page, ["guest-message-audience-picker"])
    expect(page.locator("#to-picker > summary")).to_be_hidden()  # nobody to fold it over
    confirmed = by_test(page, "guest-message-audience-picker").get_by_label("Confirmed")
    confirmed.check()
    expect(counted(page)).to_contain_text("confirmed guests")
    expect(counted(page)).to_contain_text("2 will get this, 1 won’t: 1 sharing an address.")
    expect(confirmed).to_be_focused()
    expect(confirmed).to_be_visible()
    axe_everywhere(page)
    page.get_by_label("Subject").fill("Doors open")
    expect(by_test(page, "guest-message-draft")).to_contain_text("Saved at ")
    expect(confirmed).to_be_visible()

    page.locator("#to-picker > summary").click()
    expect(confirmed).to_be_hidden()
    assert counted(page).inner_text().split() == "confirmed guests · 2 will get this, 1 won’t".replace("· ", "").split()
    expect(counted(page).get_by_role("link", name="1 won’t")).to_be_visible()
    _, top, _, bottom = box(page.locator(".to"))
    assert bottom - top < 90
    axe_everywhere(page)
    assert_fits(page)
    steps.unfold(page)
    confirmed.uncheck()
    expect(counted(page)).to_contain_text("Nobody is selected yet.")
    expect(confirmed).to_be_visible()


def test_an_opened_draft_is_folded_and_the_line_follows_who_gets_it_and_is_announced_once(
    watched: Page, gala: Gala, drafted: Callable[[str], str]
) -> None:
    page = watched
    steps.sign_in(page, gala, drafted("guest-message"))
    expect(by_test(page, "guest-message-audience-picker")).to_be_hidden()
    expect(counted(page).locator("[data-count]")).to_have_text("2")
    gala.add_guests([{"email": "eve@guests.org"}])
    page.get_by_label("Subject").fill("Doors open now")
    expect(counted(page).locator("[data-count]")).to_have_text("3")
    expect(counted(page).locator("[data-count]")).to_be_visible()
    live = page.locator("[aria-live]:has([data-count]), [role=status]:has([data-count])")
    expect(live).to_have_count(1)
    expect(live.locator(".whom")).to_have_count(0)  # only the numbers are said while somebody ticks

    # by keyboard, and as it is through what the page renews
    tab_to_change = page.locator("#to-picker > summary")
    tab_to_change.focus()
    page.keyboard.press("Enter")
    expect(by_test(page, "guest-message-audience-picker")).to_be_visible()
    page.get_by_label("Message", exact=True).fill("")
    by_test(page, "guest-message-send-cta").click()
    expect(by_test(page, steps.WARNING)).to_contain_text("A mail needs a text.")
    expect(by_test(page, "guest-message-audience-picker")).to_be_visible()
    assert_visible_everywhere(page, steps.COMPOSER)


def test_A5_a_refusal_about_the_audience_unfolds_it_and_no_other_one_does(
    watched: Page, gala: Gala, drafted: Callable[[str], str]
) -> None:
    page = watched
    steps.sign_in(page, gala, drafted("guest-message"))
    steps.unfold(page)
    page.locator("#to-picker > summary").click()  # folded by hand, so that it stays folded ...
    page.get_by_label("Message", exact=True).fill("{guest.frstName}")
    by_test(page, "guest-message-send-cta").click()
    expect(by_test(page, steps.WARNING)).to_contain_text("Did you mean")
    expect(by_test(page, "guest-message-audience-picker")).to_be_hidden()
    with gala.live.app.app_context(), transaction() as tx:
        tx.execute(update(Guest).where(Guest.event_id == gala.id).values(status="declined"))

    # the list names the place, and its link opens it
    page.get_by_label("Message", exact=True).fill("Hello")
    by_test(page, "guest-message-checks").get_by_role("link", name="Change who").click()
    expect(by_test(page, "guest-message-audience-picker")).to_be_visible()
    page.locator("#to-picker").evaluate("element => { element.open = false; }")
    by_test(page, "guest-message-send-cta").click()  # ... until the server must ask
    expect(by_test(page, steps.WARNING)).to_have_attribute("data-error-code", "NO_RECIPIENTS")
    expect(by_test(page, "guest-message-audience-picker")).to_be_visible()
    assert_visible_everywhere(page, ["guest-message-audience-picker", steps.WARNING])


def test_without_script_the_audience_folds_unfolds_and_stays_open_while_guests_are_looked_for(
    plain: Page, gala: Gala, drafted: Callable[[str], str]
) -> None:
    page = plain
    steps.sign_in(page, gala, drafted("guest-message"))
    audience = by_test(page, "guest-message-audience-picker")
    expect(audience).to_be_hidden()
    expect(counted(page)).to_contain_text("2 will get this, 1 won’t")
    steps.unfold(page)
    expect(audience.get_by_label("Confirmed")).to_be_checked()
    audience.get_by_text("Pick guests by hand").click()
    audience.get_by_label("Find a guest").fill("bo")
    audience.get_by_role("button", name="Find").click()
    expect(audience.get_by_label("Bo")).to_be_visible()
    audience.get_by_label("Bo").check()
    audience.get_by_label("Find a guest").fill("")
    page.get_by_role("button", name="Update").click()
    expect(audience).to_be_hidden()
    expect(counted(page)).to_contain_text("confirmed guests and 1 picked by hand")

    # a refusal about something else leaves the line, one about the audience opens it
    page.get_by_label("Message", exact=True).fill("")
    by_test(page, "guest-message-send-cta").click()
    expect(by_test(page, steps.WARNING)).to_contain_text("A mail needs a text.")
    expect(audience).to_be_hidden()
    steps.unfold(page)
    audience.get_by_label("Confirmed").uncheck()
    audience.get_by_label("Bo").uncheck()
    page.get_by_label("Message", exact=True).fill("Hello")
    by_test(page, "guest-message-send-cta").click()
    expect(by_test(page, steps.WARNING)).to_have_attribute("data-error-code", "INVALID_AUDIENCE")
    expect(audience).to_be_visible()
