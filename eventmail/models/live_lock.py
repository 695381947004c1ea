"""The place where this database may send, so that a copy recognizes itself (H9)."""

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base


class Home(Base):
    """The only row; for `place` see `domain.instance.live_lock.place_of`.

    `marks` counts the groups that were ever marked for a hand-over. A file beside the database keeps the same number.
    """

    place: Mapped[str]
    marks: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    confirmed_at: Mapped[datetime]
