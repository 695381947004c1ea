"""Pastes HTML as the editor does, and looks at what becomes of it."""

from dataclasses import dataclass

from playwright.sync_api import Page

# Our own vocabulary (`frontend/src/schema.js`): element -> its attributes.
ALLOWED = {
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "li", "hr", "br", "strong", "em", "code",
                     "table", "tbody", "tr"), frozenset[str]()),
    "ul": frozenset({"data-bullet", "data-tight"}),
    "ol": frozenset({"data-start", "data-delimiter", "data-tight"}),
    "pre": frozenset({"data-language"}),
    "td": frozenset({"data-align"}),
    "div": frozenset({"data-kind", "data-href", "data-label"}),
    "span": frozenset({"data-token", "data-picture", "data-src", "data-alt", "data-title"}),
    "a": frozenset({"data-href", "data-title", "data-bare"}),
}  # fmt: skip
_PASTE = """html => {
  const cleaned = editor.cleaned(html);
  const page = new DOMParser().parseFromString(cleaned.html, "text/html");
  const elements = [...page.body.querySelectorAll("*")].map((element) =>
    [element.localName, Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]))]);
  return { html: cleaned.html, ...cleaned.left, elements, text: page.body.textContent };
}"""
_TAKE = "html => { const started = performance.now(); editor.cleaned(html); return performance.now() - started; }"
_READ = """html => {
  const doc = editor.parsed(html);
  doc.check();
  return editor.settled(doc).content.content.map((node) => editor.written(node)).join("\\n\\n");
}"""


@dataclass(frozen=True)
class Pasted:
    """What a paste becomes: `elements` are the names and attributes of its HTML, `text` is its text content.

    `pictures`, `crossed` texts and `links` were left out.
    """

    html: str
    pictures: int
    crossed: int
    links: int
    elements: list[tuple[str, dict[str, str]]]
    text: str

    @property
    def strange(self) -> list[str]:
        """Elements and attributes that are not ours."""
        return [
            f"<{name} {attribute}>"
            for name, attributes in self.elements
            for attribute in ("", *attributes)
            if name not in ALLOWED or (attribute and attribute not in ALLOWED[name])
        ]

    @property
    def addresses(self) -> list[str]:
        """Where its links, buttons and pictures lead."""
        return [
            value
            for _, attributes in self.elements
            for name, value in attributes.items()
            if name in ("data-href", "data-src")
        ]


def paste(page: Page, html: str) -> Pasted:
    """What the editor, loaded in a page, makes of a clipboard."""
    found = page.evaluate(_PASTE, html)
    return Pasted(**{**found, "elements": [(name, attributes) for name, attributes in found["elements"]]})


def markdown(page: Page, html: str) -> str:
    """The Markdown that a clipboard becomes when it is pasted into an empty text."""
    written: str = page.evaluate(_READ, paste(page, html).html)
    return written


def milliseconds(page: Page, html: str) -> float:
    """How long the editor takes for a clipboard, up to the HTML in our own words."""
    taken: float = page.evaluate(_TAKE, html)
    return taken
