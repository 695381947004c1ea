"""Mailings, their runs and recipients, and what happened to each recipient."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, BigInteger, CheckConstraint, DateTime, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from eventmail.db import Base, one_of
from eventmail.states import (
    AudienceMode,
    Brake,
    Delivery,
    JobState,
    MailingKind,
    MailingState,
    NotSent,
    RecipientState,
)

COUNTERS = {state: f"n_{state}" for state in RecipientState}


class Mailing(Base):
    """One message to an audience.

    The transaction that moves recipients also writes the `n_…` columns, which count them by state; a CHECK keeps their
    sum at the number of recipients (S2). `key` is the root of every recipient's key (S3). `constants` are the merge
    values of event and organizer, `defaults` what guests without a value in an imported column read; both are frozen
    at the sending, so that an edit during the run does not reach half of the guests. `from_name` stands in the From
    header; older messages have it as that header had it, with some characters fewer. The mails of a test are read as
    by the guest `as_guest_id` (E1). The `design_…` columns tell which snapshot of a design the text came from (D3):
    `design_number` of a published one, None of its draft; `design_digest` of the text as it was taken. A draft has its
    text in `DraftText`, and its `created_by` is the user who began it; of a sent message `created_by` and `created_at`
    tell who sent it and when. `send_at` is when a scheduled message is due, and stays when it was sent; its `Schedule`
    holds the rest. Until its run begins, `constants`, `defaults`, `from_name` and `reply_to` are those of its
    scheduling (H6b). `told` is when and where the event took place as of those values, in words.
    `about` is the same of the change that the text tells: the message leaves only while that holds (K3a).
    """

    __table_args__ = (
        one_of("state", MailingState),
        one_of("kind", MailingKind),
        CheckConstraint(" + ".join(COUNTERS.values()) + " = recipient_count", name="counters_add_up"),
        CheckConstraint(" AND ".join(f"{name} >= 0" for name in COUNTERS.values()), name="counters_not_negative"),
        CheckConstraint("(state = 'draft') = (content_id IS NULL)", name="only_a_draft_has_no_content"),
        CheckConstraint("state <> 'draft' OR recipient_count = 0", name="a_draft_has_no_recipients"),
        CheckConstraint("state NOT IN ('scheduled', 'missed') OR send_at IS NOT NULL", name="planned_for_a_time"),
        CheckConstraint(
            "(design_id IS NULL) = (design_digest IS NULL) AND (design_id IS NOT NULL OR design_number IS NULL)",
            name="from_a_design",
        ),
        Index("ix_mailing_event_id_created_at", "event_id", "created_at"),
        Index("ix_mailing_due", "send_at", sqlite_where=text("state = 'scheduled'")),
        Base.__table_args__,
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    kind: Mapped[str]
    state: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    content_id: Mapped[int | None] = mapped_column(ForeignKey("content.id"), index=True)
    audience: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    excluded: Mapped[dict[str, int]] = mapped_column(JSON)
    constants: Mapped[dict[str, str | None]] = mapped_column(JSON)
    defaults: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    from_name: Mapped[str] = mapped_column(default="", server_default="")
    reply_to: Mapped[str]
    told: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    about: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    as_guest_id: Mapped[int | None] = mapped_column(ForeignKey("guest.id", ondelete="SET NULL"), index=True)
    design_id: Mapped[int | None] = mapped_column(ForeignKey("design.id"), index=True)
    design_number: Mapped[int | None]
    design_digest: Mapped[str | None]
    recipient_count: Mapped[int]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    send_at: Mapped[datetime | None]
    last_error: Mapped[str | None]

    n_queued: Mapped[int] = mapped_column(default=0)
    n_sending: Mapped[int] = mapped_column(default=0)
    n_sent: Mapped[int] = mapped_column(default=0)
    n_failed: Mapped[int] = mapped_column(default=0)
    n_unknown: Mapped[int] = mapped_column(default=0)
    n_suppressed: Mapped[int] = mapped_column(default=0)
    n_cancelled: Mapped[int] = mapped_column(default=0)

    @property
    def counts(self) -> dict[RecipientState, int]:
        return {state: getattr(self, name) for state, name in COUNTERS.items()}

    @hybrid_property
    def is_test(self) -> bool:
        """Whether the message goes to organizers and counts in no statistics (E1); also a condition of a query."""
        return self.kind == MailingKind.TEST


class DraftText(Base):
    """The text of a draft; sending deletes the row.

    Unknown merge fields, an empty audience and a deleted segment are allowed (C2). `revision` counts the saves that
    changed something (D5). `saved_from` is the open page of the latest save, so that a page which lost the answer
    recognizes its own save; "" for a program. `dialect` is that of the latest save. `plan` is the time to send it at,
    as it was asked for; None for a message without one. A draft never sends.
    """

    __table_args__ = (CheckConstraint("revision >= 1", name="revision"), Base.__table_args__)

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), unique=True)
    subject: Mapped[str]
    preheader: Mapped[str]
    body: Mapped[str]
    audience: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    revision: Mapped[int]
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    saved_at: Mapped[datetime]
    saved_from: Mapped[str]
    dialect: Mapped[int] = mapped_column(server_default=text("1"))
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Schedule(Base):
    """When a scheduled message is due as it was chosen (H1), and until when it can be changed (H3).

    `wall` is the naive wall time in `timezone`; `fold` is 1 for the second of two equal ones. `relative` is the rule
    that the time came from (H6a), else None. `scheduled_count` counts the people at the latest change (H7).
    `service` was the mail service then (S13).
    `not_sent` is why it is missed or failed. `revision` counts the changes.
    """

    __table_args__ = (
        one_of("audience_mode", AudienceMode),
        one_of("not_sent", NotSent),
        CheckConstraint("fold IN (0, 1)", name="fold"),
        CheckConstraint("revision >= 1", name="revision"),
        Base.__table_args__,
    )

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), unique=True)
    wall: Mapped[datetime] = mapped_column(DateTime())
    timezone: Mapped[str]
    fold: Mapped[int]
    relative: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    edit_cutoff_at: Mapped[datetime]
    audience_mode: Mapped[str]
    scheduled_count: Mapped[int]
    scheduled_by: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    scheduled_at: Mapped[datetime]
    service: Mapped[str]
    revision: Mapped[int]
    not_sent: Mapped[str | None]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Exclusion(Base):
    """A guest of the audience who won't get the message, and the reason (A2)."""

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), index=True)
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("guest.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str]
    email: Mapped[str | None]
    shares_with: Mapped[int | None]


class Job(Base):
    """One fan-out run of a mailing; a retry is the next run.

    No mail is handed over before `starts_at` (S7). `stopped` is why no mail can leave at all, in the mail service's
    words; recipients stay queued (S12). Only the mail service `provider`, which began the run, may work on it (S13);
    None when it was not noted.

    The row counts the mail service's answers over all workers, so that refusals for a fault of ours list nobody (F5).
    `answered` counts final answers, `alike` those of the first ten that refused in the words of `first_refusal`.
    `brake` says that the run stopped itself and asks, or that somebody has answered.
    """

    __table_args__ = (
        UniqueConstraint("mailing_id", "run"),
        one_of("state", JobState),
        one_of("brake", Brake),
        CheckConstraint("accepted + looked_dead <= answered", name="answers_add_up"),
        Base.__table_args__,
    )

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"))
    run: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    request_id: Mapped[str]
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stopped: Mapped[str | None]
    answered: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    accepted: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    looked_dead: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    alike: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    first_refusal: Mapped[str | None]
    brake: Mapped[str | None]
    provider: Mapped[str | None]


class Recipient(Base):
    """One address of a mailing. A claim is `claim_owner` and `claim_until` on a row that stays `queued` (S11).

    `attempts` numbers the attempts for good; `tries` counts those of this run and decides when to give up (S4).
    `delivery` is the mail service's later news and never changes `state`. `provider` is the mail service of the latest
    attempt and decides how the outcome is worded (S13). `mark` numbers the mark before that attempt, as in the
    hand-over journal (S11b).
    """

    __table_args__ = (
        UniqueConstraint("mailing_id", "address"),
        one_of("state", RecipientState),
        one_of("delivery", Delivery),
        Index("ix_recipient_mailing_id_state", "mailing_id", "state"),
        Index("ix_recipient_news", "mailing_id", "delivery", sqlite_where=text("delivery IS NOT NULL")),
        Base.__table_args__,
    )

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"))
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("guest.id", ondelete="SET NULL"), index=True)
    address: Mapped[str]
    email: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    claim_owner: Mapped[str | None]
    claim_until: Mapped[datetime | None]
    mark: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[str | None]
    provider: Mapped[str | None]
    delivery: Mapped[str | None]
    updated_at: Mapped[datetime]


