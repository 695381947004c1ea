"""Writing a message in the editor: what is typed, chosen and undone, and what of it is saved (C5)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.editor.conftest import Writing
from tests.browser.steps import Gala, by_test
from tests.support.browser import axe, axe_everywhere, held

CEILING = 60_000  # bytes of a page with a composer until somebody moves, compressed
OPTIONS = "#body-options [role=option]"
Opened = Callable[[str], Writing]


def test_a_message_is_written_without_a_sign_of_markdown_and_arrives_so(writing: Writing, gala: Gala) -> None:
    writing.type("Hello {first")
    expect(writing.page.locator(OPTIONS)).to_have_text(["First name{guest.firstName}"])
    writing.type("<Enter>", ", this is ", "<Control+b>", "big", "<Control+b>", " & *not* small.", "<Enter>")
    writing.type("- one", "<Enter>", "two", "<Enter>", "<Enter>")
    assert writing.saved_as("Hello {guest.firstName}, this is **big** & \\*not\\* small.\n\n- one\n- two")
    expect(writing.text.locator(".chip")).to_have_text("First name")
    expect(steps.preview(writing.page).locator("body")).to_contain_text("Hello Ana, this is big & *not* small.")
    axe_everywhere(writing.page)


def test_a_button_with_a_field_in_its_address_is_put_in_by_its_dialog_and_shows_its_braces_again(
    writing: Writing,
) -> None:
    writing.type("/but", "<Enter>")
    dialog = writing.page.get_by_role("dialog", name="Button")
    dialog.get_by_label("Words on the button").fill("Your seat, {guest.firstName}")
    dialog.get_by_label("Address").fill("javascript:alert(1)")
    dialog.get_by_role("button", name="Use this button").click()
    said = dialog.get_by_label("Address").evaluate("field => field.validationMessage")
    assert (said != "", dialog.is_visible()) == (True, True)
    dialog.get_by_label("Address").fill("seats.org/?n={guest.firstName}&x=1")
    axe(writing.page)
    writing.type("<Enter>")
    expect(dialog).not_to_be_visible()
    assert writing.saved_as("::: button https://seats.org/?n={guest.firstName}&x=1\nYour seat, {guest.firstName}\n:::")
    link = steps.preview(writing.page).locator("a.em-button-link")
    expect(link).to_have_attribute("href", "https://seats.org/?n=Ana&x=1")
    writing.text.locator(".editor-block").click()
    expect(dialog.get_by_label("Address")).to_have_value("https://seats.org/?n={guest.firstName}&x=1")
    dialog.get_by_role("button", name="Remove").click()
    assert writing.saved_as("")


def test_a_chip_gets_its_fallback_in_its_dialog(writing: Writing) -> None:
    writing.type("Hi {guest.firstName}", "!")
    writing.text.locator(".chip").click()
    dialog = writing.page.get_by_role("dialog", name="Merge field")
    dialog.get_by_label("Read where there is nothing").fill("dear }guest{")
    dialog.get_by_role("button", name="Use this field").click()
    expect(writing.text.locator(".chip")).to_have_text("First name, or dear guest")
    assert writing.saved_as("Hi {guest.firstName|dear guest}!")


@pytest.mark.parametrize(
    ("typed", "label"),
    [("{guest.nope}", "{guest.nope}"), ("{name}", "{name}"), ("{guest.firstName ", "{guest.firstName")],
)
def test_C2_what_is_meant_as_a_field_and_is_none_is_a_chip_that_says_so_and_is_in_the_way(
    writing: Writing, typed: str, label: str
) -> None:
    writing.type("Hi ", typed)
    chip = writing.text.locator(".chip.no-field")
    expect(chip).to_have_text(label)
    expect(chip).to_have_attribute("title", "No merge field is called that.")
    assert writing.saved_as(f"Hi {typed}".rstrip())
    expect(by_test(writing.page, "guest-message-checks")).to_contain_text(f'"{label.strip()}')


def test_a_backspace_right_after_it_leaves_the_braces_as_text(writing: Writing) -> None:
    writing.type("Hi {name}", "<Backspace>")
    expect(writing.text.locator(".chip")).to_have_count(0)
    assert writing.saved_as("Hi \\{name\\}")


def test_a_chip_is_deleted_as_a_whole_also_where_no_key_is_told(writing: Writing) -> None:
    writing.type("Hi {guest.firstName}")
    writing.text.evaluate(
        "text => text.dispatchEvent(new InputEvent('beforeinput',"
        " {inputType: 'deleteContentBackward', bubbles: true, cancelable: true}))"
    )
    assert writing.saved_as("Hi")
    writing.type("<Control+z>")
    expect(writing.text.locator(".chip")).to_have_text("First name")


def test_a_link_is_added_to_words_changed_and_removed(writing: Writing) -> None:
    writing.type("Our page", "<Control+a>", "<Control+k>")
    dialog = writing.page.get_by_role("dialog", name="Link")
    dialog.get_by_label("Address").fill("gala.org")
    writing.type("<Enter>")
    assert writing.saved_as("[Our page](https://gala.org)")
    assert writing.text.locator("[href]").count() == 0
    writing.type("<Control+k>")
    expect(dialog.get_by_label("Address")).to_have_value("https://gala.org")
    dialog.get_by_role("button", name="Remove").click()
    assert writing.saved_as("Our page")


def test_a_table_is_written_in_its_own_dialog(writing: Writing) -> None:
    writing.press("Table")
    dialog = writing.page.get_by_role("dialog", name="Table")
    expect(dialog.get_by_role("textbox", name="Head of column 1")).to_be_focused()
    writing.type("Who")
    dialog.get_by_role("textbox", name="Head of column 2").click()
    writing.type("a|b")
    dialog.get_by_role("textbox", name="Row 1, column 1").click()
    writing.type("{guest.firstName}")
    dialog.get_by_role("button", name="Add a row").click()
    expect(dialog.get_by_role("textbox", name="Row 2, column 1")).to_be_focused()
    writing.type("<Control+b>", "x")
    axe(writing.page)
    dialog.get_by_role("button", name="Use this table").click()
    assert writing.saved_as("| Who | a\\|b |\n| --- | --- |\n| {guest.firstName} |  |\n| **x** |  |")


def test_what_is_typed_as_source_is_one_step_of_the_same_history(writing: Writing) -> None:
    writing.type("One")
    writing.turn("Source")
    writing.source.fill("One\n\n## Two")
    writing.turn("Write")
    expect(writing.text.locator("h2")).to_have_text("Two")
    writing.type("<Control+z>")
    expect(writing.text).to_have_text("One")
    assert writing.saved_as("One")
    writing.type("<Control+Shift+z>")
    assert writing.saved_as("One\n\n## Two")


def test_everything_is_reached_by_keyboard_alone(writing: Writing) -> None:
    writing.type("word", "<Control+a>", "<Shift+Tab>")
    expect(writing.page.get_by_role("button", name="Bold")).to_be_focused()
    writing.type("<ArrowRight>", "<Enter>")
    assert writing.saved_as("*word*")
    expect(writing.text).to_be_focused()
    writing.type("<ArrowRight>", "<Enter>", "/div", "<Enter>", "end", "<Control+z>", "<Control+z>")
    writing.type("<Shift+Tab>", "<Shift+Tab>", "<Enter>")
    expect(writing.source).to_be_focused()


def test_the_merge_fields_below_go_into_the_text(writing: Writing) -> None:
    writing.type("Hi ")
    by_test(writing.page, "guest-message-merge-fields").locator("summary").click()
    writing.page.locator("button[data-insert='{guest.firstName}']").click()
    assert writing.saved_as("Hi {guest.firstName}")


def test_C5_opening_a_text_changes_nothing_and_an_edit_leaves_the_other_blocks_as_they_are(
    open_draft: Opened, gala: Gala
) -> None:
    body = "Setext\n======\n* star\n* _two_\n\n\n\n[r]: https://e.com\nSee [r].\n\n    indented\n\nLast"
    writing = open_draft(body)
    revision = gala.drafts()[-1]["revision"]
    expect(writing.text.locator(".editor-block pre")).to_have_text(["[r]: https://e.com", "See [r]."])
    writing.text.get_by_text("Last").click()
    writing.type("<End>")
    assert (gala.drafts()[-1]["body"], gala.drafts()[-1]["revision"]) == (body, revision)
    writing.type("!")
    assert writing.saved_as(f"{body}!")
    writing.type("<Backspace>")
    assert writing.saved_as(body)


def test_a_text_that_the_editor_cannot_read_stays_as_markdown_and_the_page_says_so(tolerant: Page, gala: Gala) -> None:
    steps.sign_in(tolerant, gala)
    writing = Writing(tolerant, gala)
    writing.wake()
    tolerant.route("**/editor", lambda route: route.abort())
    writing.turn("Source")
    writing.source.fill("Hello **me**")
    writing.turn("Write")
    expect(tolerant.locator("[data-editor-notice]")).to_contain_text("The editor could not read this text")
    expect(writing.source).to_be_visible()
    assert writing.saved_as("Hello **me**")
    tolerant.unroute("**/editor")
    writing.turn("Write")
    expect(writing.text.locator("strong")).to_have_text("me")
    expect(tolerant.locator("[data-editor-notice]")).not_to_be_visible()


def test_a_page_that_is_looked_at_shows_the_text_and_does_without_the_editor(open_draft: Opened) -> None:
    writing = open_draft("# Hi {guest.firstName|you}\n\n- *one*\n\n::: button https://e.com\nGo, {guest.nope}\n:::")
    loaded: list[str] = []
    writing.page.on("request", lambda request: loaded.append(request.url.rpartition("/")[2].partition("?")[0]))
    writing.page.reload()
    still = writing.page.locator(".still")
    expect(still).to_be_visible()
    expect(still.locator("h1")).to_have_text("Hi First name, or you")
    expect(still.locator(".chip")).to_have_text(["First name, or you", "{guest.nope}"])
    expect(still.locator("li em")).to_have_text("one")
    weight = "performance.getEntries().reduce((sum, entry) => sum + (entry.encodedBodySize ?? 0), 0)"
    assert writing.page.evaluate(weight) <= CEILING
    assert ("editor.js" in loaded, "editor.min.js" in loaded) == (True, False)
    writing.wake()
    assert "editor.min.js" in loaded
    assert "editor" not in loaded  # the page brought along what the editor reads
    expect(still).to_have_count(0)


def test_what_is_typed_before_the_editor_is_there_is_in_it(watched: Page, gala: Gala) -> None:
    steps.sign_in(watched, gala)
    files = held(watched, "**/editor.min.js?*")
    watched.reload()
    writing = Writing(watched, gala)
    with watched.expect_request("**/editor.min.js?*"):
        watched.locator("[data-editor-place]").click()
    expect(writing.source).to_be_focused()
    writing.type("Hello *you*.")
    files[0].continue_()
    expect(writing.text.locator("em")).to_have_text("you")
    expect(writing.text).to_be_focused()
    writing.type("<Control+End>", "!")
    assert writing.saved_as("Hello *you*.!")


def test_without_the_file_of_the_editor_the_text_is_written_as_markdown_and_the_page_says_so(
    tolerant: Page, gala: Gala
) -> None:
    steps.sign_in(tolerant, gala)
    tolerant.route("**/editor.min.js?*", lambda route: route.abort())
    tolerant.reload()
    tolerant.locator("[data-editor-place]").click()
    expect(tolerant.locator("[data-editor-notice]")).to_contain_text("The editor could not be loaded")
    writing = Writing(tolerant, gala)
    writing.source.fill("Hello **me**")
    assert writing.saved_as("Hello **me**")


def test_a_browser_that_keeps_nothing_has_the_editor_all_the_same(
    open_browser: Callable[..., Page], gala: Gala
) -> None:
    page = open_browser()
    page.add_init_script("""
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, { get() { throw new DOMException("Denied.", "SecurityError"); } });
      }
    """)
    steps.sign_in(page, gala)
    writing = Writing(page, gala)
    writing.wake()
    writing.turn("Source")
    expect(writing.source).to_be_focused()
    writing.source.fill("**me**")
    writing.turn("Write")
    expect(writing.text.locator("strong")).to_have_text("me")
