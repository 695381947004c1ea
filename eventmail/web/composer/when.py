"""What the server says about a send time: as clocks show it, how far it is, until when it can be changed (H1, H2)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import g

from eventmail import wall_time
from eventmail.domain.mailings import query, send_time
from eventmail.domain.mailings.send_time import SendTime
from eventmail.errors import DomainError, NonexistentTime
from eventmail.models import Event, Mailing, Schedule
from eventmail.web.composer import time_fields
from eventmail.web.composer.form import ComposerForm
from eventmail.web.composer.time_fields import TimeFields
from eventmail.web.core import local_times
from eventmail.web.core.context import viewer_zone
from eventmail.web.words import when as words

_PRESETS = (
    ("1 day before the event", time_fields.of_rule({"anchor": "starts", "days": -1})),
    ("1 hour before it starts", time_fields.of_rule({"anchor": "starts", "hours": -1})),
)


@dataclass(frozen=True)
class When:
    """A chosen `time`, or why it is `refused`; neither while none is chosen.

    A time that occurs twice has `choices`, in the order of `fold`; one that does not exist has `neighbours`.
    """

    event: Event
    zone: ZoneInfo  # of the picker
    earliest: datetime
    latest: datetime
    time: SendTime | None = None
    refused: DomainError | None = None
    cutoff: datetime | None = None
    choices: Sequence[str] = ()
    neighbours: Sequence[datetime] = ()

    @property
    def first(self) -> datetime:
        """The earliest time on the picker's clock, to the minute."""
        return wall_time.shown(self.earliest, self.zone).replace(second=0, microsecond=0) + timedelta(minutes=1)

    @property
    def last(self) -> datetime:
        """The latest time on the picker's clock."""
        return wall_time.shown(self.latest, self.zone)

    @property
    def until(self) -> str:
        """The latest time in words, and where it comes from."""
        whence = "30 days after the event" if self.event.over_at else "a year ahead, while the event has no time"
        return f"{words.full(self.latest, self.zone)}, {whence}"

    @property
    def is_chosen(self) -> bool:
        return self.time is not None or self.refused is not None

    @property
    def is_locked(self) -> bool:
        """Whether the message can be cancelled from the start, but never changed (H3)."""
        return self.cutoff is not None and self.cutoff <= self.earliest

    @property
    def clocks(self) -> dict[str, tuple[str, str]]:
        """Whose clock -> what it reads, and its zone: the chosen one, the event's, the viewer's."""
        if self.time is None:
            return {}
        zones = {"As chosen": self.zone, "Event time": self.event.zone, "Your time": viewer_zone()}
        if self.zone == self.event.zone or self.time.relative:
            del zones["As chosen"]
        return {whose: (words.full(self.time.at, zone), zone.key) for whose, zone in zones.items() if zone}

    @property
    def distance(self) -> str:
        return words.distance(self.earliest, self.time.at, self.event.zone) if self.time else ""

    @property
    def clocks_change(self) -> bool:
        """Whether the clocks of the event change between now and then."""
        return self.time is not None and wall_time.clocks_change(self.earliest, self.time.at, self.event.zone)

    @property
    def presets(self) -> Iterator[tuple[str, str]]:
        """(label, value) of each button that fills in the picker; none for a time that would be refused."""
        nine = wall_time.shown(self.earliest, self.event.zone).replace(hour=9, minute=0, second=0, microsecond=0)
        at = (nine + timedelta(days=1)).isoformat(timespec="minutes")
        tomorrow: dict[str, Any] = {"when": time_fields.AT, "send_at": at, "timezone": self.event.timezone, "fold": ""}
        for label, filled in (("Tomorrow 09:00", tomorrow), *_PRESETS):
            with suppress(DomainError):
                plan = TimeFields(**filled).plan
                if plan and send_time.checked(plan, self.event, self.earliest):
                    yield label, time_fields.take(filled)

    @property
    def ways_out(self) -> Iterator[tuple[str, str]]:
        """(label, value) of a button for each neighbour of a time that does not exist."""
        for wall in self.neighbours:
            at = wall.isoformat(timespec="minutes")
            yield f"{wall:%a} {wall.day} {wall:%b}, {wall:%H:%M}", time_fields.take({"send_at": at, "fold": ""})


def of(event: Event, form: ComposerForm, cutoff: timedelta) -> When | None:
    """The card for a form; None on a page without a picker. `cutoff` is how long before a time its changes end."""
    if form.time is None:
        return None
    picked, plan = form.time, form.time.plan
    zone = ZoneInfo(picked.timezone) if picked.timezone in wall_time.TIMEZONES else event.zone
    card = When(event, zone, g.now, send_time.latest(event, g.now))
    if plan is None:
        return card
    mailing, held = scheduled(event.id, form)
    choices = () if plan.relative else local_times.choices(plan.wall, zone.key)
    try:
        time = send_time.checked(plan, event, g.now, kept=mailing.send_at if mailing else None)
    except NonexistentTime as error:
        beside = wall_time.neighbours(datetime.fromisoformat(plan.wall), zone)
        return replace(card, refused=error, neighbours=beside)
    except DomainError as error:
        return replace(card, refused=error, choices=choices)
    kept = held.edit_cutoff_at if mailing and held and time.at == mailing.send_at else None
    return replace(card, time=time, cutoff=kept or time.at - cutoff, choices=choices)


def scheduled(event_id: int, form: ComposerForm) -> tuple[Mailing, Schedule] | tuple[None, None]:
    """The scheduled message that a form changes. Raises NotFound."""
    mailing = query.find(event_id, form.editing) if form.editing else None
    held = query.schedule(mailing) if mailing else None
    return (mailing, held) if mailing and held else (None, None)
