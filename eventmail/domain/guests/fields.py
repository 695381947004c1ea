"""Cleaning and judging a guest's fields, for forms, JSON and imports alike. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from eventmail import value_parsing
from eventmail.content import tokens
from eventmail.states import GuestStatus

LONGEST_NAME = 300
LONGEST_TAG = 100
MOST_TAGS = 50
LONGEST_COLUMN = 100
LONGEST_VALUE = 2000
MOST_COLUMNS = 250

_BETWEEN_TAGS = re.compile(r"[,;\n]")
_STATUSES: Mapping[str, GuestStatus] = {
    **{str(status): status for status in GuestStatus},
    **dict.fromkeys(("yes", "accepted", "attending", "ja", "zugesagt", "bestätigt"), GuestStatus.CONFIRMED),
    **dict.fromkeys(("no", "rejected", "nein", "abgesagt"), GuestStatus.DECLINED),
    **dict.fromkeys(("eingeladen",), GuestStatus.INVITED),
}


def one_line(text: str) -> str:
    """`text` without control characters, its blanks collapsed. "" when nothing of it is visible."""
    if text.isascii() and text.isprintable() and "  " not in text:  # nearly every cell of an import
        return text.strip(" ")
    return value_parsing.clean_value(text)


def lines(text: str) -> str:
    """`text` without control characters. Line breaks stay, as newlines."""
    return one_line(text) if text.isprintable() else tokens.clean_source(text).strip()


def column_name(text: str) -> str:
    """A column's name without braces and bars, which would end a merge field (C1)."""
    return " ".join(re.sub(r"[{}|]", " ", one_line(text)).split())


def split_tags(text: str) -> list[str]:
    """The tags of one cell or input, separated by commas, semicolons or newlines; see `distinct_tags`."""
    return distinct_tags(one_line(word) for word in _BETWEEN_TAGS.split(text))


def distinct_tags(words: Iterable[str]) -> list[str]:
    """`words`, composed, without blank ones. Words that differ in case or Unicode form only count as the first one."""
    first: dict[str, str] = {}
    for word in words:
        if word:
            first.setdefault(value_parsing.name_key(word), value_parsing.composed(word))
    return list(first.values())


def tags_complaint(tags: Sequence[str]) -> str | None:
    """A sentence about what is wrong with a guest's tags, or None."""
    if any(len(tag) > LONGEST_TAG for tag in tags):
        return f"A tag may have at most {LONGEST_TAG} characters."
    if any(_BETWEEN_TAGS.search(tag) for tag in tags):
        return "A comma or semicolon separates tags and cannot stand inside one."
    if len(tags) > MOST_TAGS:
        return f"A guest may have at most {MOST_TAGS} tags."
    return None


def status_of(word: str) -> GuestStatus | None:
    """The status that a word means, whatever its case and Unicode form. None for any other word."""
    return _STATUSES.get(value_parsing.name_key(word.strip()))


STATUS_COMPLAINT = "is not a status. Use invited, confirmed or declined."


def unaccented(text: str) -> str:
    """`text` for comparison and search, without case and accents: "muller" finds "Müller"."""
    if text.isascii():
        return text.lower()
    # casefold also takes apart letters without a decomposition, such as "ß"
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(mark for mark in apart if not unicodedata.combining(mark))


def search_key(first_name: str, last_name: str, email: str | None) -> str:
    """The text that search and sorting use: last name, first name, address."""
    return unaccented(" ".join(part for part in (last_name, first_name, email) if part))


def words(query: str) -> list[str]:
    """The words of a search. Each must match somewhere. Only the beginning of a very long query counts."""
    return unaccented(one_line(query[:200])).split()[:12]