class Attempt(Base):
    """One call of a mail service for one recipient, and its answer."""

    __table_args__ = (UniqueConstraint("recipient_id", "number"), Base.__table_args__)

    recipient_id: Mapped[int] = mapped_column(ForeignKey("recipient.id", ondelete="CASCADE"))
    number: Mapped[int]
    request_id: Mapped[str]
    provider: Mapped[str]
    outcome: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]
    at: Mapped[datetime]


class EmailEvent(Base):
    """A mail service's report about an address, each once (F1). `practice`: about a practice mail (S13)."""

    __table_args__ = (UniqueConstraint("provider", "provider_event_id"), Base.__table_args__)

    provider: Mapped[str]
    provider_event_id: Mapped[str]
    kind: Mapped[str]
    address: Mapped[str] = mapped_column(index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id", ondelete="SET NULL"))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id", ondelete="SET NULL"), index=True)
    practice: Mapped[bool] = mapped_column(default=False, server_default=text("0"))
    code: Mapped[str]
    detail: Mapped[str]
    at: Mapped[datetime]


class Suspect(Base):
    """News that would list an address, held back while the run may prove to be refused for a fault of ours (F5).

    `certain`: a code said so, so the address is listed even if no mail was accepted. Listing it deletes the row.
    """

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)
    email_event_id: Mapped[int] = mapped_column(ForeignKey("email_event.id", ondelete="CASCADE"), unique=True)
    certain: Mapped[bool]
