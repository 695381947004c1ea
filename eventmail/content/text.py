"""The plain-text part (C6), made of the same tokens as the HTML part, so that both have the same links."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from eventmail.content import blocks
from eventmail.content.markdown import Target
from eventmail.content.pieces import Codec

WIDTH = 78
RULE = "-" * 24
_EMPTY = re.compile(r"[>\s]*")
_VALUE_WIDTH = 12  # a guess, since lines are broken before values are known
# Between these, empty lines are as typed. Before any other block is at least one.
_TYPED = frozenset({"paragraph", "bullet_list", "ordered_list", "list_item"})


@dataclass(frozen=True, slots=True)
class _Page:
    """The sentinels of a text, and whether each line of its source is empty."""

    codec: Codec
    empty: Sequence[bool]

    def before(self, node: SyntaxTreeNode) -> int:
        """Returns how many lines of the source are empty right before a block."""
        first = at = node.map[0] if node.map else 0
        while at and self.empty[at - 1]:
            at -= 1
        return first - at


def to_text(tokens: list[Token], codec: Codec, body: str) -> str:
    """Returns plain text with sentinels, in lines of at most 78 characters unless a link, code or value is longer.

    `body` is the source of the tokens. Its text without Markdown's own signs is all in the result (C5).
    """
    page = _Page(codec, [_EMPTY.fullmatch(line) is not None for line in body.split("\n")])
    return "\n".join(_blocks(SyntaxTreeNode(tokens).children, page, WIDTH))


def wrapped(text: str, codec: Codec, width: int) -> list[str]:
    """Returns the lines of a paragraph with sentinels, broken only at newlines and blanks."""
    return [line for paragraph in text.split("\n") for line in _filled(paragraph.split(" "), codec, width)]


def _filled(words: list[str], codec: Codec, width: int) -> list[str]:
    lines = [words[0]]
    room = width - _width(words[0], codec)
    for word in words[1:]:
        room -= 1 + _width(word, codec)
        if room >= 0:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
            room = width - _width(word, codec)
    return lines


def _width(word: str, codec: Codec) -> int:
    values = len(re.findall(rf"{codec.prefix}[tdcau]\d+z", word))
    return len(re.sub(rf"{codec.prefix}[a-z]\d+z", "", word)) + values * _VALUE_WIDTH


def _blocks(nodes: Sequence[SyntaxTreeNode], page: _Page, width: int) -> list[str]:
    """Returns the lines of sibling blocks, with the empty lines that were typed between them."""
    lines: list[str] = []
    before = ""
    for node in nodes:
        block = _block(node, page, width)
        if lines and block:
            least = 0 if {before, node.type} <= _TYPED else 1
            lines += [""] * max(least, page.before(node))
        lines += block
        before = node.type
    return lines


def _block(node: SyntaxTreeNode, page: _Page, width: int) -> list[str]:  # noqa: PLR0911, one line for each kind
    codec = page.codec
    match node.type:
        case "bullet_list" | "ordered_list":
            return _blocks(node.children, page, width)
        case "list_item":
            return _item(node, page, width)
        case "blockquote":
            return [f"> {line}".rstrip(" ") for line in _blocks(node.children, page, width - 2)]
        case "fence" | "code_block":
            return [f"    {line}" for line in node.content.rstrip("\n").split("\n")]
        case "hr":
            return [RULE]
        case "table":
            return _table(node, codec, width)
        case "block_button":
            return wrapped(_labelled(node.content, node.meta["target"], codec), codec, width)
        case "block_calendar_links":
            return wrapped(blocks.calendar_text(codec, node.meta["number"]), codec, width)
        case "block_broken":
            return node.content.rstrip("\n").split("\n")
    said = [inline for child in node.children for inline in child.children if inline.type != "text" or inline.content]
    if len(said) == 1 and said[0].type == "merge_calendar":
        return wrapped(blocks.calendar_text(codec, said[0].meta["number"]), codec, width)
    return wrapped(_inline(node.children, codec).strip(" \n"), codec, width)


def _item(node: SyntaxTreeNode, page: _Page, width: int) -> list[str]:
    """Returns the lines of an item, with the bullet or number as typed."""
    bullet = f"{node.info}{node.markup} "
    inner = _blocks(node.children, page, width - len(bullet)) or [""]
    return [f"{' ' * len(bullet) if at else bullet}{line}".rstrip(" ") for at, line in enumerate(inner)]


def _table(node: SyntaxTreeNode, codec: Codec, width: int) -> list[str]:
    """Returns each row as "head: value" lines, which can be read on a phone and aloud."""
    rows = [row for section in node.children for row in section.children]
    head = [_inline(cell.children, codec) for cell in rows[0].children]
    lines: list[str] = []
    for row in rows[1:] or rows[:1]:
        lines += [""] if lines else []
        for name, cell in zip(head, row.children, strict=False):
            value = _inline(cell.children, codec)
            lines += wrapped(f"{name}: {value}".rstrip(" ") if name and row is not rows[0] else value, codec, width)
    return lines


def _inline(nodes: list[SyntaxTreeNode], codec: Codec) -> str:
    return "".join(_inline_node(node, codec) for node in nodes)


def _inline_node(node: SyntaxTreeNode, codec: Codec) -> str:  # noqa: PLR0911, one line for each kind
    match node.type:
        case "softbreak" | "hardbreak":
            return "\n"
        case "text" | "code_inline" | "image":
            return node.content
        case "link" if node.markup == "linkify":
            return _inline(node.children, codec)
        case "link":
            return _labelled(_inline(node.children, codec), node.meta["target"], codec)
        case "merge_url":
            number = node.meta["number"]
            return codec.either(number, codec.code("u", number), codec.code("t", number))
        case "merge_calendar":
            return blocks.calendar_text(codec, node.meta["number"], around="\n")
    return _inline(node.children, codec)


def _labelled(label: str, target: Target | None, codec: Codec) -> str:
    """Returns `label: URL`, the URL alone when the label is the same, or the address where it does not link (C8)."""
    if target is None:
        return label
    if target.number is not None and codec.alike(label, target.raw):
        return target.either(codec, target.href, label)
    if label in {"", target.href, re.sub("^(mailto|tel):", "", target.href)}:
        return target.either(codec, label or target.href, label or target.raw)
    return label + target.either(codec, f": {target.href}", target.if_any(codec, f": {target.raw}"))
