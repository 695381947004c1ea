"""The list of recipients as somebody reviewed it (A4)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base


class Snapshot(Base):
    """The guests of an audience: `people` is a JSON object, address by guest id, in the order of the addresses.

    Each review writes one row, which is deleted a day later.
    """

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    token: Mapped[str] = mapped_column(unique=True)
    audience: Mapped[dict[str, Any]] = mapped_column(JSON)
    people: Mapped[str] = mapped_column(Text, deferred=True)
    count: Mapped[int]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(index=True)
