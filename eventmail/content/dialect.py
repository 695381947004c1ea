"""The differences of our Markdown from CommonMark, so that what was typed is what is read (C5).

No number changes, no line or character vanishes, and a star inside a word is a star.
"""

import re
import unicodedata

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.lheading import lheading
from markdown_it.rules_block.list import list_block
from markdown_it.rules_block.reference import reference
from markdown_it.rules_inline import StateInline

_ORDERED = re.compile(r"(?P<number>[0-9]{1,9})(?P<delimiter>[.)])(?:[ \t]+(?P<rest>.*)|$)", re.DOTALL)
_LIST_LIKE = re.compile(r"(?:[-+*]|[0-9]{1,9}[.)])(?:[ \t]|$)")
_UNDERLINE = re.compile(r"(?:-{1,2}|={1,2})[ \t]*")
_DEFINITION = re.compile(r"[ \t]*\[(?P<label>[^\[\]\n]+)\]:[ \t]*<?(?:https?:|mailto:|tel:)", re.IGNORECASE)
_BRACKETED = re.compile(r"\[([^\[\]]{1,999})\](?!:)")
# A star opens nothing before the former and closes nothing behind the latter: "*.pdf", "(*)".
_OPENS_NOT, _CLOSES_NOT = frozenset(")]}.,;:"), frozenset("([{")


def install(md: MarkdownIt) -> None:
    """Adds the dialect to a CommonMark parser."""
    md.block.ruler.at("list", _list, {"alt": ["paragraph", "reference", "blockquote"]})
    md.block.ruler.at("lheading", _heading_by_underline)
    md.block.ruler.at("reference", _definition)
    md.inline.ruler.before("emphasis", "eventmail_star", _star)


def _list(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """CommonMark's list, but an ordered one only if each typed number is the one that is read."""
    ordered = _ordered(state, first)
    # Asked inside an item, a line with less indent ends the item, whatever the line becomes.
    if ordered is None or (silent and state.sCount[first] < state.blkIndent):
        return list_block(state, first, last, silent)
    if state.is_code_block(first) or not _counts(state, first, last, ordered):
        return False
    if silent:
        return list_block(state, first, last, silent)
    tokens, problems, known = len(state.tokens), len(state.env["problems"]), set(state.env.get("references", ()))
    made = list_block(state, first, last, silent)
    if made and not _is_read_as_typed(state, tokens):
        # A block between its items ended the list early, and the rest would count wrongly.
        del state.tokens[tokens:], state.env["problems"][problems:]
        for label in set(state.env.get("references", ())) - known:
            del state.env["references"][label]
        state.line = first
        _plain(state).add(first)
        return False
    return made


def _ordered(state: StateBlock, line: int) -> re.Match[str] | None:
    return _ORDERED.fullmatch(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line])


def _plain(state: StateBlock) -> set[int]:
    """Returns the lines that are known to begin no item of an ordered list."""
    found: set[int] = state.env.setdefault("no_items", set())
    return found


def _counts(state: StateBlock, first: int, last: int, ordered: re.Match[str]) -> bool:
    """Whether the items from `first` on count up by one, and none begins like a list itself. A single item must be 1.

    Otherwise all the items are text, and are remembered as such, so that each line is checked once.
    """
    plain = _plain(state)
    if first in plain:
        return False
    lines, number, right = [first], int(ordered["number"]), _is_item(ordered)
    indent, was_empty = _content_indent(state, first, ordered), False
    for line in range(first + 1, last):
        if state.isEmpty(line):
            was_empty = True
            continue
        if state.sCount[line] < state.blkIndent:
            break
        item = _ordered(state, line) if state.sCount[line] < indent else None
        if item is None:
            if state.sCount[line] < indent and was_empty:
                break
        elif item["delimiter"] != ordered["delimiter"]:
            break
        else:
            number += 1
            lines.append(line)
            indent = _content_indent(state, line, item)
            right = right and _is_item(item) and int(item["number"]) == number
        was_empty = False
    if right and (len(lines) > 1 or number == 1):
        return True
    plain.update(lines)
    return False


def _is_item(item: re.Match[str]) -> bool:
    return (item["number"] == "0" or item["number"][0] != "0") and not _LIST_LIKE.match(item["rest"] or "")


def _content_indent(state: StateBlock, line: int, item: re.Match[str]) -> int:
    """Returns the column of an item's content by CommonMark, which counts up to four blanks behind the number."""
    number, rest = len(item["number"]) + 1, item["rest"] or ""
    blanks = len(item[0]) - number - len(rest)
    return int(state.sCount[line]) + number + (blanks if rest and blanks <= 4 else 1)


def _is_read_as_typed(state: StateBlock, opening: int) -> bool:
    level = state.tokens[opening].level + 1
    items = [token.info for token in state.tokens[opening:] if token.type == "list_item_open" and token.level == level]
    first = int(items[0])
    return items == [str(number) for number in range(first, first + len(items))] and (len(items) > 1 or first == 1)


def _heading_by_underline(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """CommonMark's, but underlined by at least three signs: fewer are a dash, or begin a signature."""
    if not lheading(state, first, last, silent):
        return False
    under = state.line - 1
    if not _UNDERLINE.fullmatch(state.src, state.bMarks[under] + state.tShift[under], state.eMarks[under]):
        return True
    del state.tokens[-3:]
    state.line = first
    return False


def _definition(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """CommonMark's, but only of a web or mail address that a link uses, since the line vanishes."""
    found = _DEFINITION.match(state.src, state.bMarks[first] + state.tShift[first], state.eMarks[first])
    if found is None or _label(found["label"]) not in _used_labels(state):
        return False
    return reference(state, first, last, silent)


def _used_labels(state: StateBlock) -> set[str]:
    """Returns all texts in brackets except definitions, in the form in which labels are compared."""
    if "labels" not in state.env:
        state.env["labels"] = {_label(found) for found in _BRACKETED.findall(state.src)}
    labels: set[str] = state.env["labels"]
    return labels


def _label(label: str) -> str:
    return " ".join(label.casefold().split())


def _star(state: StateInline, silent: bool) -> bool:
    """A single star is text between two letters or digits, or if it neither opens nor closes beside punctuation."""
    at, source = state.pos, state.src
    if source[at] != "*" or source[at + 1 : at + 2] == "*" or source[max(at - 1, 0) : at] == "*":
        return False
    before, behind = source[max(at - 1, 0) : at], source[at + 1 : at + 2]
    in_word = _is_letter(before) and _is_letter(behind)
    if not in_word and behind not in _OPENS_NOT and before not in _CLOSES_NOT:
        return False
    can_close = not in_word and before not in _CLOSES_NOT and bool(before) and not before.isspace()
    can_open = not in_word and behind not in _OPENS_NOT and bool(behind) and not behind.isspace()
    if can_close or can_open:
        return False
    if not silent:
        state.pending += "*"
    state.pos += 1
    return True


def _is_letter(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LNM"
