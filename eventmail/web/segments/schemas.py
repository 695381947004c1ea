"""A segment."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from eventmail.domain.audience import rule as audience_rule
from eventmail.domain.audience.rule_readings import Changes, ReadAs
from eventmail.domain.audience.segments import Listed
from eventmail.web.core.answer_parts import Id
from eventmail.web.core.intake import Body

_CONDITION = {
    "type": "object",
    "properties": {
        "field": {"type": "string", "description": "status, tag, first_name, last_name, email, or attribute:COLUMN"},
        "op": {"type": "string", "enum": [op.value for op in audience_rule.Op]},
        "value": {"type": "string"},
    },
    "required": ["field", "op"],
}
_RULE = WithJsonSchema(
    {
        "type": "object",
        "description": "Guests who meet all, or any, of these conditions: one of the two.",
        "properties": {way: {"type": "array", "items": _CONDITION} for way in ("all", "any")},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
)


class SegmentIn(Body):
    """POST needs `name`, and `rule` or `guests`; PATCH takes any of them, null takes the rule away."""

    name: str | None = None
    rule: Annotated[dict[str, Any], _RULE] | None = None
    guests: list[str] | None = None

    def values(self) -> dict[str, Any]:
        """The parts that were given, under the domain's names."""
        return self.model_dump(exclude_unset=True)


class ReadAsOut(TypedDict):
    """How a value is read: of the condition of that number, or of guests (null)."""

    condition: int | None
    field: str
    value: str
    ambiguous: Annotated[bool, Field(description="Others may read it otherwise.")]
    message: str


class ReadsOtherwiseOut(TypedDict):
    """What saving the rule again changes: it was saved when `is` compared letters alone, and is read so until then."""

    count: int
    joins: int
    leaves: int


class SegmentOut(TypedDict):
    """A segment; `count` guests are in it now, `picked` of them by hand: `guests`, when one segment is asked for.

    Then `readings` say how values are read that others may read otherwise, and `reads_otherwise` what would change.
    """

    id: Id
    name: str
    rule: Annotated[Mapping[str, Any], _RULE] | None
    count: int
    picked: int
    guests: NotRequired[list[Id]]
    readings: NotRequired[list[ReadAsOut]]
    reads_otherwise: NotRequired[ReadsOtherwiseOut | None]


def segment_out(segment: Listed) -> SegmentOut:
    """The JSON of a segment in a list."""
    return {
        "id": str(segment.id),
        "name": segment.name,
        "rule": segment.rule,
        "count": segment.count,
        "picked": segment.picked,
    }


def segment_whole_out(
    segment: Listed, guests: Sequence[int], told: Sequence[ReadAs], changes: Changes | None
) -> SegmentOut:
    """The JSON of one segment, with the guests picked by hand and the readings of its rule."""
    return {
        **segment_out(segment),
        "guests": [str(guest) for guest in guests],
        "readings": [
            {"condition": one.condition, "field": one.field, "value": one.value, "ambiguous": one.ambiguous,
             "message": one.sentence}
            for one in told
        ],
        "reads_otherwise": {"count": changes.then, "joins": changes.joins, "leaves": changes.leaves}
        if changes else None,
    }  # fmt: skip
