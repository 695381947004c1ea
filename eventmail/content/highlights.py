"""What a text merged, to be seen: the mail of `personalise.render` with every value that came from a field marked.

Marks stand around text alone. Which text a reader sees is found before any value is filled in, so that no value can
become a mark or end one (C4); without its marks the HTML is, byte for byte, what is sent (C5).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from eventmail.content.compiled import Compiled
from eventmail.content.personalise import Fields, Values, filled, strings
from eventmail.content.pieces import Pieces, Slot
from eventmail.value_parsing import clean_value

Why = Callable[[str, bool], str]

# No source holds this character (tokens.clean_source), so none of it can look like a place for a value.
_PLACE = "\x00"
# What no reader sees as text: comments, the whole head (its title, its style), and tags with their attributes.
_NOT_TEXT = re.compile(
    rf"<!--.*?-->|<head\b.*?</head>|<[!/]?[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>|{_PLACE}(?P<text>\d+){_PLACE}",
    re.DOTALL,
)
_IN_TAG = re.compile(rf"{_PLACE}(\d+){_PLACE}")
STYLE = (
    '<style class="em-marks">'
    ".em-mark { background-color: #dfe5ff !important; color: #1b2130 !important; border-radius: 3px; }"
    ".em-fallback { background-color: #ffe2a8 !important; outline: 1px dashed #7a4b00; }"
    "</style>"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: the author's (`field` is None), or what stands for a field, being its fallback or not."""

    text: str
    field: str | None = None
    fallback: bool = False


def pieces(segments: Pieces, values: Values, fields: Fields) -> list[Piece]:
    """A subject, preview text or plain-text part as one guest reads it, cut where values begin and end."""
    data = {name: clean_value(value) for name, value in values.items()}
    found: list[Piece] = []

    def cut(slot: Slot, data: Mapping[str, str], fields: Fields) -> str:
        found.append(Piece(filled(slot, data, fields), slot.field, not data.get(slot.field)))
        return f"{_PLACE}{len(found) - 1}{_PLACE}"

    parts = _IN_TAG.split("".join(strings(segments, data, fields, cut)))
    return [
        piece
        for text, number in zip(parts[::2], [*parts[1::2], None], strict=True)
        for piece in (Piece(text), found[int(number)] if number is not None else Piece(""))
        if piece.text
    ]


def highlighted(compiled: Compiled, values: Values, fields: Fields, why: Why) -> str:
    """The HTML part as one guest reads it, each merged value in a `<mark>`; `why(field, fallback)` is its title."""
    data = {name: clean_value(value) for name, value in values.items()}
    found: list[Slot] = []

    def place(slot: Slot, _data: Mapping[str, str], _fields: Fields) -> str:
        found.append(slot)
        return f"{_PLACE}{len(found) - 1}{_PLACE}"

    def fill(number: str) -> str:
        return filled(found[int(number)], data, fields)

    def mark(match: re.Match[str]) -> str:
        number = match["text"]
        if number is None:
            return _IN_TAG.sub(lambda inner: fill(inner[1]), match[0])
        slot = found[int(number)]
        fallback = not data.get(slot.field)
        names = "em-mark em-fallback" if fallback else "em-mark"
        return f'<mark class="{names}" title="{escape(why(slot.field, fallback))}">{fill(number)}</mark>'

    html = _NOT_TEXT.sub(mark, "".join(strings(compiled.html, data, fields, place)))
    return html.replace("</head>", f"{STYLE}</head>", 1)


def in_scheme(html: str, *, dark: bool) -> str:
    """The HTML as it looks where mails are shown light or dark, whatever this browser prefers.

    A browser does not let a page choose that for a frame, so the head says it; nothing a guest reads is changed.
    """
    head, end, rest = html.partition("</head>")
    head = head.replace("(prefers-color-scheme: dark)", "all" if dark else "not all")
    both, one = (f'name="color-scheme" content="{words}"' for words in ("light dark", "dark" if dark else "light"))
    return head.replace(both, one) + end + rest
