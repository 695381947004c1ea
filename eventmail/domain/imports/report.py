"""The report of an import or a dry run: counts, and the first lines of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventmail.domain.imports.row import Rejected

MOST_SHOWN = 1000  # lines of each kind that a page can show


class Change(NamedTuple):
    """One changed field of a guest: its label, its value before and after."""

    what: str
    before: str
    after: str


class Line(NamedTuple):
    """One good row: its first line, the guest's name and address, the changes."""

    line: int
    name: str
    email: str
    changes: tuple[Change, ...] = ()


@dataclass
class Shown:
    """The first `MOST_SHOWN` lines of each kind: another status, other changes, new guests, unchanged ones."""

    status: list[Line] = field(default_factory=list)
    changed: list[Line] = field(default_factory=list)
    new: list[Line] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class ImportReport:
    """The counts, and all `rejected` rows. `status_changes` of the `updated` guests got another status."""

    created: int
    updated: int
    unchanged: int
    rejected: Sequence[Rejected]
    status_changes: int
    shown: Shown

    def kept(self) -> dict[str, Any]:
        """The report as JSON to keep, with (number, first lines) of each kind."""
        counts = {"created": self.created, "updated": self.updated, "unchanged": self.unchanged}
        kinds = {
            "status": (self.status_changes, self.shown.status),
            "changed": (self.updated - self.status_changes, self.shown.changed),
            "rejected": (len(self.rejected), [tuple(row) for row in self.rejected[:MOST_SHOWN]]),
            "new": (self.created, self.shown.new),
            "left": (self.unchanged, self.shown.left),
        }
        return {**counts, "rejected": len(self.rejected), "kinds": kinds}
