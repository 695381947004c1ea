"""Merge tokens: their grammar, the standard fields, and unresolved tokens (C1, C2, C3)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property

from eventmail.value_parsing import CONTROLS, clean_value, name_key

NOT_STATED = "not stated"
MOST_HINTS = 20  # unknown names in a text that get a suggestion
_LIKE = 0.6  # of 1; a name that is more alike was probably meant


@dataclass(frozen=True, slots=True)
class Field:
    """A field that tokens may name. Guests without a value read `default`."""

    label: str
    default: str
    url: bool = False


# Every default must read well inside a sentence ("Dear {guest.lastName},") and after a label ("Where: …").
FIELDS: Mapping[str, Field] = {
    "guest.firstName": Field("First name", "there"),
    "guest.lastName": Field("Last name", "guest"),
    "guest.fullName": Field("Full name", "guest"),
    "guest.email": Field("Email address", "your email address"),
    "event.title": Field("Event title", "our event"),
    "event.date": Field("Event date", "Date to be announced"),
    "event.time": Field("Event time", "Time to be announced"),
    "event.timezone": Field("Event time zone", "local time"),
    "event.location": Field("Event location", "Location to be announced"),
    "event.url": Field("Event page", "a link that will follow", url=True),
    "organizer.name": Field("Organizer name", "the organizers"),
    "organizer.email": Field("Organizer address", "this address"),
    "calendar.links": Field("All calendar links", "Calendar links to follow"),
    "calendar.google": Field("Google Calendar link", "a calendar link that will follow", url=True),
    "calendar.outlook": Field("Outlook link", "a calendar link that will follow", url=True),
    "calendar.office365": Field("Outlook (work or school) link", "a calendar link that will follow", url=True),
    "calendar.yahoo": Field("Yahoo link", "a calendar link that will follow", url=True),
    "calendar.ics": Field("Calendar file link", "a calendar link that will follow", url=True),
    "calendar.page": Field("Add-to-calendar page link", "a calendar link that will follow", url=True),
    "unsubscribe.url": Field("Unsubscribe link", "the link at the end of this mail", url=True),
}
_SCOPES = "|".join(sorted({name.partition(".")[0] for name in FIELDS}))
_SYNONYMS = {"name": "guest.fullName", "guestname": "guest.fullName"}

# Braces match possessively and only from the start of a run, so a page of "{" takes linear time.
_BRACED = re.compile(
    r"(?<!\{)(?P<open>\{++)(?:(?P<head>[^{}|\n]*+)(?:\|(?P<fallback>[^{}\n]*+))?(?P<close>\}++)"
    rf"|(?P<unclosed>[ \t]*+[^\W\d]\w*+\.\w[\w.]*|(?:{_SCOPES})\b))"
    # the opening brace is missing, or the braces are those of an East Asian keyboard
    rf"|(?P<stray>(?:(?<![\w.\x02])(?:{_SCOPES})\.\w{{1,100}}(?:\|[^{{}}\n]{{0,100}})?|\uff5b[^{{}}\uff5b\uff5d\n]{{1,200}})[}}\uff5d])"
)
# A backslash escapes a brace, unless the backslash is escaped itself (C1).
ESCAPE = re.compile(r"\\\\|\\([{}])")
# While tokens are searched, characters that no source holds (clean_source) replace escaped braces.
_HIDDEN = {"{": "\x01\x02", "}": "\x01\x03"}
_NAMED = re.compile(r"[A-Za-z]+\.\S(?:.*\S)?")
_MEANT_AS_NAME = re.compile(rf"\.?[^\W\d][\w.\- ]*|(?:{_SCOPES})\W.*")
_HALF = re.compile(r"\{[ \t]*(?:\w{0,40}|\w{1,40}\.[^{}\n]*)\Z")  # the beginning of a token at the end of a text

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its offset, as written, the name in it, the field (None when it is malformed), the fallback."""

    start: int
    written: str
    head: str
    field: str | None
    fallback: str | None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A token that names no field, in a part of the content. Line and column are from 1; `nearest` is a real name."""

    written: str
    part: str
    line: int
    column: int
    nearest: str | None


def clean_source(text: str) -> str:
    """Returns an author's text without control characters, its line ends as newlines."""
    return CONTROLS.sub("", _LINE_ENDS.sub("\n", text))


