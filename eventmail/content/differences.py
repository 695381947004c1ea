"""The differences of two texts, word by word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MOST_WORDS = 4_000  # comparing takes quadratic time; longer texts count as wholly different
# A merge field is one word, whatever blanks its fallback has, so that each piece can be shown with its chips.
_WORDS = re.compile(r"\s++|(?:\{[^{}\n]*+\}|\S)++")


class Kind(StrEnum):
    BOTH = "both"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Piece:
    """Words of both texts, or of one alone."""

    kind: Kind
    text: str


def by_words(before: str, after: str) -> Sequence[Piece]:
    """Returns both texts merged. Without the pieces AFTER it reads `before`, without those BEFORE it reads `after`."""
    if before == after:
        return [Piece(Kind.BOTH, before)] if before else []
    one, other = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(one), len(other)) > MOST_WORDS:
        return _pieces(before, after)
    found: list[Piece] = []
    for kind, i, i_end, j, j_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece(Kind.BOTH, "".join(one[i:i_end])))
        else:
            found.extend(_pieces("".join(one[i:i_end]), "".join(other[j:j_end])))
    return found


def _pieces(before: str, after: str) -> list[Piece]:
    return [Piece(kind, text) for kind, text in ((Kind.BEFORE, before), (Kind.AFTER, after)) if text]
