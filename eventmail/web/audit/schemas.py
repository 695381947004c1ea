"""What is told about the past: the log, and why somebody did not get it."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from eventmail.states import Delivery, GuestStatus, SuppressionReason
from eventmail.web.core.answer_parts import Id, Instant, Listed, OutcomeWord, ProviderWord, one_of


class EntryOut(TypedDict):
    """One entry of the log: who did what, when, in which request."""

    id: Id
    at: Instant
    actor: str
    user: Id | None
    event: Id | None
    action: str
    sentence: str
    subject: str
    before: Annotated[Any, Field(description="What it was, where something was changed.")]
    after: Annotated[Any, Field(description="What it is since.")]
    detail: dict[str, Any]
    request_id: str


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
