"""Reading pasted addresses: `Anna Berg <anna@example.com>`, `a@b.c, d@e.f`, one a line. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from eventmail.domain.guests import fields

# a comma or semicolon outside quotes, angle brackets and parentheses
_SEPARATED = re.compile(r"""((?:"(?:\\.|[^"\\]){0,400}"|<[^<>]{0,400}>|\([^()]{0,400}\)|[^;,])*)([;,]|\Z)""")
_ANGLED = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]*)>(?P<after>[^<>]*)")
_COMMENT = re.compile(r"\((?P<name>[^()]*)\)")


@dataclass(frozen=True)
class Entry:
    """One person as pasted, in line `line` (from 1). `email` is "" when none was found."""

    line: int
    text: str
    email: str
    first_name: str
    last_name: str


def entries(text: str) -> Iterator[Entry]:
    """Everybody in a pasted text, in order. Text without an address comes too, so that nothing is dropped silently."""
    for number, line in enumerate(text.splitlines(), 1):
        before: list[str] = []  # words that may be the last name of the next person: `Berg, Anna <anna@example.com>`
        for piece, separator in _pieces(line):
            if "@" not in piece:
                before.append(piece)
                if separator == ",":
                    continue
                yield _entry(number, ", ".join(before), "", "")
            else:
                whole = ", ".join([*before, piece])
                for email, name in _people(piece):
                    yield _entry(number, whole, email, ", ".join([*before, *filter(None, [name])]))
            before = []
        if before:
            yield _entry(number, ", ".join(before), "", "")


def _pieces(line: str) -> list[tuple[str, str]]:
    """(piece, the separator that ended it) between commas and semicolons."""
    return [(piece, match[2]) for match in _SEPARATED.finditer(line) if (piece := fields.one_line(match[1]))]


def _people(piece: str) -> list[tuple[str, str]]:
    """(address, name) of each person in a piece with an @-sign. The address is "" when it is ambiguous."""
    if piece.count("@") > 1:
        words = piece.split()
        return [(_bare(word), "") for word in words] if all(word.count("@") == 1 for word in words) else [("", "")]
    if (angled := _ANGLED.fullmatch(piece)) and "@" in angled["email"]:
        return [(_bare(angled["email"]), _unquoted(angled["name"]) + _COMMENT.sub("", angled["after"]).rstrip())]
    comment = _COMMENT.search(piece)
    words = _COMMENT.sub(" ", piece).split()
    address = next((word for word in words if "@" in word), "")
    name = comment["name"] if comment else " ".join(word for word in words if word != address)
    return [(_bare(address), _unquoted(name))]


def _bare(address: str) -> str:
    return address.strip().strip("<>'\"").removeprefix("mailto:")


def _unquoted(name: str) -> str:
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].replace('\\"', '"')
    return fields.one_line(name)


def _entry(line: int, text: str, email: str, name: str) -> Entry:
    if ", " in name:
        last, _, first = name.partition(", ")
    else:
        first, _, last = name.rpartition(" ") if " " in name else (name, "", "")
    return Entry(line, text, email, first.strip(" ,"), last.strip(" ,"))
