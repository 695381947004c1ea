"""People, and what lets one in: password, sign-in link, session, API token. Bearers are stored hashed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventmail.db import Base, one_of


class Role(StrEnum):
    OWNER = "owner"
    ORGANIZER = "organizer"


class User(Base):
    """A colleague. `address` is `email` lower-cased; without a `password_hash` only a sign-in link lets one in."""

    __tablename__ = "user"
    __table_args__ = (one_of("role", Role), Base.__table_args__)

    name: Mapped[str]
    email: Mapped[str]
    address: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime]


class SignInLink(Base):
    """A one-time link. Without a user it is the very first start's: its opener becomes the owner."""

    __tablename__ = "sign_in_link"

    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginSession(Base):
    """One browser that is signed in."""

    __tablename__ = "login_session"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class ApiToken(Base):
    """One program that may act as a colleague; shown once."""

    __tablename__ = "api_token"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
