"""The plain-text part (C6), from the tokens that also make the HTML: every link of the one is in the other."""

import re

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from eventmail.content import blocks
from eventmail.content.markdown import Target
from eventmail.content.segments import Marks

WIDTH = 72
RULE = "-" * 24
_VALUE_WIDTH = 12  # a guess at a value's length: lines are broken before anyone's values are known


def to_text(tokens: list[Token], marks: Marks) -> str:
    """Plain text with sentinels, lines of at most 72 characters unless a link, code or a value is longer."""
    return "\n".join(_blocks(SyntaxTreeNode(tokens).children, marks, WIDTH))


def wrapped(text: str, marks: Marks, width: int) -> list[str]:
    """The lines of a paragraph with sentinels; only newlines and the blanks between words break it."""
    return [line for paragraph in text.split("\n") for line in _filled(paragraph.split(" "), marks, width)]


def _filled(words: list[str], marks: Marks, width: int) -> list[str]:
    lines = [words[0]]
    room = width - _width(words[0], marks)
    for word in words[1:]:
        room -= 1 + _width(word, marks)
        if room >= 0:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
            room = width - _width(word, marks)
    return lines


def _width(word: str, marks: Marks) -> int:
    values = len(re.findall(rf"{marks.prefix}[tdcau]\d+z", word))
    return len(re.sub(rf"{marks.prefix}[a-z]\d+z", "", word)) + values * _VALUE_WIDTH


def _blocks(nodes: list[SyntaxTreeNode], marks: Marks, width: int, *, tight: bool = False) -> list[str]:
    """The lines of sibling blocks, an empty line between them unless they stand in a tight list."""
    lines: list[str] = []
    for node in nodes:
        block = _block(node, marks, width)
        lines += [*([""] if lines and block and not tight else []), *block]
    return lines


def _block(node: SyntaxTreeNode, marks: Marks, width: int) -> list[str]:  # noqa: PLR0911, one line for each kind
    match node.type:
        case "bullet_list" | "ordered_list":
            return _list(node, marks, width)
        case "blockquote":
            return [f"> {line}".rstrip() for line in _blocks(node.children, marks, width - 2)]
        case "fence" | "code_block":
            return [f"    {line}" for line in node.content.rstrip("\n").split("\n")]
        case "hr":
            return [RULE]
        case "table":
            return _table(node, marks, width)
        case "block_button":
            return wrapped(_labelled(node.content, node.meta["target"], marks), marks, width)
        case "block_calendar_links":
            return wrapped(blocks.calendar_text(marks, node.meta["number"]), marks, width)
        case "block_broken":
            return node.content.rstrip("\n").split("\n")
    said = [inline for child in node.children for inline in child.children if inline.type != "text" or inline.content]
    if len(said) == 1 and said[0].type == "merge_calendar":
        return wrapped(blocks.calendar_text(marks, said[0].meta["number"]), marks, width)
    return wrapped(_inline(node.children, marks).strip(), marks, width)


def _list(node: SyntaxTreeNode, marks: Marks, width: int) -> list[str]:
    lines: list[str] = []
    first = int(node.attrs.get("start", 1))
    tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    for number, item in enumerate(node.children, first):
        bullet = "- " if node.type == "bullet_list" else f"{number}. "
        inner = _blocks(item.children, marks, width - len(bullet), tight=tight) or [""]
        lines += [""] if lines and not tight else []
        lines += [f"{' ' * len(bullet) if at else bullet}{line}".rstrip() for at, line in enumerate(inner)]
    return lines


def _table(node: SyntaxTreeNode, marks: Marks, width: int) -> list[str]:
    """Each row as "head: value" lines, so that it reads on a phone and aloud."""
    rows = [row for section in node.children for row in section.children]
    head = [_inline(cell.children, marks) for cell in rows[0].children]
    lines: list[str] = []
    for row in rows[1:] or rows[:1]:
        lines += [""] if lines else []
        for name, cell in zip(head, row.children, strict=False):
            value = _inline(cell.children, marks)
            lines += wrapped(f"{name}: {value}".rstrip() if name and row is not rows[0] else value, marks, width)
    return lines


def _inline(nodes: list[SyntaxTreeNode], marks: Marks) -> str:
    return "".join(_inline_node(node, marks) for node in nodes)


def _inline_node(node: SyntaxTreeNode, marks: Marks) -> str:  # noqa: PLR0911, one line for each kind
    match node.type:
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "text" | "code_inline":
            return node.content
        case "image":
            return node.content
        case "link":
            return _labelled(_inline(node.children, marks), node.meta["target"], marks)
        case "merge_url":
            number = node.meta["number"]
            return marks.either(number, marks.mark("u", number), marks.mark("t", number))
        case "merge_calendar":
            return blocks.calendar_text(marks, node.meta["number"], around="\n")
    return _inline(node.children, marks)


def _labelled(label: str, target: Target | None, marks: Marks) -> str:
    """`label: URL`, or the URL alone when the label says nothing else."""
    if target is None:
        return label
    bare = re.sub("^(mailto|tel):", "", target.href)
    if not label or label in {target.href, bare}:
        return f"{target.opening(marks)}{label or target.href}{target.closing(marks, label)}"
    return f"{label}{target.opening(marks)}: {target.href}{target.closing(marks, '')}"
