"""An audience, and who of it won't get it."""

from typing import Any

from pydantic import Field

from eventmail.web.intake import Body


class Criteria(Body):
    """An audience as a body names it (A1)."""

    statuses: list[str] = Field(default_factory=list)
    segments: list[str] = Field(default_factory=list)
    guests: list[str] = Field(default_factory=list)
    exclude_segments: list[str] = Field(default_factory=list)

    def as_lists(self) -> dict[str, list[str]]:
        """The criteria under the names the domain uses."""
        return self.model_dump()


class AudiencePreview(Body):
    audience: Criteria


def exclusion_out(row: Any) -> dict[str, Any]:
    """A guest who won't get it, as JSON; `shares_with` is the guest whose mail goes to the same address."""
    return {
        "id": str(row.id),
        "email": row.email,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "reason": row.reason,
        "shares_with": str(row.shares_with) if row.shares_with else None,
    }
