"""The part of a form where guests are picked by hand: for the audience of a message, and for a segment."""

from eventmail.domain.audience import picker
from eventmail.domain.audience.picker import Hand
from eventmail.ids import row_id


def rows(guests: list[str]) -> list[int]:
    """The row ids among what a form names."""
    return [row for guest in guests if (row := row_id(guest))]


def hand(event_id: int, guests: list[str], find: str) -> Hand:
    """Who is picked, and whom the search of the form finds beside them."""
    return picker.hand(event_id, rows(guests), find)
