"""A guest."""

from typing import Any

from pydantic import Field

from eventmail.domain import guest_list
from eventmail.domain.pasting import Report
from eventmail.states import ChangeKind
from eventmail.web.intake import Body


class GuestIn(Body):
    """POST and PATCH take any of them; null clears, and clears one attribute inside `attributes`."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    status: str | None = None
    tags: list[str] | None = None
    attributes: dict[str, str | None] | None = None

    def values(self) -> dict[str, Any]:
        """The given fields under the names the domain uses."""
        return self.model_dump(exclude_unset=True)


class ChangeIn(Body):
    """One change of many guests: of those named, or of all that the URL's filter and search find, who are `total`."""

    change: ChangeKind
    status: str = ""
    tag: str = ""
    guests: list[str] = Field(default_factory=list)
    all: bool = False
    total: int | None = None


class PasteIn(Body):
    """Addresses as they were pasted; `dry_run` only tells what would happen, which is how many are `expected`."""

    addresses: str = ""
    status: str = ""
    tags: str = ""
    dry_run: bool = False
    expected: int | None = None


def guest_out(guest: guest_list.Detailed) -> dict[str, Any]:
    """A guest's JSON (product 6); `suppressed` is the reason on the do-not-mail list (F1) or null."""
    return {
        "id": str(guest.id),
        "email": guest.email,
        "first_name": guest.first_name,
        "last_name": guest.last_name,
        "status": guest.status,
        "suppressed": guest.suppressed,
        "tags": list(guest.tags),
        "attributes": dict(guest.attributes),
    }


def paste_out(report: Report) -> dict[str, Any]:
    """What became of pasted addresses; `there` with the guest who has it, or null when it stands further up."""
    return {
        "created": len(report.new),
        "there": [
            {"line": row.line, "email": row.email, "guest": str(row.guest_id) if row.guest_id else None}
            for row in report.there
        ],
        "rejected": [
            {"line": row.line, "text": row.text, "code": row.code, "message": row.message} for row in report.rejected
        ],
    }
