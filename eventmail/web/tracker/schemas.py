"""The JSON of a mailing: its text, its counts, its newest run."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from eventmail.states import AudienceMode, JobState, MailingKind, MailingState, NotSent, RecipientState
from eventmail.web.composer.schemas import ExcludedOut
from eventmail.web.core.answer_parts import Id, Instant, ProviderWord, one_of
from eventmail.web.words import state as states

KindWord = Annotated[str, one_of(MailingKind)]
StateWord = Annotated[str, one_of(MailingState)]


def _number(meaning: str) -> Any:
    return Annotated[int, Field(description=meaning)] if meaning else int


if TYPE_CHECKING:
    Counts = dict[str, int]
else:  # a member for each state
    Counts = TypedDict("Counts", {state.value: _number(states.STATES[state].meaning) for state in RecipientState})
    Counts.__doc__ = "How many recipients are in each state; their sum is `recipient_count`."


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
    fold: int | None
    relative: dict[str, Any] | None
    audience_mode: Annotated[str, one_of(AudienceMode)] | None
    edit_cutoff_at: Instant | None
    not_sent: Annotated[
        Annotated[str, one_of(NotSent)] | None,
        Field(description="Why a scheduled message did not leave when it was due."),
    ]
    revision: Annotated[int | None, Field(description="Of a draft or a scheduled message: what its next change names.")]
    content: ContentOut
    job: JobOut | None
    last_error: str | None
    waits_for: WaitsOut | None
