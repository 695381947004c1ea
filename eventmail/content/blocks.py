"""The blocks of a body (C5), which end with `:::`: `::: button URL` with a label, and `::: calendar-links`."""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from eventmail.content.pieces import CALENDAR_NAMES, Codec

_FENCE = re.compile(r":::[ \t]*(?P<name>[^\s:]*)[ \t]*(?P<argument>.*?)[ \t]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be sent in a body: its line from 1, and a sentence for the author."""

    line: int
    message: str


def install(md: MarkdownIt) -> None:
    """Adds the blocks to the parser, which appends each `Problem` to `env["problems"]`."""
    md.block.ruler.before("fence", "eventmail_block", _rule, {"alt": ["paragraph", "reference", "blockquote", "list"]})


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _rule(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    opening = _FENCE.fullmatch(_line(state, first))
    if opening is None or state.is_code_block(first):
        return False
    if silent:
        return True
    end = first + 1
    if not opening["name"]:
        return _push_broken(state, first, end, "This “:::” line closes no block.")
    # A line with less indent ends the list item or quote around the block.
    while end < last and not (state.sCount[end] < state.blkIndent and not state.isEmpty(end)):
        if _line(state, end).strip() == ":::":
            break
        end += 1
    closed = end < last and _line(state, end).strip() == ":::"
    label = " ".join(_line(state, number).strip() for number in range(first + 1, end)).strip()
    wrong = _problem(opening["name"], opening["argument"], label) if closed else "has no closing “:::” line."
    if wrong:
        return _push_broken(state, first, end + closed, f"The block “{_line(state, first).strip()}” {wrong}")
    token = _push(state, first, end + closed, f"block_{opening['name'].replace('-', '_')}")
    token.content = label
    token.attrSet("href", opening["argument"])
    return True


def _push(state: StateBlock, first: int, end: int, kind: str) -> Token:
    token = state.push(kind, "div", 0)
    token.block, token.map = True, [first, end]
    state.line = end
    return token


def _push_broken(state: StateBlock, first: int, end: int, message: str) -> bool:
    _push(state, first, end, "block_broken").content = state.getLines(first, end, 0, False)
    state.env["problems"].append(Problem(first + 1, message))
    return True


def _problem(name: str, argument: str, label: str) -> str | None:
    if name == "button":
        if not argument or len(argument.split()) > 1:
            return "needs one web address, as in “::: button https://example.com”."
        return None if label else "needs the words that stand on the button."
    if name == "calendar-links":
        return None if not (argument or label) else "takes no address and no words."
    return "is not one we know. There are “::: button” and “::: calendar-links”."


def button_html(href: str, label: str) -> str:
    """Returns a button that Outlook draws, too: the cell has the colour. Both arguments are escaped already."""
    return (
        '<table class="em-button" role="presentation" cellpadding="0" cellspacing="0" border="0"><tbody><tr>'
        f'<td class="em-button-cell" bgcolor="#3346d3"><a class="em-button-link" href="{href}">{label}</a></td>'
        "</tr></tbody></table>\n"
    )


def calendar_html(codec: Codec, number: int) -> str:
    """Returns the calendar links side by side, or the text of token `number` when the event has no time."""
    links = [
        f'{" · " if at else ""}<a href="https://{codec.code("u", codec.own(field))}">{name}</a>'
        for at, (field, name) in enumerate(CALENDAR_NAMES.items())
    ]
    return _calendar(codec, number, links)


def calendar_text(codec: Codec, number: int, around: str = "") -> str:
    """Returns the calendar links, one on a line, between `around`, or the text of token `number`."""
    links = [f"- {name}: {codec.code('u', codec.own(field))}\n" for field, name in CALENDAR_NAMES.items()]
    return _calendar(codec, number, [around + links[0], *links[1:-1], links[-1].rstrip("\n") + around])


def _calendar(codec: Codec, number: int, links: list[str]) -> str:
    """Shows each link that has an address, but none if the first has none."""
    chosen = [codec.either(codec.own(name), link, "") for name, link in zip(CALENDAR_NAMES, links, strict=True)]
    return codec.either(codec.own("calendar.google"), "".join(chosen), codec.code("d", number))
