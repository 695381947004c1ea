"""The JSON of sent messages: recipients, decisions, receipts, the quota, and why."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import Row
from typing_extensions import TypedDict

from eventmail.domain.mailings.contents import Text
from eventmail.domain.mailings.send import Message
from eventmail.states import AudienceMode, Delivery, GuestStatus, RecipientState, SuppressionReason
from eventmail.web.composer import designs
from eventmail.web.composer.designs import DesignRef
from eventmail.web.composer.schemas import Criteria, ExcludedOut, Kind, ReasonWord, Timed, WarningOut
from eventmail.web.core.answer_parts import Id, Instant, Listed, OutcomeWord, ProviderWord, one_of
from eventmail.web.core.context import instant
from eventmail.web.core.intake import Body
from eventmail.web.tracker.schemas import Counts, KindWord, StateWord


class MailingIn(Timed):
    """What `POST /mailings` takes. `dry_run` makes every check and stores nothing.

    With `send_at` or `relative` it is scheduled; without, it is sent at once.

    `audience_snapshot` is the token of a preview: when others would get it by now, nothing is sent (A4). `exact` sends
    to the people of that preview all the same. The text is `subject` and `body`, or that of a `design`.
    """

    kind: Kind
    subject: str | None = None
    preheader: str | None = None
    body: Annotated[str | None, StringConstraints(strip_whitespace=False)] = None
    design: DesignRef | None = None
    audience: Criteria = Field(default_factory=Criteria)
    audience_snapshot: str = Field(default="", max_length=100)
    draft: bool = False  # with true it is a `DraftIn`, which asks for less
    dry_run: bool = False

    def message(self, event_id: int) -> Message:
        """The message for the domain to send. Raises InvalidInput, NotPublished, DesignArchived."""
        text, origin = designs.worded(event_id, self.subject, self.preheader, self.body, self.design)
        return Message(
            text,
            self.audience.model_dump(),
            self.audience_snapshot,
            exact=self.audience_mode == AudienceMode.EXACT,
            plan=self.plan(),
            origin=origin,
            kind=self.kind,
            asked=self.asked(),
        )

    def asked(self) -> dict[str, Any] | None:
        """This request, for its key, when its text comes from a design: that may be another one by the next time."""
        if self.design is None:
            return None
        exact = self.audience_mode == AudienceMode.EXACT
        own = Message(Text(self.subject or "", self.preheader or "", ""), self.audience.model_dump(),
                      self.audience_snapshot, exact=exact, plan=self.plan(), kind=self.kind)  # fmt: skip
        return {**own.as_json(), "design": self.design.model_dump()}


class RetryIn(Body):
    """`through` names the mail service that is meant, where the message was begun with another one (S13).

    `people` is how many would get a missed message; when it is another number by now, nothing is sent (A4).
    """

    through: str = ""
    people: int | None = None


class DecisionIn(Body):
    """What to make of mails that may have been sent; or, with `list`, of addresses that were refused as dead.

    `recipients` (addresses) or `all`, never neither or both.
    """

    decision: Literal["sent", "send_again", "list"]
    recipients: list[str] | None = None
    all: bool = False
    through: str = ""  # the mail service that is meant, where the message was begun with another one (S13)

    @model_validator(mode="after")
    def _one_way(self) -> "DecisionIn":
        if self.all == bool(self.recipients):
            raise ValueError("Name the recipients by address, or say all.")
        return self

    def chosen(self) -> list[str] | None:
        """The addresses, None for all."""
        return None if self.all else self.recipients


class DryRunOut(TypedDict):
    """What a mailing would do; nothing was stored."""

    kind: KindWord
    dry_run: Literal[True]
    recipient_count: int
    send_at: Instant | None
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
    """What was sent; `hash` is that of its compiled form. `based_on` names the design, and says so if it was edited."""

    subject: str
    preheader: str
    body: str
    hash: str
    design: Id | None
    revision: int | None
    based_on: str | None


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


class StoryOut(TypedDict):
    """One message and somebody: what became of it, in a word and in a sentence."""

    mailing: Id
    subject: str
    sent_at: Instant
    outcome: OutcomeWord
    sentence: str
    reason: str | None
    at: Instant | None
    attempts: int
    request_ids: list[str]
    delivery: Annotated[str, one_of(Delivery)] | None
    provider: ProviderWord


class PersonOut(TypedDict):
    """A guest who has the address that was asked about."""

    id: Id
    name: str
    status: Annotated[str, one_of(GuestStatus)]


class CandidateOut(TypedDict):
    """A guest whose name was asked about: ask again with the address, or with `guest`."""

    id: Id
    name: str
    email: str | None


class OnListOut(TypedDict):
    """An entry of the do-not-mail list that holds for the address."""

    reason: Annotated[str, one_of(SuppressionReason)]
    since: Instant
    sentence: str


class RemovedOut(TypedDict):
    """A guest with this address who was removed."""

    name: str
    at: Instant
    by: str


class WhyOut(Listed[StoryOut]):
    """What the records know about an address; message by message as a list."""

    asked: str
    address: str | None
    known: bool
    guests: list[PersonOut]
    candidates: list[CandidateOut]
    on_list: list[OnListOut]
    removed: list[RemovedOut]


def recipient_out(recipient: Row[Any], request_ids: list[str]) -> RecipientOut:
    """`recipient` is a row of `progress.recipients`; `request_ids` are those of its attempts, oldest first."""
    return {
        "email": recipient.email,
        "state": recipient.state,
        "provider": recipient.provider,
        "attempts": recipient.attempts,
        "request_ids": request_ids,
        "last_error": recipient.last_error,
        "updated_at": instant(recipient.updated_at),
    }
