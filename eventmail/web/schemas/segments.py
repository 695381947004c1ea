"""A segment."""

from collections.abc import Sequence
from typing import Any

from eventmail.domain.segments import Listed
from eventmail.web.intake import Body


class SegmentIn(Body):
    """POST needs `name`, and `rule` or `guests`; PATCH takes any of them, null takes the rule away."""

    name: str | None = None
    rule: dict[str, Any] | None = None
    guests: list[str] | None = None

    def values(self) -> dict[str, Any]:
        """The given parts under the names the domain uses."""
        return self.model_dump(exclude_unset=True)


def segment_out(segment: Listed, guests: Sequence[int] | None = None) -> dict[str, Any]:
    """A segment's JSON (product 6); `picked` of its guests are picked by hand, for one segment named as `guests`."""
    named = {} if guests is None else {"guests": [str(guest) for guest in guests]}
    return {
        "id": str(segment.id),
        "name": segment.name,
        "rule": segment.rule,
        "count": segment.count,
        "picked": segment.picked,
        **named,
    }
