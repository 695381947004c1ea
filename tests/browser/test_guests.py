"""The guest list at the keyboard: ticking, ranges, one change of many with its undo, with script and without."""

import pytest
from playwright.sync_api import Browser, Page, expect

from eventmail.domain.guests import edit
from tests.browser import steps
from tests.browser.steps import Gala, by_test
from tests.support import seeding
from tests.support.browser import assert_visible_everywhere, axe_everywhere


def ticked(page: Page) -> list[str]:
    """The names in the ticked rows."""
    rows = by_test(page, "guest-row").filter(has=page.locator("input:checked"))
    return [name.strip() for name in rows.get_by_role("rowheader").all_inner_texts()]


def tick(page: Page, name: str) -> None:
    page.get_by_role("checkbox", name=f"Tick {name}").focus()
    page.keyboard.press("Space")


def test_guests_are_ticked_changed_and_changed_back_by_keyboard(watched: Page, gala: Gala) -> None:
    page = watched
    gala.add_guests(6, status="invited")
    steps.sign_in(page, gala, "/guests")
    tick(page, "Guest 002")
    expect(page.get_by_text("1 guest ticked")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("checkbox", name="Tick Guest 004")).to_be_focused()
    page.keyboard.press("Shift+Space")
    assert ticked(page) == ["Guest 002", "Guest 003", "Guest 004"]
    page.keyboard.press("Shift+ArrowDown")
    assert ticked(page) == ["Guest 002", "Guest 003", "Guest 004", "Guest 005"]
    expect(page.get_by_role("checkbox", name="Tick Guest 005")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    assert ticked(page) == []
    page.get_by_role("checkbox", name="Tick Guest 001").click()
    page.get_by_role("checkbox", name="Tick Guest 003").click(modifiers=["Shift"])
    assert ticked(page) == ["Guest 001", "Guest 002", "Guest 003"]
    page.get_by_role("link", name="Skip the table").focus()
    page.keyboard.press("Enter")
    expect(by_test(page, "guests-change")).to_be_focused()
    page.get_by_label("Status", exact=True).select_option("confirmed")
    page.get_by_role("button", name="Set status").press("Enter")
    changed = by_test(page, "guests-changed")
    expect(changed).to_contain_text("3 guests set to confirmed")
    expect(changed).to_be_focused()
    page.reload()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("Undone: 3 guests are as before.")).to_be_visible()
    statuses = gala.live.query("SELECT status FROM guest WHERE event_id = ?", gala.id)
    assert [row["status"] for row in statuses] == ["invited"] * 6


def test_the_whole_page_is_ticked_and_a_search_unticks_whom_it_hides(watched: Page, gala: Gala) -> None:
    page = watched
    gala.add_guests(4)
    steps.sign_in(page, gala, "/guests")
    whole = page.get_by_role("checkbox", name="Tick all on this page")
    whole.check()
    assert len(ticked(page)) == 4
    tick(page, "Guest 002")
    expect(whole).to_have_js_property("indeterminate", True)
    search = page.get_by_label("Search by name or address")
    search.fill("guest-003")
    expect(by_test(page, "guest-row")).to_have_count(1)
    expect(search).to_be_focused()
    assert ticked(page) == []
    search.fill("")
    expect(by_test(page, "guest-row")).to_have_count(4)
    assert ticked(page) == [], "a guest was ticked whom nobody ticked"
    page.get_by_label("All 4 guests").check()
    expect(page.get_by_text("Everybody who matches will be changed")).to_be_visible()
    page.get_by_label("Tag", exact=True).fill("vip")
    page.keyboard.press("Enter")
    expect(by_test(page, "guests-changed")).to_contain_text("Tag “vip” added to 4 guests")


def test_every_part_of_the_change_is_seen(watched: Page, gala: Gala) -> None:
    gala.add_guests(60)
    steps.sign_in(watched, gala, "/guests")
    assert_visible_everywhere(watched, ["guests-change", "guests-search", "guests-table"])


@pytest.mark.usefixtures("_a_browser_is_there")
def test_without_script_many_are_changed_and_changed_back(browser: Browser, gala: Gala) -> None:
    gala.add_guests(3, status="invited")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        steps.sign_in(page, gala, "/guests")
        expect(page.get_by_role("checkbox", name="Tick all on this page")).to_have_count(0)
        page.get_by_role("checkbox", name="Tick Guest 002").check()
        page.get_by_label("Status", exact=True).select_option("declined")
        page.get_by_role("button", name="Set status").click()
        expect(page.get_by_text("1 guest set to declined")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Undone: 1 guest is as before.")).to_be_visible()


def test_addresses_are_pasted_looked_at_and_added(watched: Page, gala: Gala) -> None:
    page = watched
    steps.sign_in(page, gala, "/guests")
    page.get_by_role("main").get_by_role("link", name="Paste addresses").last.click()
    page.get_by_label("Addresses").fill("Anna Berg <anna@guests.example.net>\nnobody")
    page.get_by_role("button", name="Check").click()
    expect(by_test(page, "guest-paste-report")).to_contain_text("No address found here.")
    page.get_by_role("button", name="Add the guest").click()
    expect(by_test(page, "guest-row")).to_have_count(1)
    page.get_by_role("link", name="Anna Berg").click()
    page.get_by_role("link", name="History").click()
    expect(by_test(page, "guest-history-page")).to_contain_text("Nothing yet")


def test_a_guest_that_a_colleague_changed_while_the_form_was_open_is_seen_before_it_is_saved(
    watched: Page, gala: Gala
) -> None:
    page = watched
    (guest,) = gala.add_guests([{"email": "ana@guests.example.net", "first_name": "Ana", "last_name": "Ruis"}])
    steps.sign_in(page, gala, f"/guests/{guest}")
    page.get_by_label("Last name").fill("Ruiz")
    with gala.live.app.app_context():
        edit.edit(gala.id, guest, {"status": "declined"}, seeding.acting(seeding.add_person("<b>שלי", "s@x.test")))
    page.get_by_role("button", name="Save").press("Enter")
    warning = page.locator("#warning")
    expect(warning).to_contain_text("This was changed while you were writing")
    expect(warning).to_contain_text("<b>שלי changed this at")
    expect(warning).to_contain_text("Status is “declined” now.")
    expect(page.get_by_label("Last name")).to_have_value("Ruiz")
    expect(page.get_by_label("Status", exact=True)).to_have_value("declined")
    axe_everywhere(page)
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    [saved] = gala.live.query("SELECT status, last_name FROM guest WHERE id = ?", guest)
    assert (saved["status"], saved["last_name"]) == ("declined", "Ruiz")
