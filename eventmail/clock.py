"""The one source of "now". Tests replace `now`; no other code calls datetime.now()."""

from datetime import UTC, datetime


def now() -> datetime:
    """Returns the current instant, aware, in UTC."""
    return datetime.now(UTC)
