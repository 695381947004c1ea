"""The JSON of an audience and of its exclusions."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from eventmail.states import Reason
from eventmail.web.core.answer_parts import Id, one_of
from eventmail.web.core.intake import Body

ReasonWord = Annotated[str, one_of(Reason)]


class Criteria(Body):
    """An audience as a body names it (A1)."""

    statuses: list[str] = Field(default_factory=list)
    segments: list[str] = Field(default_factory=list)
    guests: list[str] = Field(default_factory=list)
    exclude_segments: list[str] = Field(default_factory=list)


class AudiencePreview(Body):
    """An audience, and perhaps the text that it is to read: then the answer says what is worth a look."""

    audience: Criteria
    subject: str = ""
    preheader: str = ""
    body: Annotated[str, StringConstraints(strip_whitespace=False)] = ""


class ExcludedOut(TypedDict):
    """How many won't get it for one reason."""

    reason: ReasonWord
    count: int


class ExclusionOut(TypedDict):
    """A guest who won't get it, and why."""

    id: Id
    email: str | None
    first_name: str
    last_name: str
    reason: ReasonWord
    shares_with: Annotated[Id | None, Field(description="The guest whose mail goes to the same address.")]


class SampleOut(TypedDict):
    """One of those who get it."""

    id: Id
    email: str
    first_name: str
    last_name: str


class WarningOut(TypedDict):
    """Something worth a look: it forbids nothing by itself. `count` is how many recipients it is about."""

    code: str
    message: str
    part: Annotated[str, Field(description="`subject`, `preheader`, `body`, or `reply_to` of the event.")]
    count: int | None


class AudiencePreviewOut(TypedDict):
    """How many get it, who won't by reason, and five of those who do."""

    count: int
    excluded: list[ExcludedOut]
    sample: list[SampleOut]
    warnings: list[WarningOut]
    snapshot: Annotated[str, Field(description="The list as it is now, for a mailing’s `audience_snapshot`.")]


def exclusion_out(row: Any) -> ExclusionOut:
    """An excluded guest as JSON."""
    return {
        "id": str(row.id),
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "reason": row.reason,
        "shares_with": str(row.shares_with) if row.shares_with else None,
    }
