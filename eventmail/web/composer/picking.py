"""Reads the part of a form where guests are picked by hand, for a message or a segment."""

from eventmail.domain.audience import picker
from eventmail.ids import row_id


def rows(guests: list[str]) -> list[int]:
    """The row ids of the guests that a form names; anything else is left out."""
    return [row for guest in guests if (row := row_id(guest))]


def hand(event_id: int, guests: list[str], find: str) -> picker.Hand:
    """The picked guests, and those that the search of the form finds."""
    return picker.hand(event_id, rows(guests), find)
