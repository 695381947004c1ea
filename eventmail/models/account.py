"""Users and what lets them in: password, invitation, sign-in link, session, API token. Tokens are stored hashed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base, one_of


class Role(StrEnum):
    OWNER = "owner"
    ORGANIZER = "organizer"


class User(Base):
    """A colleague. Without a `password_hash` only a link signs them in.

    `address` is the form of `email` that is compared. A removed user keeps the row: their name stays with what they
    wrote, and an invitation brings them back.
    """

    __table_args__ = (one_of("role", Role), Base.__table_args__)

    name: Mapped[str]
    email: Mapped[str]
    address: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Invitation(Base):
    """A link by which somebody may join once. The row is deleted when they join or when it is taken back."""

    __table_args__ = (one_of("role", Role), Base.__table_args__)

    email: Mapped[str]
    address: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInLink(Base):
    """A one-time link. Without a user it is that of the first start, and its opener becomes the owner.

    `used_by` is the hash of a token in the browser that spent the link, so that a double click is answered twice.
    """

    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[str | None]


class LoginSession(Base):
    """One browser that is signed in, and its latest network. `by_link`: by a one-time link, not the password."""

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(server_default="")
    network: Mapped[str] = mapped_column(server_default="")
    by_link: Mapped[bool] = mapped_column(server_default=text("0"))


class ApiToken(Base):
    """A token with which a program acts as a colleague. Without `expires_at` it is valid until it is revoked."""

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    read_only: Mapped[bool] = mapped_column(server_default=text("0"))


class Throttle(Base):
    """Wrong tries since `since`. `key` is hashed, since it may hold a password typed into the wrong field.

    `told_at` is when the log noted that further tries are refused.
    """

    __table_args__ = (
        UniqueConstraint("scope", "key"),
        CheckConstraint("tries >= 0", name="not_negative"),
        Index("ix_throttle_since", "since"),
        Base.__table_args__,
    )

    scope: Mapped[str]
    key: Mapped[str]
    since: Mapped[datetime]
    tries: Mapped[int]
    told_at: Mapped[datetime | None]
