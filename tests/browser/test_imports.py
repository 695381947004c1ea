"""Importing a guest list in a browser: choose, look, correct, import; with a keyboard alone and without script."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser import steps
from tests.browser.steps import Gala, by_test

TEXT = "Kontakt;Vorname;Rolle\nana@x.test;Ana;vip\nben@x.test;Ben;\nbad;Bo;\n"
WATCH = """() => new MutationObserver(() => {
  sessionStorage.shown = (sessionStorage.shown ?? '') + document.querySelector('#import-progress').textContent
}).observe(document.querySelector('main'), {subtree: true, childList: true, characterData: true})"""


def chosen(page: Page, gala: Gala, tmp_path: Path, text: str = TEXT) -> None:
    path = tmp_path / "guests.csv"
    path.write_text(text)
    page.goto(gala.url("/guests/import"))
    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_role("button", name="Look at the file").press("Enter")


def test_a_guest_list_is_looked_at_corrected_and_imported(watched: Page, gala: Gala, tmp_path: Path) -> None:
    page = watched
    steps.sign_in(page, gala)
    chosen(page, gala, tmp_path, TEXT.replace("Kontakt", "E-Mail"))
    expect(by_test(page, "guest-import-report")).to_contain_text("Would be added")

    # what a column is taken for: its own name shows only for a column of its own
    columns = by_test(page, "guest-import-columns")
    expect(columns.get_by_label("Its name").nth(2)).to_be_visible()
    expect(columns.get_by_label("Its name").nth(1)).to_be_hidden()
    page.get_by_label("Rolle").select_option("tags")
    expect(columns.get_by_label("Its name").nth(2)).to_be_hidden()

    # pressing Import after a change shows the change first
    by_test(page, "guest-import-confirm").click()
    expect(page.get_by_text("You changed how the file is read")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Rolle")).to_have_value("tags")
    expect(by_test(page, "guest-import-progress")).to_have_count(0)
    by_test(page, "guest-import-confirm").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported")
    page.get_by_role("link", name="Not imported 1").click()
    expect(by_test(page, "guest-import-lines")).to_contain_text("“bad” is not an email address")
    page.get_by_role("link", name="See the guests").click()
    expect(by_test(page, "guest-row")).to_have_count(2)
    expect(by_test(page, "guest-row").first).to_contain_text("vip")

    # the way out and in again
    with page.expect_download() as download:
        by_test(page, "guests-export").click()
    chosen(page, gala, tmp_path, download.value.path().read_text(encoding="utf-8-sig"))
    expect(page.get_by_text("There is nothing to import")).to_be_visible()


def test_a_long_import_says_how_far_it_is(watched: Page, gala: Gala, tmp_path: Path) -> None:
    page = watched
    steps.sign_in(page, gala)
    rows = "".join(f"g{n}@x.test,Guest {n}\n" for n in range(40_000))
    chosen(page, gala, tmp_path, f"email,first name\n{rows}")
    page.evaluate(WATCH)  # while it leaves the page, the browser answers no question about it
    by_test(page, "guest-import-confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported")
    shown = page.evaluate("sessionStorage.shown")
    assert "of 40\u2009001 lines" in shown or "of 40\u2009000 rows" in shown


def test_without_script_a_list_without_address_column_is_corrected_and_imported(
    browser: Browser, gala: Gala, tmp_path: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    steps.sign_in(page, gala)
    chosen(page, gala, tmp_path)
    expect(page.locator("[data-error-code=INVALID_INPUT]")).to_contain_text("No column holds email addresses")
    page.get_by_label("Kontakt").select_option("email")
    page.get_by_role("button", name="Check again").click()
    by_test(page, "guest-import-confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Imported")
    assert gala.live.query("SELECT count(*) AS n FROM guest WHERE event_id = ?", gala.id)[0]["n"] == 2
    context.close()
