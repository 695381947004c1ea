"""The JSON of an event's calendar links."""

from typing_extensions import TypedDict


class LinksOut(TypedDict):
    """A link to each calendar service, and to the event's own signed file (K1, K3)."""

    google: str
    outlook: str
    office365: str
    yahoo: str
    ics: str
