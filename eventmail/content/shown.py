"""The words of a paragraph as guests see them, with what was escaped or is code or an address told apart.

The parser joins escaped characters with their neighbours, so this is noted before: a `**` that is left over is another
thing than a `\\*\\*`.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

WANTED = "wants_shown"  # in the parser's env
_MARKS = "*_[]()#"
_MASKS = "".join(map(chr, range(0xFDD0, 0xFDD0 + len(_MARKS))))  # characters that no text has
_MASKED = str.maketrans(_MARKS, _MASKS)
_IN_ADDRESS = str.maketrans(_MARKS.translate({ord(sign): None for sign in "()"}), _MASKS[:4] + _MASKS[6:])
_TYPED = str.maketrans(_MASKS, _MARKS)
_MAY_MATTER = re.compile(r"[*_#]|\][ \t]?\(|\)\[")


def install(md: MarkdownIt) -> None:
    """Adds the rule to the parser. It costs nothing unless the parser's env has WANTED."""
    md.core.ruler.before("text_join", "eventmail_shown", _note)


def of(token: Token) -> str:
    """Returns the words of an inline token, in which masks stand for signs that mark nothing; "" if it has no signs."""
    words: str = token.meta.get("shown", "")
    return words


def typed(shown: str) -> str:
    """Returns a part of the words without masks."""
    return shown.translate(_TYPED)


def _note(state: StateCore) -> None:
    if WANTED not in state.env:
        return
    for token in state.tokens:
        if token.type == "inline" and _MAY_MATTER.search(token.content):
            token.meta["shown"] = "".join(_words(token.children or []))


def _words(children: list[Token]) -> Iterator[str]:
    in_address = False
    for child in children:
        if child.type in ("link_open", "link_close"):
            in_address = child.type == "link_open" and child.markup in ("linkify", "autolink")
        elif child.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif child.type == "text":
            yield child.content.translate(_IN_ADDRESS) if in_address else child.content
        else:
            yield child.content.translate(_MASKED)
