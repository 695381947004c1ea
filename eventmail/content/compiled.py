"""Compiled content and its stored form."""

import json
from dataclasses import dataclass
from typing import Any

from eventmail.content.pieces import Choice, Mode, Piece, Pieces, Slot

_VERSION = 1
PARTS = ("subject", "preheader", "html", "text")


@dataclass(frozen=True)
class Compiled:
    """The compiled form of a Content (C5). The same source gives the same value, byte for byte.

    `merged` names the author's fields in reading order, each once. `size` is in bytes of both encoded parts without
    any value (C6). `hash` is a SHA-256 in hex.
    """

    subject: Pieces
    preheader: Pieces
    html: Pieces
    text: Pieces
    merged: tuple[str, ...]
    hash: str
    size: int

    def dump(self) -> str:
        """Returns the value as JSON."""
        parts = {part: plain(getattr(self, part)) for part in PARTS}
        value = {"version": _VERSION, **parts, "merged": self.merged, "hash": self.hash, "size": self.size}
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, dumped: str) -> "Compiled":
        """Returns the value that `dump` wrote. Raises ValueError for another version."""
        data = json.loads(dumped)
        if data["version"] != _VERSION:
            raise ValueError(f"compiled content of version {data['version']}, wanted {_VERSION}")
        parts = {part: _pieces(data[part]) for part in PARTS}
        return cls(**parts, merged=tuple(data["merged"]), hash=data["hash"], size=data["size"])


def plain(pieces: Pieces) -> list[Any]:
    """Returns pieces as JSON values: a string; [field, fallback, mode]; {"url", "linked", "plain"}."""
    return [_plain(piece) for piece in pieces]


def _plain(piece: Piece) -> Any:
    if isinstance(piece, Slot):
        return [piece.field, piece.fallback, piece.mode]
    if isinstance(piece, Choice):
        return {"url": _plain(piece.url), "linked": plain(piece.linked), "plain": plain(piece.plain)}
    return piece


def _pieces(data: list[Any]) -> Pieces:
    return tuple(map(_piece, data))


def _piece(item: Any) -> Piece:
    if isinstance(item, list):
        return _slot(item)
    if isinstance(item, dict):
        return Choice(_slot(item["url"]), _pieces(item["linked"]), _pieces(item["plain"]))
    return str(item)


def _slot(item: list[Any]) -> Slot:
    field, fallback, mode = item
    return Slot(field, fallback, Mode(mode))
