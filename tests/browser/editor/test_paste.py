"""What stands on the clipboard is pasted into the editor of a page."""

import pytest
from playwright.sync_api import expect

from tests.browser.editor.conftest import Writing

_PASTE = """([html, plain]) => {
  const data = new DataTransfer();
  data.setData('text/html', html);
  data.setData('text/plain', plain);
  document.querySelector('[data-editor-place] [role=textbox]')
    .dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def paste(writing: Writing, html: str, plain: str = "") -> None:
    writing.page.evaluate(_PASTE, [html, plain])


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (
            (
                '<b style="font-weight:normal" id="docs-internal-guid-1"><span style="font-weight:400">Hello </span>'
                '<span style="font-weight:700">big</span></b>'
            ),
            "Hello **big**",
        ),
        (
            "".join(
                f'<p class="MsoListParagraph" style="mso-list:l0 level{level} lfo1"><span style="mso-list:Ignore">·'
                f"<span>&nbsp;&nbsp;</span></span>{word}</p>"
                for level, word in ((1, "One"), (1, "Two"), (2, "Three"))
            ),
            "- One\n- Two\n  - Three",
        ),
        (
            '<p><a href="javascript:alert(1)">Press</a> <a href="https://e.com">here</a></p>',
            "Press [here](https://e.com)",
        ),
        ("<p>Hi {guest.firstName|you}</p>", "Hi {guest.firstName|you}"),
        ('<pre data-raw data-source="# Boo">x</pre><p>y</p>', "```\n# Boo\nx\n```\n\ny"),
    ],
    ids=["G1", "G2", "G15", "field", "raw"],
)
def test_G1_G2_G15_what_is_pasted_is_clean(writing: Writing, html: str, markdown: str) -> None:
    paste(writing, html)
    assert writing.saved_as(markdown)


def test_a_pasted_picture_is_left_out_and_the_page_says_so(writing: Writing) -> None:
    paste(writing, '<p>Look <img src="data:image/png;base64,AA" width=50 height=50> here</p>')
    assert writing.saved_as("Look here")
    expect(writing.page.locator("[data-editor-notice]")).to_contain_text("A picture was left out")


def test_plain_text_is_pasted_in_paragraphs_and_lines(writing: Writing) -> None:
    writing.page.evaluate(
        """plain => {
      const data = new DataTransfer();
      data.setData('text/plain', plain);
      document.querySelector('[data-editor-place] [role=textbox]')
        .dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }""",
        "One *star*\nTwo {guest.firstName}\n\nThree",
    )
    assert writing.saved_as("One \\*star\\*\nTwo {guest.firstName}\n\nThree")
