"""A worker or web process whose clock a test sets: `python -m tests.support.shifted FILE PROGRAM …`.

FILE holds by how many seconds this process is off, read anew each time it looks at the clock. The product's clock and
the queue's are shifted together; time.monotonic() goes on, as it does when somebody sets a real clock.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from huey.api import Huey

from eventmail import clock
from tests.support.programs import run_here


def shift(file: Path) -> None:
    """Look at a shifted clock from now on."""

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text()))

    clock.now = now
    Huey._get_timestamp = lambda _huey: now().replace(tzinfo=None)  # it keeps UTC


def main(file: str, *program: str) -> None:
    """Run `program` by the shifted clock."""
    shift(Path(file))
    run_here(*program)


if __name__ == "__main__":
    main(*sys.argv[1:])
