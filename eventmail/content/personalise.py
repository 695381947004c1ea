"""One guest's mail from compiled content. The mode of each slot encodes the value; no parser reads values (C4)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from eventmail.content.compiled import PARTS, Compiled
from eventmail.content.pieces import Choice, Mode, Piece, Pieces, Slot, joined
from eventmail.content.tokens import NOT_STATED, Field
from eventmail.link_targets import leads
from eventmail.value_parsing import clean_value

Values = Mapping[str, str | None]
Fields = Mapping[str, Field]

SUBJECT_LENGTH = 998
# All that RFC 3986 allows in an address, and "%", so that encoded characters stay as they are.
_URL_CHARACTERS = ":/?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True)
class Rendered:
    """The mail of one guest."""

    subject: str
    preheader: str
    html: str
    text: str


def render(compiled: Compiled, values: Values, fields: Fields) -> Rendered:
    """Returns one guest's mail. `values` maps `scope.name` to text; missing ones may be absent, None or blank (C3)."""
    data = {name: clean_value(value) for name, value in values.items()}
    subject, *others = ("".join(strings(getattr(compiled, part), data, fields)) for part in PARTS)
    return Rendered(shortened(subject), *others)


def bind(compiled: Compiled, constants: Values, fields: Fields) -> Compiled:
    """Returns the content with the values that all guests share filled in, so that a guest only costs the others.

    `constants` holds every shared field, None for a missing value. They override the values of `render`.
    """
    data = {name: clean_value(value) for name, value in constants.items()}
    if "calendar.google" in data:
        data["calendar.links"] = ""  # has no value of its own, only its links have
    bound = {part: _bound(getattr(compiled, part), data, fields) for part in PARTS}
    return Compiled(**bound, merged=compiled.merged, hash=compiled.hash, size=compiled.size)


def filled(slot: Slot, data: Mapping[str, str], fields: Fields) -> str:
    """Returns `value_of` a slot, encoded by its mode."""
    return _ENCODED[slot.mode](value_of(slot, data, fields))


def strings(
    pieces: Pieces,
    data: Mapping[str, str],
    fields: Fields,
    fill: Callable[[Slot, Mapping[str, str], Fields], str] = filled,
) -> Iterator[str]:
    """Yields the strings of the pieces, each slot filled by `fill` from cleaned data."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Slot):
            yield fill(piece, data, fields)
        else:
            yield from strings(chosen(piece, data, fields), data, fields, fill)


def chosen(choice: Choice, data: Mapping[str, str], fields: Fields) -> Pieces:
    """Returns the side of a choice that a guest sees."""
    return choice.linked if holds(choice.url, data, fields) else choice.plain


def holds(slot: Slot, data: Mapping[str, str], fields: Fields) -> bool:
    """Whether a value chooses the linked side."""
    if slot.mode is Mode.TEXT:
        return bool(data.get(slot.field) or slot.fallback)
    return leads(value_of(slot, data, fields), slot.mode)


def shortened(subject: str) -> str:
    """Returns a subject of at most 998 characters, as mail services accept it."""
    return subject if len(subject) <= SUBJECT_LENGTH else f"{subject[: SUBJECT_LENGTH - 1].rstrip()}…"


def slots(pieces: Pieces) -> Iterator[Slot]:
    """Yields every slot, also those that decide a choice."""
    for piece in pieces:
        if isinstance(piece, Slot):
            yield piece
        elif isinstance(piece, Choice):
            yield from slots((piece.url, *piece.linked, *piece.plain))


def decisive(name: str) -> str:
    """Returns the field whose value tells whether field `name` has one. All calendar links exist, or none does."""
    return "calendar.google" if name == "calendar.links" else name


def value_of(slot: Slot, data: Mapping[str, str], fields: Fields) -> str:
    """Returns the text of a slot, not encoded: the value, else the author's fallback, else the field's default (C3)."""
    if value := data.get(slot.field) or slot.fallback:
        return value
    field = fields.get(slot.field)
    return field.default if field is not None else NOT_STATED  # a column may have been deleted since (H8)


def _address(url: str) -> str:
    return quote(url, safe=_URL_CHARACTERS)


_ENCODED: Mapping[Mode, Callable[[str], str]] = {
    Mode.HEADER: str,
    Mode.TEXT: str,
    Mode.HTML: escape,
    Mode.COMPONENT: lambda value: quote(value, safe=""),
    Mode.ADDRESS: lambda value: quote(value, safe="@+"),
    Mode.URL: _address,
    Mode.HREF: lambda value: escape(_address(value)),
}


def _bound(pieces: Pieces, data: Mapping[str, str], fields: Fields) -> Pieces:
    return joined(_with_constants(pieces, data, fields))


def _with_constants(pieces: Pieces, data: Mapping[str, str], fields: Fields) -> Iterator[Piece]:
    for piece in pieces:
        if isinstance(piece, Slot) and piece.field in data:
            yield filled(piece, data, fields)
        elif isinstance(piece, Choice) and piece.url.field in data:
            yield from _with_constants(chosen(piece, data, fields), data, fields)
        elif isinstance(piece, Choice):
            yield Choice(piece.url, _bound(piece.linked, data, fields), _bound(piece.plain, data, fields))
        else:
            yield piece
