"""A text of an author as lists and headings show it: each merge field by its name in words (C1).

A page draws a `Chip` as a small pill. `plain` is for the places that hold mere text, such as the title of a page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from eventmail.content.tokens import ESCAPE, FIELDS, Field, find

_BRACE = re.compile("[{}\uff5b\uff5d]")
_GUEST = "guest."


@dataclass(frozen=True, slots=True)
class Chip:
    """A merge field: its name in words, and what its author wants read where there is no value."""

    label: str
    fallback: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was meant as a merge field and is none (C2), as it was typed."""

    written: str


Piece = str | Chip | Unknown


def has_braces(text: str) -> bool:
    """Whether a text may hold merge fields at all. It is read the same with and without any fields if not."""
    return _BRACE.search(text) is not None


def pieces(text: str, fields: Mapping[str, Field] | None) -> list[Piece]:
    """Returns a text cut where its merge fields begin and end, its escaped braces as they are read.

    `fields` are those of `known_fields`, or None where no event is at hand: then each name of a guest counts as that of
    an imported column.
    """
    if not has_braces(text):
        return [text] if text else []
    known, found, at = FIELDS if fields is None else fields, list[Piece](), 0
    for token in find(text, known):
        found += [_read(text[at : token.start]), _piece(token.field, token.fallback, token.written, known, fields)]
        at = token.start + len(token.written)
    return [piece for piece in (*found, _read(text[at:])) if piece]


def plain(text: str, fields: Mapping[str, Field] | None) -> str:
    """Returns the words of `pieces` as mere text, such as “Hi ‹First name, or there›”."""
    return "".join(map(_words, pieces(text, fields)))


def _piece(
    name: str | None, fallback: str | None, written: str, known: Mapping[str, Field], given: Mapping[str, Field] | None
) -> Piece:
    if name and name in known:
        return Chip(known[name].label, fallback)
    if name and given is None and name.startswith(_GUEST):
        return Chip(name.removeprefix(_GUEST), fallback)
    return Unknown(written)


def _words(piece: Piece) -> str:
    if isinstance(piece, Unknown):
        return piece.written
    if isinstance(piece, Chip):
        return f"‹{piece.label}, or {piece.fallback}›" if piece.fallback else f"‹{piece.label}›"
    return piece


def _read(text: str) -> str:
    return ESCAPE.sub(lambda found: found[1] or found[0], text)
