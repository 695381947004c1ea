"""An event, the users who may see it when it is restricted, and the imported columns of its guests."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, CheckConstraint, DateTime, ForeignKey, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base

LONGEST_REMINDER = 4 * 7 * 24 * 60  # minutes


class Event(Base):
    """`starts_wall` and `ends_wall` are naive wall times in `timezone`, so another zone keeps the hour as chosen.

    `starts_fold` and `ends_fold` say which one is meant of a wall time that occurs twice: 0 the first, 1 the second;
    None for every other time (H2).
    From `archived_at` on nothing can be sent. Guests' calendars show that an event is cancelled (K3).
    `ics_uid` is the event's name in calendars for life, whatever becomes of the secret that signs its links. Those that
    one of `retired_secrets` (the oldest first) signed say that they were replaced.
    In calendars the hours count as taken when `busy`, and a reminder rings `reminder_minutes` before the start.
    """

    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    location: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str]
    starts_wall: Mapped[datetime | None] = mapped_column(DateTime())
    ends_wall: Mapped[datetime | None] = mapped_column(DateTime())
    starts_fold: Mapped[int | None] = mapped_column(CheckConstraint("starts_fold IN (0, 1)", name="starts_fold"))
    ends_fold: Mapped[int | None] = mapped_column(CheckConstraint("ends_fold IN (0, 1)", name="ends_fold"))
    all_day: Mapped[bool] = mapped_column(default=False)
    url: Mapped[str] = mapped_column(default="")
    sender_name: Mapped[str] = mapped_column(default="")
    reply_to: Mapped[str] = mapped_column(default="")
    restricted: Mapped[bool] = mapped_column(default=False)
    ics_secret: Mapped[str]
    retired_secrets: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    ics_uid: Mapped[str] = mapped_column(server_default="")
    ics_sequence: Mapped[int] = mapped_column(default=0)
    quiet_about: Mapped[str] = mapped_column(default="", server_default="")
    busy: Mapped[bool] = mapped_column(default=True, server_default=true())
    reminder_minutes: Mapped[int | None] = mapped_column(
        CheckConstraint(f"reminder_minutes BETWEEN 1 AND {LONGEST_REMINDER}", name="reminder_minutes")
    )
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def starts_at(self) -> datetime | None:
        """The start as an instant in the event's zone."""
        return self.starts_wall and self.starts_wall.replace(tzinfo=self.zone, fold=self.starts_fold or 0)

    @property
    def ends_at(self) -> datetime | None:
        return self.ends_wall and self.ends_wall.replace(tzinfo=self.zone, fold=self.ends_fold or 0)

    @property
    def over_at(self) -> datetime | None:
        """The instant at which the event is over: its end, or the midnight after its last day."""
        last = self.ends_at or self.starts_at
        if last is None or not (self.all_day or self.ends_at is None):
            return last
        return last.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) + timedelta(days=1)


class EventMember(Base):
    """A user who may see a restricted event."""

    __table_args__ = (UniqueConstraint("event_id", "user_id"), Base.__table_args__)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)


class GuestField(Base):
    """An imported column: the merge field `{guest.name}` (C1). Guests without a value read `default_text` (C3)."""

    __table_args__ = (UniqueConstraint("event_id", "name"), Base.__table_args__)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    name: Mapped[str]
    default_text: Mapped[str] = mapped_column(default="", server_default="")
