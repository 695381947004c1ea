"""The shape that all refusals have."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict


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
