"""What a page shows and takes until the editor is there, and where it never comes (C5)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.editor.conftest import Writing
from tests.browser.editor.test_writing import Opened
from tests.browser.steps import Gala
from tests.support.browser import held
from tests.support.budgets import in_soak

CEILING = 60_000  # bytes of a page with a composer until somebody moves, compressed


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


@pytest.mark.parametrize(
    ("way", "before"), [("click", ""), ("Tab", "Old words."), *in_soak(("click", "Old words."), ("Tab", ""))]
)
def test_what_is_typed_before_the_editor_is_there_stays_in_its_order(open_draft: Opened, way: str, before: str) -> None:
    writing = open_draft(before)
    page = writing.page
    files = held(page, "**/editor.min.js?*")
    page.reload()
    with page.expect_request("**/editor.min.js?*"):
        if way == "click":
            page.locator("[data-editor-place]").click()
        else:
            page.get_by_label("Preview text").focus()
            writing.type("<Tab>")
    writing.source.focus()
    writing.type(" Hello *you*,")
    expect(writing.source).to_have_css("opacity", "1")  # one sees what one types
    files[0].continue_()
    expect(writing.text).to_be_focused()
    expect(writing.text).to_contain_text("Hello you,")
    writing.type(" and others")
    assert writing.saved_as(f"{before} Hello *you*, and others".strip())


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
