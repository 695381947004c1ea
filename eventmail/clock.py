"""The one source of "now". Tests replace `now`; nothing else calls datetime.now()."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, aware, in UTC, with microseconds."""
    return datetime.now(UTC)
