"""The versions of a design: kept under a name, taken back into the draft, and what is published taken back."""

from playwright.sync_api import Page, expect

from tests.browser.designs.page.steps import WARNING, add, badge, bodies, made, message, open_, saved, versions
from tests.browser.steps import Gala, by_test
from tests.support.browser import assert_fits, assert_visible_everywhere, axe_everywhere

BEFORE = "Before version 1 was restored"


def test_D3_a_draft_is_kept_under_a_name_and_a_version_is_taken_back_with_what_stood_there_kept(
    page: Page, gala: Gala
) -> None:
    design = made(gala, body="One", publish=True)
    open_(page, gala, design)
    add(page, " and two")
    saved(gala, "One and two")
    by_test(page, "email-design-history").click()
    field = page.get_by_label("Keep the draft as it is now, under a name")
    field.fill(" ")
    field.press("Enter")
    expect(by_test(page, WARNING)).to_contain_text("Give it a name.")
    field.fill("With two")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("The draft is kept as version 2, “With two”.")).to_be_visible()
    assert versions(gala) == [(1, "", True, "One"), (2, "With two", False, "One and two")]
    newest, first = by_test(page, "email-design-revision"), page.locator("#version-1")
    expect(newest.first).to_contain_text("Version 2 “With two” kept, never published")
    expect(first).to_contain_text("published, what messages use")
    newest.first.locator("summary").click()
    expect(newest.first.locator(".source ins")).to_have_text([" and two"])
    assert_visible_everywhere(page, ["email-designs-page", "email-design-revision"])
    axe_everywhere(page)
    assert_fits(page)

    # the first one into the draft: the named one holds what stood there, so no other is made
    first.get_by_role("button", name="Take back into the draft version 1").click()
    expect(message(page)).to_have_value("One")
    expect(badge(page)).to_have_attribute("data-state", "published")
    assert (bodies(gala), [number for number, *_ in versions(gala)]) == (["One"], [1, 2])


def test_D5_go_back_to_what_is_published_keeps_what_was_typed_up_to_the_press(page: Page, gala: Gala) -> None:
    design = made(gala, body="One", publish=True)
    open_(page, gala, design)
    add(page, " and two")
    by_test(page, "email-design-changes").locator("summary").click()
    add(page, " and three")
    by_test(page, "email-design-go-back").click()
    expect(badge(page)).to_have_attribute("data-state", "published")
    expect(message(page)).to_have_value("One")
    assert (bodies(gala), versions(gala)) == (
        ["One"], [(1, "", True, "One"), (2, BEFORE, False, "One and two and three")],
    )  # fmt: skip
    add(page, "!")
    saved(gala, "One!")


def test_D1_an_archived_design_is_read_and_brought_back_and_nothing_of_it_is_written_sent_or_published(
    page: Page, gala: Gala
) -> None:
    design = made(gala, body="One", publish=True)
    open_(page, gala, design)
    add(page, " and two")
    by_test(page, "email-design-archive").click()
    expect(page.get_by_text("“Save the date” is in the archive.")).to_be_visible()
    open_(page, gala, design)
    expect(badge(page)).to_have_attribute("data-state", "archived")
    expect(message(page)).to_have_value("One and two")
    expect(message(page)).to_be_disabled()
    for name in ("publish-cta", "test-send-cta", "use-published", "use-draft", "schedule", "go-back"):
        expect(by_test(page, f"email-design-{name}")).to_have_count(0)
    axe_everywhere(page)
    page.get_by_role("button", name="Bring back").click()
    open_(page, gala, design)
    add(page, "!")
    saved(gala, "One and two!")
