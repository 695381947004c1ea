"""A segment."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from eventmail.domain import rules
from eventmail.domain.segments import Listed
from eventmail.web.intake import Body
from eventmail.web.schemas.parts import Id

_CONDITION = {
    "type": "object",
    "properties": {
        "field": {"type": "string", "description": "status, tag, first_name, last_name, email, or attribute:COLUMN"},
        "op": {"type": "string", "enum": [op.value for op in rules.Op]},
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
        """The given parts under the names the domain uses."""
        return self.model_dump(exclude_unset=True)


class SegmentOut(TypedDict):
    """A segment; `count` guests are in it now, `picked` of them by hand: `guests`, when one segment is asked for."""

    id: Id
    name: str
    rule: Annotated[Mapping[str, Any], _RULE] | None
    count: int
    picked: int
    guests: NotRequired[list[Id]]


def segment_out(segment: Listed, guests: Sequence[int] | None = None) -> SegmentOut:
    """A segment's JSON (product 6); `picked` of its guests are picked by hand, for one segment named as `guests`."""
    out: SegmentOut = {
        "id": str(segment.id),
        "name": segment.name,
        "rule": segment.rule,
        "count": segment.count,
        "picked": segment.picked,
    }
    if guests is not None:
        out["guests"] = [str(guest) for guest in guests]
    return out
