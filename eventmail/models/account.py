"""Users and what lets them in: password, invitation, sign-in link, session, API token; and mails about them.

Tokens are stored hashed.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base, one_of
from eventmail.states import AccountMailKind, AccountMailState, MailingResult

WAITING = "state IN ('queued', 'sending')"  # at most one such account mail for an invitation or a user
LINK_WAITING = f"kind = 'sign_in' AND {WAITING}"
OF_MAILING = "mailing_id IS NOT NULL"


class Role(StrEnum):
    OWNER = "owner"
    ORGANIZER = "organizer"


class User(Base):
    """A colleague. Without a `password_hash` only a link signs them in.

    `address` is the form of `email` that is compared. A removed user keeps the row: their name stays with what they
    wrote, and an invitation brings them back. `result_mails` is whether they want to hear how their scheduled messages
    went (S14).
    """

    __table_args__ = (one_of("role", Role), Base.__table_args__)

    name: Mapped[str]
    email: Mapped[str]
    address: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    result_mails: Mapped[bool] = mapped_column(server_default=text("1"))


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


class AccountMail(Base):
    """A request for one mail, for which at most one mail leaves.

    `email` is the address as written, `address` as compared; of an `address_changed` they are the former address.
    `attempts` numbers the attempts for good; `tries` counts those that were begun and decides when to give up. `mark`
    and `claim_owner` are as in a recipient. The row holds no token: the worker makes one in the commit that marks the
    mail `sending`. `request_id` names the request that asked. A `result` tells `user_id` how the mailing went, at most
    once for each mailing and result (S14).
    """

    __tablename__ = "account_mails"
    __table_args__ = (
        one_of("kind", AccountMailKind),
        one_of("state", AccountMailState),
        one_of("result", MailingResult),
        CheckConstraint(
            "(kind = 'invitation') = (invitation_id IS NOT NULL) AND (kind <> 'invitation') = (user_id IS NOT NULL)",
            name="about_one",
        ),
        CheckConstraint(
            "(kind = 'result') = (mailing_id IS NOT NULL) AND (kind = 'result') = (result IS NOT NULL)",
            name="result_of_a_mailing",
        ),
        CheckConstraint("(state = 'sending') = (claim_until IS NOT NULL)", name="held_while_sending"),
        CheckConstraint("attempts >= 0", name="not_negative"),
        Index("uq_account_mails_waiting_invitation", "invitation_id", unique=True, sqlite_where=text(WAITING)),
        Index("uq_account_mails_waiting_user", "user_id", unique=True, sqlite_where=text(LINK_WAITING)),
        Index("uq_account_mails_result", "mailing_id", "result", unique=True, sqlite_where=text(OF_MAILING)),
        Base.__table_args__,
    )

    kind: Mapped[str]
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"))
    result: Mapped[str | None]
    email: Mapped[str]
    address: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    claim_owner: Mapped[str | None]
    claim_until: Mapped[datetime | None]
    mark: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[str | None]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    request_id: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def root(self) -> str:
        """The root of the keys of its attempts, in a form that no mailing's key has."""
        return f"account{self.id}"
