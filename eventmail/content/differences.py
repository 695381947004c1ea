"""What changed between two texts, word by word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MOST_WORDS = 4_000  # comparing takes time with the square of their number: beyond, texts count as wholly different
_WORDS = re.compile(r"\s+|[^\s]+")


class Kind(StrEnum):
    """Where a piece of text stands."""

    BOTH = "both"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Piece:
    """Words that stand in both texts, in the one before alone, or in the one after alone."""

    kind: Kind
    text: str


def by_words(before: str, after: str) -> Sequence[Piece]:
    """Both texts in one, in order: without the pieces of AFTER it reads `before`, without those of BEFORE `after`."""
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