def known_fields(columns: Mapping[str, str]) -> Mapping[str, Field]:
    """Returns the standard fields and `guest.<column>` for each imported column; `columns` maps to their defaults."""
    imported = {f"guest.{name}": Field(name, clean_value(default) or NOT_STATED) for name, default in columns.items()}
    return {**imported, **FIELDS}


def find(text: str, fields: Iterable[str] = ()) -> list[Token]:
    """Returns every token and what was meant as one, in reading order (C1, C2). Other braces are text.

    A token of one of `fields` has that field's exact name, whatever the case and Unicode form it was written in.
    """
    hidden = ESCAPE.sub(lambda found: _HIDDEN[found[1]] if found[1] else found[0], text)
    names = Names(fields)
    return [
        replace(token, written=text[token.start : token.start + len(token.written)], field=names.real(token.field))
        for match in _BRACED.finditer(hidden)
        if (token := _token(match)) is not None
    ]


def shortened(text: str, longest: int) -> str:
    """Returns a text of at most `longest` characters, cut in front of a token rather than within one."""
    if len(text) <= longest:
        return text
    return f"{_HALF.sub('', text[: longest - 1]).rstrip()}…"


class Names:
    """Finds names of fields whatever the case and Unicode form they are written in (C1)."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def real(self, written: str | None) -> str | None:
        """Returns the name that `written` means, or `written` itself."""
        if written is None or written in self._names:
            return written
        return self._by_form.get(name_key(written)) or written

    @cached_property
    def _by_form(self) -> Mapping[str, str]:
        """The names by form; hardly any text needs them, and an event may have hundreds."""
        found: dict[str, str] = {}
        for name in self._names:
            form = name_key(name)
            # names that differ in case or Unicode form only must be written exactly
            found[form] = "" if form in found else name
        return found


def _token(match: re.Match[str]) -> Token | None:
    if match["unclosed"] is not None:
        return Token(match.start(), match[0], match["unclosed"].strip(), None, None)
    if match["stray"] is not None:
        return Token(match.start(), match[0], match[0].strip("}\uff5b\uff5d").partition("|")[0].strip(), None, None)
    head = match["head"].strip()
    named = _NAMED.fullmatch(head) is not None
    if not named and not _MEANT_AS_NAME.fullmatch(head):
        return None
    field = head if named and match["open"] == "{" and match["close"] == "}" else None
    fallback = (match["fallback"] or "").replace(_HIDDEN["{"], "{").replace(_HIDDEN["}"], "}")
    return Token(match.start(), match[0], head, field, clean_value(fallback) or None)


def unresolved(parts: Mapping[str, str], fields: Mapping[str, Field]) -> list[Unresolved]:
    """Returns the tokens of the named parts that are no field, in order (C2).

    Only the first MOST_HINTS distinct names are compared with real ones, since a text may hold thousands.
    """
    hints: dict[str, str | None] = {}
    found = []
    for part, text in parts.items():
        line, counted = 1, 0
        for token in find(text, fields):
            line += text.count("\n", counted, token.start)
            counted = token.start
            if token.field in fields:
                continue
            if token.head not in hints and len(hints) < MOST_HINTS:
                hints[token.head] = nearest(token.head, fields)
            column = token.start - text.rfind("\n", 0, token.start)
            found.append(Unresolved(token.written, part, line, column, hints.get(token.head)))
    return found


def nearest(head: str, names: Iterable[str]) -> str | None:
    """Returns the name most like `head`, whatever its case, underscores and missing scope; None if all are unlike."""
    wanted = _folded(head)
    if wanted in _SYNONYMS:
        return _SYNONYMS[wanted]
    best, score = None, _LIKE
    matcher = SequenceMatcher(None, "", wanted, autojunk=False)  # it analyses its second text once
    # Fields of the guest win a tie: "{email}" is the reader's address, not the organizer's.
    for name in sorted(names, key=lambda name: not name.startswith("guest.")):
        for form in (_folded(name), _folded(name.partition(".")[2])):
            likeness = _likeness(matcher, form, score)
            if likeness > score:
                best, score = name, likeness
    return best


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _likeness(matcher: SequenceMatcher[str], form: str, beyond: float) -> float:
    """Returns how like the two are, 0 when upper bounds show that it is not more than `beyond`."""
    matcher.set_seq1(form)
    hopeless = not form or matcher.real_quick_ratio() <= beyond or matcher.quick_ratio() <= beyond
    return 0.0 if hopeless else matcher.ratio()
