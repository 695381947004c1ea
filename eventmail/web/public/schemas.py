"""What machines are told: every refusal in one shape, health, and how many reports were new."""

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from eventmail.web.core.answer_parts import one_of


class FieldErrorOut(TypedDict):
    """One complaint about one member of the body."""

    field: str
    code: str
    message: str


@with_config(ConfigDict(extra="allow"))
class ProblemOut(TypedDict):
    """A refusal (RFC 9457): nothing was changed. Some codes bring further members."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Field(description="What happened, what was not done, what to do.")]
    instance: str
    code: Annotated[str, Field(description="What a program decides by.")]
    request_id: str
    errors: list[FieldErrorOut]


class HealthOut(TypedDict):
    """How this process is; a missing worker shows in `worker_age_s` and never in the status.

    Without a token it tells no more than the first three, but for a program on the same box.
    """

    status: Annotated[str, one_of(("ok", "unavailable"))]
    instance: str
    dry_run: Literal[True]
    database: NotRequired[Annotated[str, one_of(("ok", "unavailable"))]]
    version: NotRequired[str]
    queue: NotRequired[int | None]
    worker_age_s: NotRequired[float | None]
    due_backlog: NotRequired[int]


class ReceivedOut(TypedDict):
    """How many reports came in, and how many of them were new."""

    received: int
    new: int


class LiveOut(TypedDict):
    """Whether mail may leave this database, or an owner has to confirm first that it is no copy."""

    live: bool


class ConfirmedOut(LiveOut):
    """Confirmed; `in_doubt` mails waited in the copy and may have been sent before."""

    in_doubt: int
