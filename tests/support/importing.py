"""What every test of the import needs: a file imported, its report in short, the people it made."""

from typing import Any

from eventmail.domain.imports import run
from eventmail.domain.imports.csv_rows import GUESSED, Reading
from eventmail.domain.imports.report import ImportReport
from tests.support import seeding

Rejection = tuple[int, str]


def imported(event_id: int, text: str | bytes, *, dry_run: bool = False, reading: Reading = GUESSED) -> ImportReport:
    """Import `text` as the command line does."""
    data = text.encode() if isinstance(text, str) else text
    return run.run(event_id, data, seeding.acting(), dry_run, reading=reading)


def totals(report: ImportReport) -> tuple[int, int, int, list[Rejection]]:
    """Created, updated, unchanged, and line and code of what was rejected."""
    return report.created, report.updated, report.unchanged, [(row.line, row.code) for row in report.rejected]


def people(guests: list[Any]) -> list[tuple[str | None, str, str, str]]:
    """Address, names and status of each guest."""
    return [(guest.email, guest.first_name, guest.last_name, guest.status) for guest in guests]
