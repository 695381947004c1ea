"""Pieces of compiled text (strings, slots for values, choices by a value), and the sentinels they are made from.

A merge token becomes an alphanumeric sentinel before any parser reads the text, so a `|` in a fallback cannot split a
table row and no value meets Markdown or HTML. `Codec.split` replaces all sentinels.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from urllib.parse import quote

from eventmail import link_targets
from eventmail.content.tokens import ESCAPE, Field, Token


class Mode(StrEnum):
    """How a value is encoded (C4)."""

    HEADER = "header"
    TEXT = "text"
    HTML = "html"
    COMPONENT = "component"  # percent-encoded in a link target
    ADDRESS = link_targets.ADDRESS  # percent-encoded in mailto: or tel:, which need "@" and "+"
    URL = link_targets.URL  # a whole link target in plain text
    HREF = "href"  # a whole link target in an HTML attribute


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a field's value, with the author's fallback."""

    field: str
    fallback: str | None
    mode: Mode


@dataclass(frozen=True, slots=True)
class Choice:
    """`linked` if the value of `url` can be a link target, else `plain`, so that no label links nowhere.

    In mode URL the value is a whole link target, in mode ADDRESS what follows mailto: or tel:. In mode TEXT any value
    or fallback of the author suffices.
    """

    url: Slot
    linked: "tuple[Piece, ...]"
    plain: "tuple[Piece, ...]"


Piece = str | Slot | Choice
Pieces = tuple[Piece, ...]

# No name looks like a domain: filters take “Outlook.com” over outlook.live.com for a disguise.
CALENDAR_NAMES: Mapping[str, str] = {
    "calendar.google": "Google Calendar",
    "calendar.outlook": "Outlook",
    "calendar.office365": "Outlook (work or school)",
    "calendar.yahoo": "Yahoo",
    "calendar.ics": "Apple and others (.ics)",
}
# The fields that every mail merges, whether or not its author does.
_OWN = ("calendar.links", *CALENDAR_NAMES, "event.title", "unsubscribe.url")
_MODES = {
    Mode.HTML: {"t": Mode.HTML, "d": Mode.HTML, "c": Mode.COMPONENT, "a": Mode.ADDRESS, "u": Mode.HREF},
    Mode.TEXT: {"t": Mode.TEXT, "d": Mode.TEXT, "c": Mode.COMPONENT, "a": Mode.ADDRESS, "u": Mode.URL},
    Mode.HEADER: {"t": Mode.HEADER},
}
_BRACES = "{}"
_DECIDES = {"o": Mode.URL, "p": Mode.ADDRESS, "v": Mode.TEXT}


