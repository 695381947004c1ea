"""What an import did, or would do: counts, and line by line as far as people read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventmail.domain.imports.row import Rejected

MOST_SHOWN = 1000  # lines of each kind that a page can show


class Change(NamedTuple):
    """One field of a guest: what it is called, before, after."""

    what: str
    before: str
    after: str


class Line(NamedTuple):
    """One good row: where it begins, the guest's name and address, and what it changes."""

    line: int
    name: str
    email: str
    changes: tuple[Change, ...] = ()


@dataclass
class Shown:
    """The first `MOST_SHOWN` lines of each kind; of those whose status changes, and so on."""

    status: list[Line] = field(default_factory=list)
    changed: list[Line] = field(default_factory=list)
    new: list[Line] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class ImportReport:
    """Counts; `rejected` by line, all of them; of the `updated` guests how many got another status."""

    created: int
    updated: int
    unchanged: int
    rejected: Sequence[Rejected]
    status_changes: int
    shown: Shown

    def kept(self) -> dict[str, Any]:
        """The report as JSON to keep, bounded: (number, lines) of each kind."""
        rejected = [tuple(row) for row in self.rejected[:MOST_SHOWN]]
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": len(self.rejected),
            "kinds": {
                "status": (self.status_changes, self.shown.status),
                "changed": (self.updated - self.status_changes, self.shown.changed),
                "rejected": (len(self.rejected), rejected),
                "new": (self.created, self.shown.new),
                "left": (self.unchanged, self.shown.left),
            },
        }
