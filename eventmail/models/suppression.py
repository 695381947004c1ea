"""The do-not-mail list (F1)."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base, one_of
from eventmail.states import SuppressionReason

EVERYWHERE = "all"  # the scope of the whole installation
PRACTICE = "practice"  # the scope of what practice mode caused (S13), so that it never takes a real entry's place


class Suppression(Base):
    """An address that gets no mail. `scope` is EVERYWHERE, PRACTICE or the id of an event."""

    __table_args__ = (UniqueConstraint("address", "scope"), one_of("reason", SuppressionReason), Base.__table_args__)

    address: Mapped[str]
    scope: Mapped[str]
    reason: Mapped[str]
    source: Mapped[str]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
