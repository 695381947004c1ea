"""Markdown that did not become what was meant: marks that are still to be seen, links and headings that are none.

Only what is surely a slip is told, since marks have honest uses, too: footnotes, ratings, hidden digits, formulas. The
functions take the words of `shown.of`.
"""

import re
from collections.abc import Iterator

# A mark opens in front of a word and closes behind one. Lengths are bounded, so that a long text costs little.
_BEFORE = r"(?:(?<=[\s(\[{\"'“„”«»‹›‘‚’¿¡>—–:-])|^)"
_PAIR = re.compile(r"(?<!\*)\*\*(?!\*)")
_OPENS = re.compile(rf"{_BEFORE}\*\*(?=[^\s*.,;:!?)\]}}…])")
_CLOSES = re.compile(r"(?<=[^\s*])\*\*(?![\w*])")
_UNDERLINED = re.compile(rf"{_BEFORE}__(?=[^\W_])")
_SINGLE = tuple(
    re.compile(rf"{_BEFORE}{mark}(?=[^\W\d_])[^{mark}\n]{{2,80}}[^\s{mark}][ \t]{{1,3}}{mark}(?=[\s.,;:!?)]|$)")
    for mark in (r"\*", "_")
)
_SCHEME = r"(?:https?://|www\.|mailto:|tel:)"
_FILE = r"[^()\n]{0,200}[^\W_]\.[a-z]{2,4}(?=[\s)/?#])[^()\n]{0,200}\)"
_LINK = re.compile(rf"!?\[[^\[\]\n]+\]\([ \t]*(?:{_SCHEME}[^\n]*?(?:\)|$)|{_FILE})", re.IGNORECASE | re.MULTILINE)
_APART = re.compile(rf"!?\[(?!\d+\])[^\[\]\n]+\][ \t]\({_SCHEME}[^\n]*?(?:\)|$)", re.IGNORECASE | re.MULTILINE)
_TURNED = re.compile(rf"\([^()\n]+\)\[{_SCHEME}[^\n]*?(?:\]|$)", re.IGNORECASE | re.MULTILINE)
_BLANK = re.compile(r"\]\([^()]*\S[ \t]+[^\s()\"']")
_HEADING = re.compile(r"^(?P<signs>#{2,6})(?=[^\W\d_])[^\n]*", re.MULTILINE)
_TITLE = re.compile(r"#(?P<word>[^\W\d_]+)(?![^\s])[^\n#]{0,50}(?<=\w)$", re.MULTILINE)


def mark(words: str, *, after_footnote: bool) -> tuple[str, str] | None:
    """Returns the first mark of a block that is left over, and the words from there on.

    `after_footnote` says that an earlier block ends words with `**`, so that this one may be the footnote.
    """
    if (at := _bold(words, after_footnote=after_footnote)) is not None:
        return "**", words[at:]
    if found := _UNDERLINED.search(words):
        return "__", words[found.start() :]
    for single in _SINGLE:
        if (found := single.search(words)) and words.count(found[0][0]) == 2:
            return found[0][0], found[0]
    return None


def refers(words: str) -> bool:
    """Whether a word ends with `**` before any begins with it, as one that refers to a footnote."""
    if "**" not in words:
        return False
    closing, opening = _CLOSES.search(words), _OPENS.search(words)
    return closing is not None and (opening is None or closing.start() < opening.start())


def _bold(words: str, *, after_footnote: bool) -> int | None:
    pairs = [found.start() for found in _PAIR.finditer(words)]
    if not pairs:
        return None
    may_be_footnote = after_footnote or refers(words)
    for at in (found.start() for found in _OPENS.finditer(words)):
        is_footnote = may_be_footnote and (at == 0 or words[at - 1] == "\n")
        is_formula = words[at + 2].isdigit() and words[max(at - 9, 0) : at].rstrip()[-1:].isdigit()
        if not (is_footnote or is_formula):
            return at
    return None if after_footnote or len(pairs) != 2 else _apart(words, *pairs)


def _apart(words: str, first: int, second: int) -> int | None:
    """Returns the first of two marks of one line, if they stand as in `** bold **`, where such a line begins or ends.

    Else they part words: “Music ** Dance ** Food”. In `** bold**` the second tells enough.
    """
    before, inside, behind = words[:first], words[first + 2 : second], words[second + 2 :]
    if "\n" in inside or not inside.strip() or not inside[0].isspace() or not f" {before}"[-1].isspace():
        return None
    if not inside[-1].isspace():
        return first if not behind[:1].isalnum() else None
    at_edge = before.rpartition("\n")[2].strip() == "" or behind.partition("\n")[0].strip() == ""
    return first if at_edge else None


def links(words: str) -> Iterator[tuple[str, str]]:
    """Yields (what is wrong, the words) for each link that is read as it was typed: "blank", "apart", "turned", ""."""
    for found in _LINK.finditer(words):
        yield ("blank" if _BLANK.search(found[0]) else ""), found[0]
    for fault, pattern in (("apart", _APART), ("turned", _TURNED)):
        for found in pattern.finditer(words):
            yield fault, found[0]


def headings(words: str, *, has_more: bool) -> Iterator[tuple[str, str]]:
    """Yields (its signs, the line) for each line of a paragraph that was meant as a heading.

    A single `#` may begin a hashtag, and those stand at the end, or with others, or have capitals and digits inside. So
    it is told only in the first line, before more text, and before a word like “Food”.
    """
    for found in _HEADING.finditer(words):
        yield found["signs"], found[0]
    title = _TITLE.match(words) if words.count("#") == 1 and (has_more or "\n" in words) else None
    if title and title["word"].istitle():
        yield "#", title[0]
