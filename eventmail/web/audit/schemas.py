"""An entry of the log."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from eventmail.web.core.answer_parts import Id, Instant


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
