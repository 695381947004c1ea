"""Sentences about how a value is read: those that others may read otherwise, or that are not read as typed. Pure."""

from datetime import date

from eventmail import value_parsing

LONGEST_SHOWN = 60


def number(text: str) -> str:
    """A sentence about the number that `text` is read as. "" for a plain number and for none."""
    found = value_parsing.number(text)
    if found is None:
        return ""
    if whole := value_parsing.thousands(text):
        why = f"since one {'comma' if ',' in text else 'point'} is the decimal mark"
        return f"{_quoted(text)} is read as {plain(found)}, {why}. Write {whole} if that is meant."
    return "" if text == plain(found) else f"{_quoted(text)} is read as the number {plain(found)}."


def day(text: str) -> str:
    """A sentence about the day that `text` is read as. "" for an ISO day and for none."""
    found = value_parsing.day(text)
    if found is None or text == found:
        return ""
    why = ", since between points the day comes first" if text.count(".") > 1 else ""
    return f"{_quoted(text)} is read as {spoken(found)}{why}."


def unread_day(text: str) -> str:
    """A sentence about a text that looks like a day but is read as none. "" for any other."""
    meant = value_parsing.unread_days(text)
    if not meant:
        return ""
    could = f": it could be {' or '.join(map(spoken, meant))}" if len(meant) > 1 else ""
    return f"{_quoted(text)} is read as text, not as a day{could}. Write {' or '.join(meant)}."


def with_time(text: str) -> str:
    """A sentence about a day with a time, which is compared by its letters alone. "" for any other text."""
    found = value_parsing.day(text)
    if found is None or value_parsing.equal_day(text):
        return ""
    return f"{_quoted(text)} is read as text, since it says a time. Write {found} for that whole day."


def spoken(iso: str) -> str:
    """2027-05-01 as 1 May 2027."""
    found = date.fromisoformat(iso)
    return f"{found.day} {found:%B} {found.year}"


def plain(number: float) -> str:
    """A number as digits with a point: 9, 1.5, -1234567."""
    return f"{number:.15g}" if "e" not in f"{number:.15g}" else f"{number:.0f}"


def _quoted(text: str) -> str:
    return f"“{text[:LONGEST_SHOWN]}”"
