"""The time of a scheduled message: as somebody asks for it, checked, and as the event changes it (H1, H6a)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from eventmail import wall_time
from eventmail.domain import local_time
from eventmail.errors import InvalidInput, MissingEventTime, PastSendAt
from eventmail.models import Event, Mailing, Schedule
from eventmail.states import AudienceMode
from eventmail.wall_time import Anchor, Relative

AFTER_THE_EVENT = timedelta(days=30)
WITHOUT_AN_EVENT = timedelta(days=366)  # how far ahead, while the event has no time yet
_FARTHEST = {"days": 3_660, "hours": 87_840, "minutes": 5_270_400}  # ten years
_WALL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True)
class Plan:
    """What somebody asks for, unchecked: a wall time in a zone (by default the event's), or a relative time.

    `wall` is `YYYY-MM-DDTHH:MM[:SS]`. `relative` has `anchor` and one of `days` (with `at`), `hours` and `minutes`.
    """

    wall: str = ""
    timezone: str = ""
    fold: int | None = None
    relative: Mapping[str, Any] | None = None
    audience_mode: AudienceMode = AudienceMode.AT_DUE

    @property
    def has_time(self) -> bool:
        return bool(self.wall or self.relative)

    def as_json(self) -> dict[str, Any]:
        """As a draft stores it, and as an idempotency key stands for it; without what is not said."""
        said = {"send_at": self.wall, "timezone": self.timezone, "fold": self.fold,
                "relative": dict(self.relative) if self.relative else None}  # fmt: skip
        mode = {"audience_mode": str(self.audience_mode)} if self.audience_mode != AudienceMode.AT_DUE else {}
        return {name: value for name, value in said.items() if value not in (None, "")} | mode


def plan_of(stored: Mapping[str, Any] | None) -> Plan | None:
    """The plan that a draft stores; None for none."""
    if not stored:
        return None
    return Plan(
        stored.get("send_at", ""), stored.get("timezone", ""), stored.get("fold"), stored.get("relative"),
        AudienceMode(stored.get("audience_mode", AudienceMode.AT_DUE)),
    )  # fmt: skip


def plan_of_schedule(held: Schedule) -> Plan:
    """The plan with which a scheduled message is due exactly when it is due now."""
    mode = AudienceMode(held.audience_mode)
    if held.relative:
        return Plan(relative=held.relative, audience_mode=mode)
    return Plan(held.wall.isoformat(), held.timezone, held.fold, audience_mode=mode)


@dataclass(frozen=True)
class SendTime:
    """A checked time: what the clocks in `timezone` show, and the instant `at` (UTC).

    `moved` says that a relative time fell into hours that do not exist, and moved forward.
    """

    wall: datetime
    timezone: str
    fold: int
    at: datetime
    relative: Mapping[str, Any] | None = None
    moved: bool = False


def checked(plan: Plan, event: Event, now: datetime, *, kept: datetime | None = None) -> SendTime:
    """The time of `plan` if a message may be scheduled for it at `now`; `kept` is the instant it has already (H1, H2).

    Raises PastSendAt, NonexistentTime, AmbiguousTime, InvalidTimezone, MissingEventTime and InvalidInput.
    """
    found = computed(plan, event)
    field = "relative" if plan.relative else "send_at"
    if found.at <= now:
        raise PastSendAt.at(field, "PAST_SEND_AT", f"{_said(found)} is over already. Choose a later time.")
    last = latest(event, now)
    if found.at > last and found.at != kept:
        until = f"{wall_time.shown(last, event.zone):%Y-%m-%d %H:%M} ({event.timezone})"
        since = "30 days after the event" if event.over_at else "a year ahead, while the event has no time"
        message = f"{_said(found)} is too late: a message can be scheduled until {until}, {since}."
        raise InvalidInput.at(field, "TOO_LATE", message)
    return found


def latest(event: Event, now: datetime) -> datetime:
    """The latest instant that a message may be scheduled for (H1)."""
    return event.over_at.astimezone(UTC) + AFTER_THE_EVENT if event.over_at else now + WITHOUT_AN_EVENT


def computed(plan: Plan, event: Event) -> SendTime:
    """The time of `plan` for the event as it is, past or not. Raises as `checked` does, but for PastSendAt."""
    if plan.relative:
        if plan.wall:
            raise InvalidInput.at("relative", "INVALID_INPUT", "Give either a time or a relative time, not both.")
        return _of_rule(plan.relative, event)
    timezone = plan.timezone or event.timezone
    if not _WALL.fullmatch(plan.wall):
        message = "Choose a date and a time, as in 2027-05-01T18:00, without an offset."
        raise InvalidInput.at("send_at", "INVALID_TIME", message)
    try:
        wall = datetime.fromisoformat(plan.wall)
    except ValueError:
        raise InvalidInput.at("send_at", "INVALID_TIME", f"{plan.wall} is no date on a calendar.") from None
    at = local_time.instant(wall, timezone, plan.fold, field="send_at")
    return SendTime(wall, timezone, _fold(wall, ZoneInfo(timezone), at), at)


def proposed(mailing: Mailing, held: Schedule, event: Event) -> SendTime | None:
    """The time that a scheduled message would be due at by now, when that is not when it is due (H6a).

    The event moved under a relative time, or the rules of a time zone changed. Raises MissingEventTime for a relative
    time without an event to count from.
    """
    if held.relative:
        found = _of_rule(held.relative, event)
    else:
        times = wall_time.instants(held.wall, held.zone) or (wall_time.forward(held.wall, held.zone),)
        at = times[min(held.fold, len(times) - 1)]
        found = SendTime(held.wall, held.timezone, held.fold, at)
    return None if found.at == mailing.send_at else found


def _of_rule(given: Mapping[str, Any], event: Event) -> SendTime:
    rule = relative(given)
    anchor = event.starts_at if rule.anchor == Anchor.STARTS else event.ends_at
    if anchor is None:
        missing = "start" if rule.anchor == Anchor.STARTS else "end"
        message = f"The event has no {missing} to count from. Set one in the event's settings, or choose a date."
        raise MissingEventTime.at("relative", "MISSING_EVENT_TIME", message)
    at, moved = wall_time.from_anchor(rule, anchor, event.zone)
    wall = wall_time.shown(at, event.zone)
    return SendTime(wall, event.timezone, _fold(wall, event.zone, at), at, given, moved)


def relative(given: Mapping[str, Any]) -> Relative:
    """The relative time of a plan. Raises InvalidInput."""
    parts = {name: given[name] for name in _FARTHEST if given.get(name) is not None}
    unknown = given.keys() - {"anchor", "at", *_FARTHEST}
    at = given.get("at") or None
    message = ""
    if unknown or given.get("anchor") not in set(Anchor):
        message = "A relative time has an anchor, “starts” or “ends”, and one of days, hours and minutes."
    elif len(parts) != 1 or not all(type(number) is int for number in parts.values()):
        message = "A relative time needs one whole number of days, hours or minutes."
    elif any(abs(number) > _FARTHEST[name] for name, number in parts.items()):
        message = "A relative time is at most ten years from the event."
    elif at is not None and "days" not in parts:
        message = "Only days can be given a clock time."
    elif at is not None and not _is_clock(at):
        message = "A clock time has hours and minutes, as in 08:00 or 18:30."
    if message:
        raise InvalidInput.at("relative", "INVALID_RELATIVE", message)
    return Relative(Anchor(given["anchor"]), **parts, at=time.fromisoformat(at) if at else None)


def _is_clock(text: Any) -> bool:
    return isinstance(text, str) and bool(_CLOCK.fullmatch(text)) and text < "24:00" and text[3:] < "60"


def _fold(wall: datetime, zone: ZoneInfo, at: datetime) -> int:
    return wall_time.instants(wall, zone).index(at)


def _said(found: SendTime) -> str:
    return f"{found.wall:%Y-%m-%d %H:%M} ({found.timezone})"
