"""The JSON of an event's calendar links, and of guests who have the event otherwise in a mail."""

from collections.abc import Mapping

from typing_extensions import TypedDict

from eventmail.domain.mailings.calendar_updates import Outdated
from eventmail.web.core.answer_parts import Id
from eventmail.web.core.intake import Body


class LinksOut(TypedDict):
    """A link to each calendar service, and to the event's own signed file (K1, K3)."""

    google: str
    outlook: str
    office365: str
    yahoo: str
    ics: str


class ToldOut(TypedDict):
    """When and where an event takes place, in words; `cancelled` is `yes` or empty."""

    when: str
    where: str
    cancelled: str


class OutdatedOut(TypedDict):
    """Guests whose mail says what does not hold any more; `told` names them, `begun` are updates not sent yet."""

    told: str
    before: ToldOut
    now: ToldOut
    guests: list[Id]
    begun: list[Id]


class OutdatedListOut(TypedDict):
    """All such groups, most guests first; `quiet` when it was decided that nobody is told."""

    items: list[OutdatedOut]
    quiet: bool


class BegunOut(TypedDict):
    """The draft of an update; it leaves only while what it tells holds."""

    mailing: Id


class BeginIn(Body):
    """The group to write to, by its `told`."""

    told: str = ""


class SilenceIn(Body):
    """That nobody is told of the change, or with `quiet: false` that this is taken back."""

    quiet: bool = True


def outdated_out(group: Outdated) -> OutdatedOut:
    """A group as answers show it."""
    return {
        "told": group.key,
        "before": _told(group.told),
        "now": _told(group.now),
        "guests": [str(guest) for guest in group.guests],
        "begun": [str(mailing) for mailing in group.begun],
    }


def _told(words: Mapping[str, str]) -> ToldOut:
    return {"when": words["when"], "where": words["where"], "cancelled": words["cancelled"]}
