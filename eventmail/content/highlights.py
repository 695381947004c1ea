"""The mail of `personalise.render` with highlights around every merged value.

Highlights stand in visible text only. That text is found before any value is filled in, so no value can begin or end a
highlight (C4). Without highlights the HTML is, byte for byte, what is sent (C5).
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

# Stands on both sides of a value's number. No source holds it (tokens.clean_source), so no author can write one.
_EDGE = "\x00"
# Invisible to a reader: comments, the head with its title and style, and tags with their attributes.
_NOT_TEXT = re.compile(
    rf"<!--.*?-->|<head\b.*?</head>|<[!/]?[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>|{_EDGE}(?P<text>\d+){_EDGE}",
    re.DOTALL,
)
_IN_TAG = re.compile(rf"{_EDGE}(\d+){_EDGE}")
STYLE = (
    '<style class="em-marks">'
    ".em-mark { background-color: #dfe5ff !important; color: #1b2130 !important; border-radius: 3px; }"
    ".em-fallback { background-color: #ffe2a8 !important; outline: 1px dashed #7a4b00; }"
    "</style>"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of the author (`field` is None), or the value or fallback of a field."""

    text: str
    field: str | None = None
    fallback: bool = False


def pieces(part: Pieces, values: Values, fields: Fields) -> list[Piece]:
    """Returns a subject, preview text or plain-text part as one guest reads it, cut where values begin and end."""
    data = {name: clean_value(value) for name, value in values.items()}
    found: list[Piece] = []

    def cut(slot: Slot, data: Mapping[str, str], fields: Fields) -> str:
        found.append(Piece(filled(slot, data, fields), slot.field, not data.get(slot.field)))
        return f"{_EDGE}{len(found) - 1}{_EDGE}"

    cuts = _IN_TAG.split("".join(strings(part, data, fields, cut)))
    in_order = (found[int(text)] if at % 2 else Piece(text) for at, text in enumerate(cuts))
    return [piece for piece in in_order if piece.text]


def highlighted(compiled: Compiled, values: Values, fields: Fields, why: Why) -> str:
    """Returns the HTML part for one guest, each merged value in a `<mark>` with the title `why(field, fallback)`."""
    data = {name: clean_value(value) for name, value in values.items()}
    found: list[Slot] = []

    def numbered(slot: Slot, _data: Mapping[str, str], _fields: Fields) -> str:
        found.append(slot)
        return f"{_EDGE}{len(found) - 1}{_EDGE}"

    def highlight(match: re.Match[str]) -> str:
        if match["text"] is None:
            return _IN_TAG.sub(lambda inner: filled(found[int(inner[1])], data, fields), match[0])
        slot = found[int(match["text"])]
        fallback = not data.get(slot.field)
        names = "em-mark em-fallback" if fallback else "em-mark"
        title = escape(why(slot.field, fallback))
        return f'<mark class="{names}" title="{title}">{filled(slot, data, fields)}</mark>'

    html = _NOT_TEXT.sub(highlight, "".join(strings(compiled.html, data, fields, numbered)))
    return html.replace("</head>", f"{STYLE}</head>", 1)


def in_scheme(html: str, *, dark: bool) -> str:
    """Returns the HTML in the light or dark scheme, whatever this browser prefers.

    No page can choose a frame's scheme, so the head does. The rest stays as it is.
    """
    head, end, rest = html.partition("</head>")
    head = head.replace("(prefers-color-scheme: dark)", "all" if dark else "not all")
    both, one = (f'name="color-scheme" content="{words}"' for words in ("light dark", "dark" if dark else "light"))
    return head.replace(both, one) + end + rest
