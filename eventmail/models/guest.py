"""Guests of an event, of whom several may share an address (A7); and changes of many guests at once."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmail.db import Base, one_of
from eventmail.states import ChangeKind, GuestStatus

NO_NAME = "a guest without a name"


def full_name(first_name: str, last_name: str) -> str:
    """Returns the name as it is shown, "" when neither part is known."""
    return f"{first_name} {last_name}".strip()


class Guest(Base):
    """Mail is sent to `email`, which is as typed. `address` is the form of it that is compared."""

    __table_args__ = (
        one_of("status", GuestStatus),
        # covers counting and deduplicating an audience
        Index("ix_guest_audience", "event_id", "address", "status", "reserved"),
        # the few guests who read a fallback for a name (C3)
        Index("ix_guest_no_first_name", "event_id", "address", sqlite_where=text("first_name = ''")),
        Index("ix_guest_no_last_name", "event_id", "address", sqlite_where=text("last_name = ''")),
        # covers a search that counts all filters
        Index("ix_guest_list", "event_id", "search_key", "id", "address", "status"),
        Index("ix_guest_status", "event_id", "status", "search_key"),
        Base.__table_args__,
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    email: Mapped[str | None]
    address: Mapped[str | None]
    reserved: Mapped[bool] = mapped_column(default=False)
    first_name: Mapped[str] = mapped_column(default="")
    last_name: Mapped[str] = mapped_column(default="")
    status: Mapped[str]
    attributes: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    search_key: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    tags: Mapped[list["GuestTag"]] = relationship(
        lazy="selectin", order_by="GuestTag.tag", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def full_name(self) -> str:
        return full_name(self.first_name, self.last_name)


class GuestTag(Base):
    __table_args__ = (
        Index("uq_guest_tag_guest_id_tag", "guest_id", "tag", unique=True),
        Index("ix_guest_tag_tag", "tag", "guest_id"),  # a rule skips from tag to tag (domain.audience.rule_sql)
        Base.__table_args__,
    )

    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id", ondelete="CASCADE"))
    tag: Mapped[str]


class GuestChange(Base):
    """One change of many guests at once, which gave `value` to `changed` of the `picked` guests."""

    __table_args__ = (one_of("kind", ChangeKind), Base.__table_args__)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    value: Mapped[str]
    picked: Mapped[int]
    changed: Mapped[int]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class GuestBefore(Base):
    """What a guest had before such a change: the status, or the removed tag as spelt. `restored` by an undo."""

    __table_args__ = (UniqueConstraint("change_id", "guest_id"), Base.__table_args__)

    change_id: Mapped[int] = mapped_column(ForeignKey("guest_change.id", ondelete="CASCADE"))
    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id", ondelete="CASCADE"), index=True)
    value: Mapped[str | None]
    restored: Mapped[bool] = mapped_column(default=False, server_default=text("0"))
