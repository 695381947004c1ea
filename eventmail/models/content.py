"""What a mail says. A row never changes, so the preview is what is sent and a mailing keeps its words (C5, D3)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base


class Content(Base):
    """Source and compiled form of one text of an event. `hash` covers both; `size` is in bytes as on the wire."""

    __table_args__ = (UniqueConstraint("event_id", "hash"), Base.__table_args__)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    subject: Mapped[str]
    preheader: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    compiled: Mapped[str] = mapped_column(Text)
    hash: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime]
    dialect: Mapped[int] = mapped_column(server_default=text("1"))  # of Markdown, as compiled
