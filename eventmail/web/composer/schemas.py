"""The JSON of an audience, of its exclusions, and of the time to send at."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, WithJsonSchema
from typing_extensions import TypedDict

from eventmail.domain.mailings.send_time import Plan
from eventmail.errors import InvalidInput
from eventmail.states import AudienceMode, MailingKind, Reason
from eventmail.wall_time import Anchor
from eventmail.web.core.answer_parts import Id, one_of
from eventmail.web.core.intake import LOCAL_TIME, Body, Fold

Kind = Literal[MailingKind.ONE_TIME, MailingKind.CALENDAR]
ReasonWord = Annotated[str, one_of(Reason)]


class Criteria(Body):
    """An audience as a body names it (A1)."""

    statuses: list[str] = Field(default_factory=list)
    segments: list[str] = Field(default_factory=list)
    guests: list[str] = Field(default_factory=list)
    exclude_segments: list[str] = Field(default_factory=list)


class RelativeIn(Body):
    """A time before (negative) or after the event: one of `days` (at a clock time `at`), `hours` and `minutes`."""

    anchor: Anchor
    days: int | None = None
    hours: int | None = None
    minutes: int | None = None
    at: str | None = None


class Timed(Body):
    """When to send: a local time in a zone (by default the event's), or a time relative to the event (H1, H6a).

    `fold` chooses of a local time that occurs twice. `at_due` sends to whoever matches then, `exact` to the people of
    now (H5).
    """

    send_at: Annotated[str | None, WithJsonSchema(LOCAL_TIME)] = None
    relative: RelativeIn | None = None
    timezone: str | None = None
    fold: Fold = None
    audience_mode: AudienceMode = AudienceMode.AT_DUE

    def plan(self) -> Plan | None:
        """The plan for the domain; None for a message that is sent at once. Raises InvalidInput for a zone alone."""
        if not self.send_at and not self.relative:
            if self.timezone or self.fold is not None:
                message = "A time zone needs a time: give send_at, too."
                raise InvalidInput.at("send_at", "REQUIRED", message)
            return None
        rule = _rule(self.relative) if self.relative else None
        return Plan(self.send_at or "", self.timezone or "", self.fold, rule, self.audience_mode)

    def replanned(self, before: Plan | None) -> Plan | None:
        """The plan of a change: what this body says, and what it does not say as it was `before`."""
        said = self.model_fields_set & {"send_at", "relative", "timezone", "fold", "audience_mode"}
        if not said:
            return before
        given = before or Plan()
        mode = self.audience_mode if "audience_mode" in said else given.audience_mode
        if "relative" in said and self.relative:
            return Plan(self.send_at or "", relative=_rule(self.relative), audience_mode=mode)
        wall = self.send_at or "" if said & {"send_at", "relative"} else given.wall
        rule = None if said & {"send_at", "relative"} else given.relative
        timezone = self.timezone or "" if "timezone" in said else given.timezone
        fold = self.fold if said & {"send_at", "timezone", "fold"} else given.fold
        return Plan(wall, timezone, fold, rule, mode)


def _rule(relative: RelativeIn) -> dict[str, Any]:
    return relative.model_dump(exclude_none=True, mode="json")


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
