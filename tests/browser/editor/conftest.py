"""What the editor's tests share: its page, and its reader and writer without a page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from eventmail.content.editor_html import editor_html
from eventmail.content.tokens import known_fields
from eventmail.web.words.chips import marked
from tests.browser import steps
from tests.browser.steps import Gala, by_test
from tests.support.browser import Complaints
from tests.support.live import Live
from tests.support.waiting import wait_for

FIELDS = known_fields({"seat": ""})
# The page brings the HTML along, and the editor takes it out of the page.
_READ = """html => {
  const place = document.createElement("div");
  place.innerHTML = html;
  const text = new editor.Text(place.innerHTML);
  const blocks = editor.settled(text.doc).content.content;
  return { same: text.markdown(text.doc), anew: blocks.map((node) => editor.written(node)).join("\\n\\n"),
           document: text.doc.toJSON() };
}"""
_WRITE = """json => {
  const document = editor.schema.nodeFromJSON(json);
  document.check();
  const settled = editor.settled(document);
  return { settled: settled.toJSON(), again: editor.settled(settled).toJSON(),
           markdown: settled.content.content.map((node) => editor.written(node)).join("\\n\\n") };
}"""


@dataclass(frozen=True)
class Bundle:
    """The built editor in a page of Chromium, without a text."""

    page: Page

    def read(self, body: str) -> dict[str, Any]:
        """A body as the server renders and the editor reads it: written as it was, written anew, and the document."""
        found: dict[str, Any] = self.page.evaluate(_READ, editor_html(body, FIELDS, lambda text: marked(text, FIELDS)))
        return found

    def write(self, document: dict[str, Any]) -> dict[str, Any]:
        """A document in the form in which it is read, settled once more, and its Markdown."""
        found: dict[str, Any] = self.page.evaluate(_WRITE, document)
        return found


@pytest.fixture(scope="module")
def bundle(_a_browser_is_there: None, browser: Browser, shared_live: Live) -> Iterator[Bundle]:
    """The built editor under the policy of our pages."""
    context, complaints = browser.new_context(), Complaints()
    page = context.new_page()
    complaints.watch(page)
    page.goto(f"{shared_live.url}/sign-in")
    page.evaluate("async () => { window.editor = await import('/static/vendor/editor/editor.min.js') }")
    yield Bundle(page)
    context.close()
    assert complaints == []


@pytest.fixture
def editor_mode() -> str:
    return "write"


class Writing:
    """The editor on the page of a new message."""

    def __init__(self, page: Page, gala: Gala) -> None:
        self.page, self.gala = page, gala

    @property
    def text(self) -> Locator:
        """Where one writes, once the editor is there."""
        return self.page.locator("[data-editor-place] [role=textbox]")

    @property
    def source(self) -> Locator:
        """The textarea with the Markdown."""
        return self.page.locator("textarea[name=body]")

    @property
    def markdown(self) -> str:
        return self.source.input_value()

    def wake(self) -> None:
        """Moves the mouse, for which the editor waits."""
        self.page.mouse.move(1, 1)
        expect(self.text).to_be_visible()

    def type(self, *keys: str) -> None:
        """Types texts; a key stands in angle brackets: <Enter>."""
        for each in keys:
            if each.startswith("<") and each.endswith(">"):
                self.page.keyboard.press(each[1:-1])
            else:
                self.page.keyboard.type(each)

    def press(self, tool: str) -> None:
        self.page.get_by_role("toolbar", name="Formatting").get_by_role("button", name=tool, exact=True).click()

    def turn(self, mode: str) -> None:
        self.page.get_by_role("group", name="How to write").get_by_role("button", name=mode).click()

    def saved_as(self, body: str) -> bool:
        """Waits until the draft has this body."""
        expect(self.source).to_have_value(body)
        wait_for(lambda: self.gala.drafts() and self.gala.drafts()[-1]["body"] == body, 60.0, f"a draft of {body!r}")
        return True


@pytest.fixture
def writing(watched: Page, gala: Gala) -> Writing:
    """The editor of a new message, empty, with the cursor in it."""
    gala.add_guests([{"email": "ana@guests.org", "first_name": "Ana"}])
    steps.sign_in(watched, gala)
    found = Writing(watched, gala)
    watched.locator("[data-editor-place]").click()
    expect(found.text).to_be_focused()
    return found


@pytest.fixture
def open_draft(watched: Page, gala: Gala) -> Callable[[str], Writing]:
    """open_draft(body): the page of a draft with that body, as another page saved it, with its editor open."""

    def open_(body: str) -> Writing:
        steps.sign_in(watched, gala)
        watched.evaluate("localStorage.editor = 'source'")
        watched.reload()
        steps.write(watched, "A draft", body, statuses=())
        expect(by_test(watched, "guest-message-draft")).to_contain_text("Saved at")
        watched.evaluate("localStorage.editor = 'write'")
        watched.goto(gala.url(f"/messages/{gala.drafts()[-1]['mailing_id']}"))
        found = Writing(watched, gala)
        found.wake()
        return found

    return open_
