"""The answers to monitors and mail services."""

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from eventmail.web.core.answer_parts import one_of


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
