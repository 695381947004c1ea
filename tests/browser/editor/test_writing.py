"""Writing a message in the editor: what is typed, chosen and undone, and what of it is saved (C5)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.editor.conftest import Writing
from tests.browser.steps import Gala, by_test
from tests.support.browser import axe, axe_everywhere
from tests.support.budgets import in_soak

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
    [("{guest.nope}", "{guest.nope}"), *in_soak(("{name}", "{name}"), ("{guest.firstName ", "{guest.firstName"))],
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


def test_fields_in_the_words_of_a_link_in_a_cell_and_in_what_comes_in_one_piece_are_chips(writing: Writing) -> None:
    writing.type("<Control+k>")
    dialog = writing.page.get_by_role("dialog", name="Link")
    dialog.get_by_label("Address").fill("https://e.com/my seats?g={guest.firstName|no one}")
    dialog.get_by_label("Words").fill("For {guest.firstName|you}")
    writing.type("<Enter>")
    link = "[For {guest.firstName|you}](https://e.com/my%20seats?g={guest.firstName|no one})"
    expect(writing.source).to_have_value(link)
    writing.page.keyboard.insert_text(" Dear {guest.lastName}, hello")
    expect(writing.source).to_have_value(f"{link} Dear {{guest.lastName}}, hello")
    writing.press("Table")
    table = writing.page.get_by_role("dialog", name="Table")
    writing.page.keyboard.insert_text("Hi {guest.firstName}!")
    table.get_by_role("textbox", name="Head of column 2").evaluate("""cell => {
      const data = new DataTransfer();
      data.setData("text/plain", "pasted {guest.email|none}");
      cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }""")
    table.get_by_role("button", name="Use this table").click()
    cells = "| Hi {guest.firstName}! | pasted {guest.email|none} |\n| --- | --- |\n|  |  |"
    assert writing.saved_as(f"{link} Dear {{guest.lastName}}, hello\n\n{cells}")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", *in_soak("https://my page.org", "my page.org", "mailto:", "no")]
)
def test_an_address_that_leads_nowhere_is_refused_with_what_to_write(writing: Writing, address: str) -> None:
    writing.type("<Control+k>")
    dialog = writing.page.get_by_role("dialog", name="Link")
    dialog.get_by_label("Address").fill(address)
    dialog.get_by_role("button", name="Use this link").click()
    said = dialog.get_by_label("Address").evaluate("field => field.validationMessage")
    assert (said[:31], dialog.is_visible()) == ("Write an address that begins wi", True)
