"""The HTML that the editor reads, of a body in our Markdown; `frontend/src/read.js` is its other side.

Each top-level element has its source in `data-source` and what stands before it in `data-gap`, so that what nobody
edits is written back byte for byte. What the editor cannot show without loss is a `<pre data-raw>` of its source.
Nothing in this HTML leads anywhere or loads anything: addresses stand in `data-` attributes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from markdown_it.tree import SyntaxTreeNode

from eventmail.content import markdown
from eventmail.content.compile import protected_body
from eventmail.content.pieces import Codec
from eventmail.content.tokens import Field

_LANGUAGE = re.compile(r"[\w+#.-]*")  # of a code block
_RAW = "<pre data-raw></pre>"
Draw = Callable[[str], str]  # from a text with merge fields to its HTML, which only people look at


def editor_html(body: str, fields: Mapping[str, Field], draw: Draw = lambda _: "") -> str:
    """Returns the HTML of a body, ending with a `<div data-gap>` of what stands behind its last block.

    `fields` are those of `known_fields`. With `draw` it can be looked at as it is. Raises TooMuch.
    """
    protected, codec = protected_body(body, fields)
    nodes, has_references = markdown.typed(protected)
    shown = _Shown(codec, draw)
    lines, out, end = protected.split("\n"), list[str](), 0
    for span in _spans(nodes, lines):
        source = "\n".join(lines[span.first : span.last])
        html = _html(span.node, shown) if span.node else _RAW
        if has_references and span.node and html != _alone(source, shown):
            html = _RAW
        gap = "\n" * bool(out) + "".join(f"{line}\n" for line in lines[end : span.first])
        out.append(_started(html, {"gap": codec.written(gap), "source": codec.written(source)}))
        end = span.last
    tail = "".join(f"\n{line}" for line in lines[end:]) if out else "\n".join(lines)
    return "".join([*out, _started("<div></div>", {"gap": codec.written(tail)})])


@dataclass(frozen=True, slots=True)
class _Span:
    """The lines `first` to before `last` of a block; without a node they define addresses of links."""

    node: SyntaxTreeNode | None
    first: int
    last: int


def _spans(nodes: Sequence[SyntaxTreeNode], lines: Sequence[str]) -> Iterator[_Span]:
    """Yields the spans of all lines that are not empty, in order."""
    end = 0
    for node in nodes:
        first, last = node.map or (end, end)
        yield from _trimmed(None, end, first, lines)
        yield from _trimmed(node, first, last, lines)
        end = last
    yield from _trimmed(None, end, len(lines), lines)


def _trimmed(node: SyntaxTreeNode | None, first: int, last: int, lines: Sequence[str]) -> Iterator[_Span]:
    """Yields the span without empty lines around it, if anything is left."""
    full = [number for number in range(first, last) if lines[number].strip()]
    if full:
        yield _Span(node, full[0], full[-1] + 1)


def _alone(source: str, shown: "_Shown") -> str:
    """Returns the HTML of a block that stands alone, without the addresses that other lines define."""
    nodes, _ = markdown.typed(source)
    return _html(nodes[0], shown) if len(nodes) == 1 else ""


class _UnshownError(Exception):
    """Raised for a part of a block that the editor cannot show without loss."""


def _html(node: SyntaxTreeNode, shown: "_Shown") -> str:
    try:
        return shown.block(node)
    except _UnshownError:
        return _RAW


def _started(html: str, data: Mapping[str, str]) -> str:
    """Returns the HTML of an element with further data attributes."""
    name, rest = re.match(r"<(\w+)(.*)", html, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"<{name}{_data(**data)}{rest}"


def _data(**values: str) -> str:
    return "".join(f' data-{name}="{escape(value)}"' for name, value in values.items()).replace("\n", "&#10;")


@dataclass(frozen=True, slots=True)
class _Shown:
    """Writes the HTML of the nodes of one body."""

    codec: Codec
    draw: Draw

    def block(self, node: SyntaxTreeNode) -> str:  # noqa: PLR0911, one line for each kind
        match node.type:
            case "paragraph":
                return self._around("p", self._inlines(node))
            case "heading":
                return self._heading(node)
            case "bullet_list":
                bullet = node.children[0].markup
                return self._around("ul", self._blocks(node), bullet=bullet, **_tight(node))
            case "ordered_list":
                first = node.children[0]
                kept = {"start": first.info, "delimiter": first.markup, **_tight(node)}
                return self._around("ol", self._blocks(node), **kept)
            case "list_item":
                return self._around("li", self._blocks(node))
            case "blockquote":
                return self._around("blockquote", self._blocks(node))
            case "hr":
                return "<hr>"
            case "fence" | "code_block":
                return self._code(node)
            case "table":
                return self._table(node)
            case "block_button":
                href = self.codec.written(str(node.attrs["href"]))
                label = self.codec.written(node.content)
                return self._around("div", self.draw(label), kind="button", href=href, label=label)
            case "block_calendar_links":
                return self._around("div", "", kind="calendar-links")
        raise _UnshownError

    def _around(self, tag: str, inner: str, **data: str) -> str:
        return f"<{tag}{_data(**data)}>{inner}</{tag}>"

    def _blocks(self, node: SyntaxTreeNode) -> str:
        return "".join(self.block(child) for child in node.children)

    def _heading(self, node: SyntaxTreeNode) -> str:
        inner = self._inlines(node)
        if "<br>" in inner:  # only an underlined heading may have two lines
            raise _UnshownError
        return self._around(node.tag, inner)

    def _code(self, node: SyntaxTreeNode) -> str:
        language = node.info.strip()
        if not _LANGUAGE.fullmatch(language):
            raise _UnshownError
        return f"<pre{_data(language=language)}><code>{self._text(node.content.removesuffix(chr(10)))}</code></pre>"

    def _table(self, node: SyntaxTreeNode) -> str:
        rows = [row for section in node.children for row in section.children]
        return f"<table>{''.join(f'<tr>{self._cells(row)}</tr>' for row in rows)}</table>"

    def _cells(self, row: SyntaxTreeNode) -> str:
        return "".join(
            self._around("td", self._inlines(cell), align=str(cell.attrs.get("style", "")).removeprefix("text-align:"))
            for cell in row.children
        )

    def _inlines(self, node: SyntaxTreeNode) -> str:
        return "".join(self._within(inline) for inline in node.children)

    def _inline(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text":
                return self._text(node.content)
            case "softbreak" | "hardbreak":
                return "<br>"
            case "strong" | "em":
                return self._around(node.type, self._said(node))
            case "code_inline":
                return f"<code>{self._text(node.content)}</code>"
            case "link":
                return self._link(node)
            case "image":
                return self._image(node)
        raise _UnshownError

    def _said(self, node: SyntaxTreeNode) -> str:
        inner = self._within(node)
        if not inner:
            raise _UnshownError
        return inner

    def _within(self, node: SyntaxTreeNode) -> str:
        if any(_is_bare(one) and _is_bare(other) for one, other in pairwise(node.children)):
            raise _UnshownError  # the editor would join the two
        inner = "".join(self._inline(child) for child in node.children)
        if "<br><br>" in inner:  # the editor would make two paragraphs of it
            raise _UnshownError
        return inner

    def _link(self, node: SyntaxTreeNode) -> str:
        kept = {"href": self.codec.written(str(node.attrs["href"]))}
        if _is_bare(node):
            kept["bare"] = ""
        elif "title" in node.attrs:
            kept["title"] = self.codec.written(str(node.attrs["title"]))
        return self._around("a", self._said(node), **kept)

    def _image(self, node: SyntaxTreeNode) -> str:
        if any(child.type != "text" for child in node.children):
            raise _UnshownError
        alt = "".join(child.content for child in node.children)
        kept = {"src": str(node.attrs["src"]), "alt": alt, "title": str(node.attrs.get("title", ""))}
        kept = {name: self.codec.written(value) for name, value in kept.items()}
        return self._around("span", self.draw(kept["alt"]), picture="", **kept)

    def _text(self, text: str) -> str:
        pieces = self.codec.values.split(text)
        plain = [escape(self.codec.braced(piece), quote=False) for piece in pieces[::2]]
        chips = [self._chip(int(number)) for number in pieces[1::2]]
        return "".join(piece for pair in zip(plain, [*chips, ""], strict=True) for piece in pair)

    def _chip(self, number: int) -> str:
        written = self.codec.tokens[number].written
        return self._around("span", self.draw(written), token=written)


def _is_bare(node: SyntaxTreeNode) -> bool:
    return node.type == "link" and node.markup in ("linkify", "autolink")


def _tight(node: SyntaxTreeNode) -> dict[str, str]:
    """Returns the mark of a list without empty lines between its items."""
    paragraphs = [child for item in node.children for child in item.children if child.type == "paragraph"]
    return {"tight": ""} if all(_hidden(paragraph) for paragraph in paragraphs) else {}


def _hidden(node: SyntaxTreeNode) -> bool:
    return bool(node.nester_tokens and node.nester_tokens.opening.hidden)
