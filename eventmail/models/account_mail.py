"""Mails about accounts, which the worker sends: invitations, sign-in links, the news of a changed address."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base, one_of
from eventmail.states import AccountMailKind, AccountMailState

WAITING = "state IN ('queued', 'sending')"  # at most one such mail for an invitation or a colleague
LINK_WAITING = f"kind = 'sign_in' AND {WAITING}"


class AccountMail(Base):
    """A request for one mail, for which at most one mail leaves.

    `email` is the address as written, `address` as compared; of an `address_changed` they are the former address.
    `attempts` numbers the attempts for good; `tries` counts those that were begun and decides when to give up. `mark`
    and `claim_owner` are as in a recipient. The row holds no token: the worker makes one in the commit that marks the
    mail `sending`. `request_id` names the request that asked.
    """

    __tablename__ = "account_mails"
    __table_args__ = (
        one_of("kind", AccountMailKind),
        one_of("state", AccountMailState),
        CheckConstraint(
            "(kind = 'invitation') = (invitation_id IS NOT NULL) AND (kind <> 'invitation') = (user_id IS NOT NULL)",
            name="about_one",
        ),
        CheckConstraint("(state = 'sending') = (claim_until IS NOT NULL)", name="held_while_sending"),
        CheckConstraint("attempts >= 0", name="not_negative"),
        Index("uq_account_mails_waiting_invitation", "invitation_id", unique=True, sqlite_where=text(WAITING)),
        Index("uq_account_mails_waiting_user", "user_id", unique=True, sqlite_where=text(LINK_WAITING)),
        Base.__table_args__,
    )

    kind: Mapped[str]
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
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
