"""Segments: guests found by a rule or picked by hand; and the values from which rules are answered.

Reading one imported column of 100 000 guests out of their JSON takes a second. Therefore `guest_value` holds the values
of each field that a segment uses, ready to be compared. Triggers on the guest maintain it, whoever writes.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Float, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base
from eventmail.db.sqlite import add_trigger


class Segment(Base):
    """`rule` is `{"all": […]}` or `{"any": […]}` of `{"field", "op", "value"}`, None for picked guests only.

    `name_key` is the name as compared: “VIP” and “vip” are one. `reading` says which values the rule takes for equal
    (`domain.audience.rule`). A rule keeps its reading until it is saved again.
    """

    __table_args__ = (UniqueConstraint("event_id", "name_key"), Base.__table_args__)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_key: Mapped[str]
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reading: Mapped[int] = mapped_column(server_default=text("1"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SegmentGuest(Base):
    """A guest picked into a segment by hand."""

    __table_args__ = (UniqueConstraint("segment_id", "guest_id"), Base.__table_args__)

    segment_id: Mapped[int] = mapped_column(ForeignKey("segment.id", ondelete="CASCADE"))
    guest_id: Mapped[int] = mapped_column(ForeignKey("guest.id", ondelete="CASCADE"), index=True)


class SegmentField(Base):
    """A field of guests that a segment uses, so that `guest_value` keeps its values.

    `kind` is a column of the guest, or `attribute`: then `name` is the imported column and `path` its JSON path, ""
    where no path can name it. An unused field is deleted a day later (`housekeeping`), since a request under way may
    be counting by it.
    """

    __table_args__ = (
        UniqueConstraint("event_id", "kind", "name"),
        CheckConstraint("kind IN ('first_name', 'last_name', 'email', 'attribute')", name="kind"),
        Base.__table_args__,
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    kind: Mapped[str]
    name: Mapped[str]
    path: Mapped[str]
    unused_since: Mapped[datetime | None]


# One row for each guest and field that is not blank. All values of a field lie together along the primary key.
guest_value = Table(
    "guest_value",
    Base.metadata,
    Column("field_id", ForeignKey("segment_field.id", ondelete="CASCADE"), primary_key=True),
    Column("guest_id", ForeignKey("guest.id", ondelete="CASCADE"), primary_key=True),
    Column("folded", String, nullable=False),
    Column("number", Float),
    Column("day", String),
    Index("ix_guest_value_guest_id", "guest_id"),
    sqlite_with_rowid=False,
)

# Only our connections have the functions of `value_parsing`: another program that writes guests fails, and so leaves no
# stale values behind.
_KEEP = """INSERT INTO guest_value (field_id, guest_id, folded, number, day)
 SELECT id, NEW.id, folded(value), number_in(value), day_in(value) FROM (
 SELECT id, CASE kind WHEN 'first_name' THEN NEW.first_name WHEN 'last_name' THEN NEW.last_name
 WHEN 'email' THEN coalesce(NEW.email, '')
 ELSE coalesce(CASE path WHEN '' THEN (SELECT value FROM json_each(NEW.attributes) WHERE key = name)
 ELSE json_extract(NEW.attributes, path) END, '') END AS value
 FROM segment_field WHERE event_id = NEW.event_id) WHERE folded(value) != ''"""
_USED = "WHEN EXISTS (SELECT 1 FROM segment_field WHERE event_id = NEW.event_id)"
_FORGET = "DELETE FROM guest_value WHERE guest_id = NEW.id"
_CHANGED = "UPDATE OF first_name, last_name, email, attributes"
add_trigger(guest_value, f"CREATE TRIGGER guest_values_of_new AFTER INSERT ON guest {_USED} BEGIN {_KEEP}; END")
add_trigger(
    guest_value,
    f"CREATE TRIGGER guest_values_of_changed AFTER {_CHANGED} ON guest {_USED} BEGIN {_FORGET}; {_KEEP}; END",
)
