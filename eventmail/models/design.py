"""Designs: reusable content of an event, apart from any message, and what was published or kept of each (D1, D3)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base, one_of
from eventmail.states import MessageType


class Design(Base):
    """A design. The text here is its draft; `published` is the number of the newest published revision.

    `revision` counts the saves that changed something, of the text, the name or the type (D5). `saved_from` is the open
    page of the latest save, so that a page which lost the answer recognizes its own save; "" for a program. `digest` is
    that of the text (`contents.Text.digest`), `excerpt` its first words without marks, `search_key` what a search of
    the list looks into.
    """

    __table_args__ = (
        one_of("message_type", MessageType),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("name <> ''", name="has_a_name"),
        Index("ix_design_event_id_saved_at", "event_id", "saved_at"),
        Base.__table_args__,
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    name: Mapped[str]
    message_type: Mapped[str]
    subject: Mapped[str]
    preheader: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    dialect: Mapped[int] = mapped_column(server_default=text("1"))  # of Markdown, as of the latest save
    digest: Mapped[str]
    excerpt: Mapped[str]
    search_key: Mapped[str]
    revision: Mapped[int]
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    saved_at: Mapped[datetime]
    saved_from: Mapped[str]
    published: Mapped[int | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class DesignRevision(Base):
    """A text of a design that was published, or kept under a `name`. A row never changes but for its name (D3)."""

    __table_args__ = (
        UniqueConstraint("design_id", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("is_published OR name <> ''", name="published_or_named"),
        Base.__table_args__,
    )

    design_id: Mapped[int] = mapped_column(ForeignKey("design.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str]
    is_published: Mapped[bool]
    subject: Mapped[str]
    preheader: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    dialect: Mapped[int] = mapped_column(server_default=text("1"))
    digest: Mapped[str]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    made_at: Mapped[datetime]


class DesignOpen(Base):
    """An open page of a design. The page renews `seen_at` while it is open."""

    __table_args__ = (UniqueConstraint("design_id", "page"), Base.__table_args__)

    design_id: Mapped[int] = mapped_column(ForeignKey("design.id", ondelete="CASCADE"))
    page: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    seen_at: Mapped[datetime]
