"""Compiled content and its stored form."""

import json
from dataclasses import dataclass
from typing import Any

from eventmail.content.pieces import Choice, Mode, Piece, Pieces, Slot

_VERSION = 1


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
        """The value as JSON."""
        return json.dumps(
            {
                "version": _VERSION,
                "subject": plain(self.subject),
                "preheader": plain(self.preheader),
                "html": plain(self.html),
                "text": plain(self.text),
                "merged": self.merged,
                "hash": self.hash,
                "size": self.size,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def load(cls, dumped: str) -> "Compiled":
        """Returns the value that `dump` wrote. Raises ValueError for another version."""
        data = json.loads(dumped)
        if data["version"] != _VERSION:
            raise ValueError(f"compiled content of version {data['version']}, wanted {_VERSION}")
        return cls(
            subject=_segments(data["subject"]),
            preheader=_segments(data["preheader"]),
            html=_segments(data["html"]),
            text=_segments(data["text"]),
            merged=tuple(data["merged"]),
            hash=data["hash"],
            size=data["size"],
        )


def plain(segments: Pieces) -> list[Any]:
    """Segments as JSON values: a string; [field, fallback, mode]; {"url", "linked", "plain"}."""
    return [_plain(segment) for segment in segments]


def _plain(segment: Piece) -> Any:
    if isinstance(segment, Slot):
        return [segment.field, segment.fallback, segment.mode]
    if isinstance(segment, Choice):
        return {"url": _plain(segment.url), "linked": plain(segment.linked), "plain": plain(segment.plain)}
    return segment


def _segments(data: list[Any]) -> Pieces:
    return tuple(_segment(item) for item in data)


def _segment(item: Any) -> Piece:
    if isinstance(item, list):
        return _slot(item)
    if isinstance(item, dict):
        return Choice(_slot(item["url"]), _segments(item["linked"]), _segments(item["plain"]))
    return str(item)


def _slot(item: list[Any]) -> Slot:
    field, fallback, mode = item
    return Slot(field, fallback, Mode(mode))