@dataclass(frozen=True)
class Codec:
    """The sentinels of one compilation, `prefix kind number "z"`. The number is an index of `tokens`.

    Kinds: t a value, d a value that stays text, c part of a link target, a part of a mail or phone address, u a link
    target; b an escaped brace, number 0 for the opening one. A choice is o (by a link target), p (by a mail or phone
    address) or v (by any value), then linked, x, plain, e.
    """

    prefix: str
    tokens: tuple[Token, ...]
    fields: Mapping[str, Field]

    @classmethod
    def for_text(cls, texts: Sequence[str], tokens: Sequence[Token], fields: Mapping[str, Field]) -> "Codec":
        """Returns a codec whose sentinels occur nowhere in the texts, so that no author can write one."""
        prefix = f"q{secrets.token_hex(8)}"
        while any(prefix in text for text in texts):
            prefix = f"q{secrets.token_hex(8)}"
        return cls(prefix, (*tokens, *(Token(0, f"{{{name}}}", name, name, None) for name in _OWN)), fields)

    def code(self, kind: str, number: int) -> str:
        return f"{self.prefix}{kind}{number}z"

    def either(self, number: int, linked: str, plain: str, *, kind: str = "o") -> str:
        """Returns both forms, between which the value of a token chooses by `kind`."""
        return f"{self.code(kind, number)}{linked}{self.code('x', number)}{plain}{self.code('e', number)}"

    def own(self, field: str) -> int:
        """Returns the number of a field that every mail merges."""
        return len(self.tokens) - len(_OWN) + _OWN.index(field)

    def protect(self, text: str, first: int, count: int) -> str:
        """Returns a text with sentinels for its escaped braces and its `count` tokens from number `first` on."""
        out, end = [], 0
        for number in range(first, first + count):
            token = self.tokens[number]
            out += [self._braces(text[end : token.start]), self.code("t", number)]
            end = token.start + len(token.written)
        return "".join([*out, self._braces(text[end:])])

    def _braces(self, text: str) -> str:
        return ESCAPE.sub(lambda found: self.code("b", _BRACES.index(found[1])) if found[1] else found[0], text)

    def encoded(self, target: str) -> str:
        """Returns a link target with its escaped braces percent-encoded."""
        return re.sub(rf"{self.prefix}b(\d)z", lambda found: quote(_BRACES[int(found[1])]), target)

    def alike(self, one: str, other: str) -> bool:
        """Whether two texts with sentinels read the same for everybody."""
        return self.written(one) == self.written(other)

    def written(self, text: str) -> str:
        """Returns a text as its author wrote it, without sentinels, as people may read it."""

        def back(found: re.Match[str]) -> str:
            number = int(found[2])
            return f"\\{_BRACES[number]}" if found[1] == "b" else self.tokens[number].written

        return self._sentinels.sub(back, text)

    def braced(self, text: str) -> str:
        """Returns a text with the braces that were escaped in it (C1)."""
        return re.sub(rf"{self.prefix}b(\d)z", lambda found: _BRACES[int(found[1])], text)

    def known(self, number: int) -> bool:
        """Whether the token names a field. Previews of drafts have tokens that do not (C2)."""
        return self.tokens[number].field in self.fields

    @property
    def values(self) -> re.Pattern[str]:
        """Finds value sentinels; group 1 is the number."""
        return re.compile(rf"{self.prefix}t(\d+)z")

    @property
    def _sentinels(self) -> re.Pattern[str]:
        """Finds all sentinels. A link target has a scheme before it, since nh3 only accepts absolute targets."""
        return re.compile(rf"(?:https://(?={self.prefix}u))?{self.prefix}([a-z])(\d+)z")

    def slot(self, number: int, mode: Mode) -> Slot:
        """Returns the slot of a known token."""
        token = self.tokens[number]
        return Slot(token.field or "", token.fallback, mode)

    def split(self, protected: str, mode: Mode) -> Pieces:
        """Returns the pieces of a text with sentinels. `mode` is HTML, TEXT or HEADER, for values in its text."""
        text, *sentinels = self._sentinels.split(protected)
        return self._branch(iter(sentinels), text, mode, until="")[0]

    def _branch(self, pieces: Iterator[str], text: str, mode: Mode, until: str) -> tuple[Pieces, str]:
        """Returns the pieces up to the sentinel kind `until` ("" for the end), and the text behind that sentinel."""
        out: list[Piece] = [text]
        for kind in pieces:
            number, text = int(next(pieces)), next(pieces)
            if kind == until:
                return joined(out), text
            if kind in _DECIDES:
                linked, behind = self._branch(pieces, text, mode, "x")
                plain, text = self._branch(pieces, behind, mode, "e")
                out.append(Choice(self.slot(number, _DECIDES[kind]), linked, plain))
            elif kind == "b":
                out.append(_BRACES[number])
            else:
                out += self._value(kind, number, mode)
            out.append(text)
        return joined(out), ""

    def _value(self, kind: str, number: int, mode: Mode) -> Pieces:
        token = self.tokens[number]
        if not self.known(number):
            is_html = mode is Mode.HTML
            return (f'<span class="em-unknown">{escape(token.written)}</span>' if is_html else token.written,)
        slot = self.slot(number, _MODES[mode][kind])
        if kind == "t" and token.field == "calendar.links":
            # In a label or a subject, which cannot hold links, only the words.
            google = self.slot(self.own("calendar.google"), Mode.URL)
            return (Choice(google, (", ".join(CALENDAR_NAMES.values()),), (slot,)),)
        return (slot,)


def joined(pieces: Iterable[Piece]) -> Pieces:
    """Returns the pieces without empty strings, neighbouring strings joined."""
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and out and isinstance(out[-1], str):
            out[-1] += piece
        elif piece != "":
            out.append(piece)
    return tuple(out)
