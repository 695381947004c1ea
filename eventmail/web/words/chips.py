"""The merge fields of a text as small pills, for pages; `eventmail.content.chips.plain` has them as mere text."""

from collections.abc import Mapping

from markupsafe import Markup

from eventmail.content import chips
from eventmail.content.tokens import Field

# A name or fallback may be written from right to left; it keeps to itself, and the text around to its own direction.
_CHIP = Markup('<span class="chip" dir="auto">{}</span>')
_WITH_FALLBACK = Markup('<span class="chip" dir="auto">{}, or <bdi>{}</bdi></span>')
_UNKNOWN = Markup('<span class="chip no-field" dir="auto" title="No merge field is called that.">{}</span>')


def marked(text: str, fields: Mapping[str, Field] | None) -> Markup:
    """The pieces of a text for a page (C1, C2); `fields` as for `chips.pieces`."""
    return Markup("").join(map(_drawn, chips.pieces(text, fields)))


def _drawn(piece: chips.Piece) -> Markup | str:
    if isinstance(piece, chips.Unknown):
        return _UNKNOWN.format(piece.written)
    if isinstance(piece, chips.Chip):
        return _WITH_FALLBACK.format(piece.label, piece.fallback) if piece.fallback else _CHIP.format(piece.label)
    return piece
