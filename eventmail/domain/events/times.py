"""The start and the end of an event: which times are refused, and which of two equal ones is meant (H2)."""

from collections.abc import Collection
from datetime import datetime

from eventmail.domain import local_time
from eventmail.errors import InvalidInput
from eventmail.models import Event

_SIDES = ("starts", "ends")
_WORDS = {None: "", 0: "first", 1: "second"}

Chosen = dict[str, tuple[datetime | None, str]]


def chosen(event: Event) -> Chosen:
    """The wall times with their zone, each of which a fold belongs to."""
    return {f"{side}_fold": (getattr(event, f"{side}_wall"), event.timezone) for side in _SIDES}


def settle(event: Event, before: Chosen, given: Collection[str]) -> None:
    """Check the times of a changed event, and forget each fold that does not belong to its time.

    `before` is what was `chosen` before the change, `given` names what the change brings. Raises InvalidTimezone,
    InvalidInput, NonexistentTime and AmbiguousTime.
    """
    local_time.zone(event.timezone)
    after = chosen(event)
    for side, fold in ((side, f"{side}_fold") for side in _SIDES):
        wall = after[fold][0]
        if wall is not None:
            local_time.year(wall, field=f"{side}_at")
        moved = fold not in given and after[fold] != before[fold]
        if moved or wall is None or event.all_day or not local_time.choices(wall, event.timezone):
            setattr(event, fold, None)
        if wall is not None and not event.all_day:
            local_time.instant(wall, event.timezone, getattr(event, fold), field=f"{side}_at")
    starts, ends = event.starts_at, event.ends_at
    if ends is not None and (starts is None or ends.timestamp() < starts.timestamp()):
        message = "The event ends before it begins." if starts else "An end needs a start."
        raise InvalidInput.at("ends_at", "INVALID_END", message)


def texts(event: Event) -> dict[str, str]:
    """The texts of an event's times in a form, by field."""
    walls = {"starts_at": event.starts_wall, "ends_at": event.ends_wall}
    folds = {"starts_fold": event.starts_fold, "ends_fold": event.ends_fold}
    return {
        **{name: _local(wall) if wall else "" for name, wall in walls.items()},
        **{name: "" if fold is None else str(fold) for name, fold in folds.items()},
    }


def _local(wall: datetime) -> str:
    return wall.isoformat(timespec="seconds" if wall.second else "minutes")


def fold_words(event: Event) -> dict[str, str]:
    """Which of two equal times is meant, in words, by field; "" where a time occurs once."""
    return {"starts_fold": _WORDS[event.starts_fold], "ends_fold": _WORDS[event.ends_fold]}
