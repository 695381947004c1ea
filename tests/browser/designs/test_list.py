"""The list of designs at the keyboard: search, filters, the menu of a row; with script and without (D2)."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from eventmail.domain.designs import edit, revisions
from eventmail.domain.designs.edit import DesignVersion
from tests.browser import steps
from tests.browser.steps import Gala, by_test
from tests.support import seeding
from tests.support.browser import HEIGHT, WIDTHS, assert_fits, assert_visible_everywhere, axe_everywhere
from tests.support.designing import design

EVIL = "<img src=x onerror=\"document.title='run'\">"


@pytest.fixture
def designs(gala: Gala) -> list[int]:
    """Sixty drafts of updates, an invitation with changes since it was published, and one named like markup."""
    with gala.live.app.app_context():
        by = seeding.acting(gala.live.organizer)
        made = [design(gala.id, by, name=f"News {number:02}", message_type="update") for number in range(1, 61)]
        made += [design(gala.id, by, name=name, subject=EVIL, body=EVIL) for name in ("Invitation", EVIL)]
        revisions.publish(gala.id, made[-2], by)
        edit.save(gala.id, made[-2], DesignVersion(1), {"body": "Come, all of you"}, by)
    return made


def names(page: Page) -> list[str]:
    return by_test(page, "design-row").get_by_role("rowheader").get_by_role("link").all_inner_texts()


def open_menu(page: Page, name: str) -> None:
    """By keyboard; the focus comes from elsewhere, so that the page scrolls to it."""
    button = page.get_by_role("button", name=f"More for {name}", exact=True)
    button.blur()
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".menu:popover-open")).to_have_count(1)


def test_D2_search_and_filters_stand_in_the_address_through_reload_back_and_sharing(
    watched: Page, gala: Gala, designs: list[int]
) -> None:
    page = watched
    here = gala.url("/email-templates")
    steps.sign_in(page, gala, "/email-templates")
    rows = by_test(page, "design-row")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Page 2", exact=True).click()
    expect(page).to_have_url(f"{here}?page=2")
    expect(rows).to_have_count(12)

    search = page.get_by_label("Search by name or subject")
    search.focus()
    page.keyboard.type("news 0")
    expect(rows).to_have_count(15)
    expect(page).to_have_url(f"{here}?q=news+0")
    expect(search).to_be_focused()
    expect(search).to_have_value("news 0")
    assert page.locator("#type option").all_inner_texts()[:3] == ["Every type (15)", "Invitation (0)", "Update (15)"]

    search.fill("")
    expect(rows).to_have_count(50)
    expect(page).to_have_url(here)
    page.get_by_label("Type", exact=True).focus()
    page.keyboard.press("i")
    expect(rows).to_have_count(2)
    expect(page).to_have_url(f"{here}?type=invitation")
    expect(page.get_by_label("Type", exact=True)).to_be_focused()
    page.get_by_role("link", name="Published + changes 1").press("Enter")
    expect(page).to_have_url(f"{here}?state=changed&type=invitation")
    assert names(page) == ["Invitation"]
    page.reload()
    assert names(page) == ["Invitation"]
    expect(page.get_by_label("Type", exact=True)).to_have_value("invitation")

    page.go_back()
    expect(page).to_have_url(f"{here}?type=invitation")
    expect(rows).to_have_count(2)
    expect(page.get_by_label("Type", exact=True)).to_have_value("invitation")
    page.go_back()
    expect(page).to_have_url(here)
    expect(rows).to_have_count(50)
    page.go_back()
    expect(page).to_have_url(f"{here}?q=news+0")
    expect(rows).to_have_count(15)
    expect(search).to_have_value("news 0")


def test_the_menu_of_a_row_opens_closes_and_archives_by_keyboard(watched: Page, gala: Gala, designs: list[int]) -> None:
    page = watched
    steps.sign_in(page, gala, "/email-templates")
    page.goto(gala.url("/email-templates?state=draft&q=news&page=2"))
    assert names(page)[0] == "News 51"
    open_menu(page, "News 52")
    page.keyboard.press("Escape")
    expect(page.locator(".menu:popover-open")).to_have_count(0)
    expect(page.get_by_role("button", name="More for News 52")).to_be_focused()
    open_menu(page, "News 52")
    menu = page.locator(".menu:popover-open")
    assert [words.strip() for words in menu.get_by_role("button").or_(menu.get_by_role("link")).all_inner_texts()] == [
        "Schedule the draft …", "Duplicate", "Copy to another event …", "Archive", "Delete …",
    ]  # fmt: skip
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(menu.get_by_role("button", name="Archive")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("“News 52” is in the archive.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/email-templates\?state=draft&q=news&page=2$"))
    assert names(page)[:2] == ["News 51", "News 53"]


@pytest.mark.soak
def test_D3_a_version_is_used_and_the_draft_is_scheduled_from_the_list(
    watched: Page, gala: Gala, designs: list[int]
) -> None:
    page = watched
    steps.sign_in(page, gala, "/email-templates?type=invitation")
    page.get_by_role("button", name="Use v1").press("Enter")
    expect(by_test(page, "guest-message-editor").get_by_label("Message", exact=True)).to_have_value(EVIL)
    page.go_back()
    open_menu(page, "Invitation")
    page.get_by_role("button", name="Use the draft").press("Enter")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Come, all of you")
    page.go_back()
    open_menu(page, "Invitation")
    page.get_by_role("button", name="Schedule v1 …").press("Enter")
    expect(by_test(page, "scheduled-message-date-picker")).to_be_visible()
    found = gala.live.query("SELECT design_number FROM mailing WHERE event_id = ? ORDER BY id", gala.id)
    assert [row["design_number"] for row in found] == [1, None, 1]


def test_the_list_is_seen_everywhere_fits_and_runs_nothing_that_was_typed(
    watched: Page, gala: Gala, designs: list[int]
) -> None:
    page = watched
    steps.sign_in(page, gala, "/email-templates")
    assert EVIL in names(page)
    expect(page).to_have_title("Designs · Fixture Gala · eventmail")
    assert_visible_everywhere(page, ["email-designs-page", "email-designs-search", "email-designs-table"])
    steps.sign_in(page, gala, "/email-templates?type=invitation")
    assert_visible_everywhere(page, ["design-row", "design-more"])
    assert_fits(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        open_menu(page, "Invitation")
        expect(page.locator(".menu:popover-open")).to_be_in_viewport(ratio=1)
        page.keyboard.press("Escape")
    open_menu(page, "Invitation")
    axe_everywhere(page)


@pytest.mark.soak
def test_a_design_is_copied_to_another_event(watched: Page, gala: Gala, designs: list[int]) -> None:
    page = watched
    with gala.live.app.app_context():
        other = seeding.add_event(gala.live.organizer, title=f"Picnic {gala.id}")
    steps.sign_in(page, gala, "/email-templates?type=invitation")
    open_menu(page, "Invitation")
    page.get_by_role("link", name="Copy to another event …").press("Enter")
    expect(by_test(page, "design-copying-form")).to_be_visible()
    axe_everywhere(page)
    assert_fits(page)
    page.get_by_label("Event", exact=True).select_option(f"Picnic {gala.id}")
    page.get_by_role("button", name="Copy the design").press("Enter")
    expect(page.get_by_text(f"This is the copy in “Picnic {gala.id}”.")).to_be_visible()
    [copied] = gala.live.query("SELECT name, body FROM design WHERE event_id = ?", other)
    assert copied == {"name": "Invitation", "body": "Come, all of you"}


@pytest.fixture
def plain(_a_browser_is_there: None, browser: Browser) -> Iterator[Page]:
    """A page in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_script_designs_are_searched_filtered_used_and_archived(
    plain: Page, gala: Gala, designs: list[int]
) -> None:
    page = plain
    steps.sign_in(page, gala, "/email-templates")
    page.get_by_label("Search by name or subject").fill("invit")
    page.get_by_label("Type", exact=True).select_option("invitation")
    page.get_by_role("button", name="Search").click()
    assert names(page) == ["Invitation"]
    page.get_by_role("button", name="More for Invitation").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("“Invitation” is in the archive.")).to_be_visible()
    page.get_by_role("link", name="Archived 1").click()
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_text("“Invitation” is back in the list.")).to_be_visible()
    page.get_by_role("link", name="All 1", exact=True).click()
    page.get_by_role("button", name="Use v1").click()
    expect(page.get_by_label("Message", exact=True)).to_have_value(EVIL)


def test_a_draft_and_a_sent_message_are_saved_as_designs(watched: Page, gala: Gala) -> None:
    page = watched
    gala.add_guests(1)
    steps.sign_in(page, gala)
    steps.write(page, "Thank you all", "It was an evening to remember.")
    expect(page.get_by_text(re.compile(r"^Saved at"))).to_be_visible()
    page.reload()
    by_test(page, "guest-message-drafts").locator("summary").press("Enter")
    by_test(page, "guest-message-save-as-design").press("Enter")
    expect(page.get_by_text("This text is a design now.")).to_be_visible()
    page.go_back()
    steps.send(page)
    page.goto(gala.url("/mailings"))
    by_test(page, "mailing-more").press("Enter")
    axe_everywhere(page)
    page.get_by_role("button", name="Save as design").press("Enter")
    expect(page.get_by_text("This text is a design now.")).to_be_visible()
    found = gala.live.query("SELECT name, body FROM design WHERE event_id = ?", gala.id)
    assert found == [{"name": "Thank you all", "body": "It was an evening to remember."}] * 2
