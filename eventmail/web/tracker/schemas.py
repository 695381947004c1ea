"""What is answered about a mailing: itself, its recipients, its receipt, and the quota it draws on."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from eventmail.states import Delivery, JobState, MailingKind, MailingState, RecipientState
from eventmail.web.composer.schemas import ExcludedOut, ReasonWord, WarningOut
from eventmail.web.core.answer_parts import Id, Instant, ProviderWord, one_of

KindWord = Annotated[str, one_of(MailingKind)]
StateWord = Annotated[str, one_of(MailingState)]


class Counts(TypedDict):
    """How many recipients are in each state; their sum is `recipient_count`."""

    queued: int
    sending: int
    sent: int
    failed: int
    unknown: Annotated[int, Field(description="May have been sent: nobody can say, and nothing is sent twice.")]
    suppressed: int
    cancelled: int


class ContentOut(TypedDict):
    """What a mailing says, as it was written."""

    subject: str
    preheader: str
    body: str
    design: str | None
    revision: int | None


class JobOut(TypedDict):
    """The newest run of a mailing."""

    state: Annotated[str, one_of(JobState)]
    started_at: Instant | None
    finished_at: Instant | None
    stopped: Annotated[
        str | None,
        Field(
            description="Why nothing leaves until somebody says how it goes on: in the mail service's words, or that "
            "another mail service is set than it was begun with."
        ),
    ]
    asks: Annotated[
        bool,
        Field(
            description="It waits to be told: `/retries` goes on, where another mail service is set with its name as "
            "`through`; `/cancellation` ends it; `/decisions` with `list` puts who was refused as dead on the "
            "do-not-mail list."
        ),
    ]
    provider: ProviderWord


class WaitsOut(TypedDict):
    """What keeps mail from leaving right now."""

    what: Annotated[str, Field(description='As in "the mail server mail.example to greet".')]
    since: Instant


class MailingOut(TypedDict):
    """A mailing: its text, its recipients in numbers, its newest run."""

    id: Id
    kind: KindWord
    state: StateWord
    counts: Counts
    recipient_count: int
    excluded: list[ExcludedOut]
    send_at: Instant | None
    timezone: str | None
    edit_cutoff_at: Instant | None
    content: ContentOut
    job: JobOut | None
    last_error: str | None
    waits_for: WaitsOut | None


class DryRunOut(TypedDict):
    """What a mailing would do; nothing was stored."""

    kind: KindWord
    dry_run: Literal[True]
    recipient_count: int
    excluded: list[ExcludedOut]
    warnings: list[WarningOut]


class RecipientOut(TypedDict):
    """What became of a mailing for one address; `request_ids` are those of its attempts, oldest first."""

    email: str
    state: Annotated[str, one_of(RecipientState)]
    provider: ProviderWord
    attempts: int
    request_ids: list[str]
    last_error: str | None
    updated_at: Instant


class ReceiptContent(TypedDict):
    """What was sent; `hash` is that of its compiled form."""

    subject: str
    preheader: str
    body: str
    hash: str


class ReceiptRecipient(RecipientOut):
    """A recipient, with what the mail service reported later."""

    delivery: Annotated[str, one_of(Delivery)] | None


class ReceiptExcluded(TypedDict):
    """A guest who did not get it, and why."""

    email: str | None
    reason: ReasonWord


class ReceiptEntry(TypedDict):
    """One line of the log about this mailing."""

    at: Instant
    actor: str
    action: str
    request_id: str


class ReceiptOut(TypedDict):
    """Everything about a mailing in one answer; `sha256` covers what it holds."""

    mailing: Id
    kind: KindWord
    state: StateWord
    created_at: Instant
    content: ReceiptContent
    audience: dict[str, list[str]]
    counts: Counts
    recipients: list[ReceiptRecipient]
    excluded: list[ReceiptExcluded]
    log: list[ReceiptEntry]
    sha256: str


class WindowOut(TypedDict):
    """The quota of one window; without one `limit` is 0 and `left` is null."""

    limit: int
    used: int
    reserved: int
    left: int | None


class QuotaOut(TypedDict):
    """What is used, reserved and left, by day and by month."""

    day: WindowOut
    month: WindowOut
