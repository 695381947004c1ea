"""An event."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from typing_extensions import TypedDict

from eventmail import ids
from eventmail.models import Event
from eventmail.models.event import LONGEST_REMINDER
from eventmail.web.core.answer_parts import Id, Instant
from eventmail.web.core.context import instant
from eventmail.web.core.intake import Body, Fold, WallTime


def _busy(value: Any) -> bool | None:
    if value is not None and value not in (True, False, "yes", "no"):
        raise ValueError("Choose whether the time counts as taken (true) or as free (false).")
    return value == "yes" if isinstance(value, str) else value


def _minutes(value: Any) -> int | None:
    """An empty form field is None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | float) or not re.fullmatch(r"-?[0-9]{1,9}", str(value)):
        raise ValueError("Give whole minutes, such as 15, or nothing for no reminder.")
    return int(value)


_REMINDER = {"type": ["integer", "null"], "minimum": 1, "maximum": LONGEST_REMINDER}
Busy = Annotated[bool | None, BeforeValidator(_busy)]
Reminder = Annotated[int | None, BeforeValidator(_minutes), WithJsonSchema(_REMINDER)]


class EventIn(Body):
    """POST needs `title` and `timezone`; PATCH takes any of them, null clears."""

    title: str | None = None
    description: str | None = None
    location: str | None = None
    timezone: str | None = None
    starts_at: WallTime = None
    starts_fold: Fold = None
    ends_at: WallTime = None
    ends_fold: Fold = None
    all_day: bool | None = None
    url: str | None = None
    sender_name: str | None = None
    reply_to: str | None = None
    busy: Busy = None
    reminder_minutes: Reminder = None

    def values(self) -> dict[str, Any]:
        """The fields that were given, under the domain's names."""
        renamed = {"starts_at": "starts_wall", "ends_at": "ends_wall"}
        return {renamed.get(name, name): value for name, value in self.model_dump(exclude_unset=True).items()}


class DefaultsIn(Body):
    """What guests without a value read, by column."""

    defaults: dict[str, str]


class ShareIn(Body):
    """Who sees an event: everybody, or `members` (ids of colleagues) and the owners."""

    restricted: bool = False
    members: list[str] = Field(default_factory=list)
    without_me: bool = False

    def chosen(self) -> set[int]:
        """The ids of the members; 0, nobody's id, for what is no id."""
        return {ids.row_id(member) or 0 for member in self.members}


class ArchiveIn(Body):
    """How to archive an event: with `cancel_waiting` what still waits is cancelled, without it stands in the way."""

    cancel_waiting: bool = False


class CalendarLinksIn(Body):
    """How to replace the calendar links. `replaced_before` (how often, when one looked) does it once for two clicks."""

    replaced_before: int | None = None


class EventOut(TypedDict):
    """An event; instants are in UTC, `timezone` is where it takes place."""

    id: Id
    title: str
    description: str
    location: str
    timezone: str
    starts_at: Instant | None
    starts_fold: Fold
    ends_at: Instant | None
    ends_fold: Fold
    all_day: bool
    url: str
    sender_name: str
    reply_to: str
    busy: bool
    reminder_minutes: int | None
    restricted: bool
    archived_at: Instant | None
    cancelled_at: Instant | None


def event_out(event: Event) -> EventOut:
    """The event's JSON, with instants in UTC."""
    return {
        "id": str(event.id),
        "title": event.title,
        "description": event.description,
        "location": event.location,
        "timezone": event.timezone,
        "starts_at": instant(event.starts_at) or None,
        "starts_fold": event.starts_fold,
        "ends_at": instant(event.ends_at) or None,
        "ends_fold": event.ends_fold,
        "all_day": event.all_day,
        "url": event.url,
        "sender_name": event.sender_name,
        "reply_to": event.reply_to,
        "busy": event.busy,
        "reminder_minutes": event.reminder_minutes,
        "restricted": event.restricted,
        "archived_at": instant(event.archived_at) or None,
        "cancelled_at": instant(event.cancelled_at) or None,
    }
